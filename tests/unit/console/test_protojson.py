"""Histories in the forms that they are downloaded in."""

import pytest
from google.protobuf import json_format
from hypothesis import given, settings
from hypothesis import strategies as st
from temporalio.api.common.v1 import Payload
from temporalio.api.history.v1 import HistoryEvent

from console.gateway import protojson
from console.gateway.protojson import Unreadable
from tests.unit.console.test_timeline import made


def filled(content: object) -> HistoryEvent:
    event = HistoryEvent()
    protojson.fill(event, content)
    return event


@settings(deadline=None)
@given(
    data=st.binary(max_size=50),
    memo=st.dictionaries(st.text(max_size=5), st.binary(max_size=5), max_size=3),
    seconds=st.integers(0, 4_000_000_000),
    nanos=st.integers(0, 999_999_999),
    attempt=st.integers(-(2**31), 2**31 - 1),
    task_id=st.integers(-(2**63), 2**63 - 1),
)
def test_it_reads_what_protobuf_writes(
    data: bytes, memo: dict[str, bytes], seconds: int, nanos: int, attempt: int, task_id: int
) -> None:
    raw = made(1, "WorkflowExecutionStarted", 0, attempt=attempt, cron_schedule="@daily").raw
    raw.task_id = task_id
    raw.event_time.seconds, raw.event_time.nanos = seconds, nanos
    started = raw.workflow_execution_started_event_attributes
    started.workflow_run_timeout.seconds, started.workflow_run_timeout.nanos = seconds, nanos
    started.input.payloads.add(metadata={"encoding": b"binary/plain"}, data=data)
    started.task_queue.kind = 1
    for key, value in memo.items():
        started.memo.fields[key].CopyFrom(Payload(data=value))

    for preserving in (False, True):
        content = json_format.MessageToDict(raw, preserving_proto_field_name=preserving)
        assert filled(content) == raw


def test_it_reads_short_payloads_and_short_names_of_enums() -> None:
    event = filled(
        {
            "eventId": "7",
            "eventType": "ActivityTaskCompleted",
            "activityTaskCompletedEventAttributes": {"result": [{"amount": "9.99"}, "ü", None]},
        }
    )

    result = event.activity_task_completed_event_attributes.result.payloads
    assert event.event_type == 12
    assert [one.data.decode() for one in result] == ['{"amount":"9.99"}', '"ü"', "null"]
    assert {one.metadata["encoding"] for one in result} == {b"json/plain"}


def test_what_the_protocol_does_not_know_yet_is_left_out() -> None:
    assert filled({"eventId": 1, "somethingNew": {"a": 1}}) == HistoryEvent(event_id=1)


@pytest.mark.parametrize(
    ("content", "path", "says"),
    [
        ({"eventId": 1.5}, "eventId", "1.5 is not a whole number"),
        ({"eventId": "x"}, "eventId", '"x" does not fit here'),
        ({"eventId": 2**70}, "eventId", "does not fit here"),
        ({"workerMayIgnore": "yes"}, "workerMayIgnore", "text stands where true or false must"),
        ({"links": {}}, "links", "an object stands where a list must"),
        (
            {"activityTaskScheduledEventAttributes": {"startToCloseTimeout": "20"}},
            "activityTaskScheduledEventAttributes.startToCloseTimeout",
            '"20" is not a length of time',
        ),
        (
            {"markerRecordedEventAttributes": {"details": {"a": {"payloads": [{"data": "?"}]}}}},
            "markerRecordedEventAttributes.details.a.payloads.0.data",
            '"?" is not base64',
        ),
    ],
)
def test_what_is_wrong_is_told_with_its_place(
    content: dict[str, object], path: str, says: str
) -> None:
    with pytest.raises(Unreadable) as error:
        filled(content)

    assert says in error.value.says
    assert error.value.path == path
