"""Each limit with a name: what is within it goes, what is beyond has the protocol's answer."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from temporalio.api.command.v1 import Command
from temporalio.api.common.v1 import Memo, Payload, Payloads, SearchAttributes
from temporalio.api.enums.v1 import SuggestContinueAsNewReason
from temporalio.api.enums.v1 import WorkflowTaskFailedCause as Cause

from engine.core.limits import DEFAULT, Limits
from engine.core.step import Step
from engine.errors import FailedPrecondition, InvalidArgument, ResourceExhausted
from engine.frontend.attributes import stamped
from tests.support import story as tell
from tests.support.commands import command, signal_external
from tests.support.story import SECOND, Story, names_of, refusal_of, reply_of

SMALL_BYTES = 300
SHORT, LONG = "x" * (SMALL_BYTES - 50), "x" * (SMALL_BYTES + 1)


def running(**limits: int) -> Story:
    """A run whose worker has its first task."""
    story = Story(Limits(**limits))
    story.start()
    story.take_task()
    return story


def test_no_limit_is_a_name_alone() -> None:
    engine = Path(__file__).parents[3] / "engine"
    sources = [path.read_text() for path in engine.rglob("*.py") if path.name != "limits.py"]

    unread = {
        name
        for name in Limits.__struct_fields__
        if not any(f"limits.{name}" in source for source in sources)
    }

    assert unread == set()


# -- the history


@pytest.mark.parametrize(
    ("limits", "reason"),
    [
        ({"history_events_max": 6}, "Workflow history count exceeds limit."),
        ({"history_bytes_max": 400}, "Workflow history size exceeds limit."),
    ],
)
def test_a_run_with_too_much_history_is_terminated(limits: dict[str, int], reason: str) -> None:
    story = Story(Limits(**limits))
    story.start()
    while story.state.is_running:
        assert len(story.events()) <= limits.get("history_events_max", 100)
        story.signal()

    ended = story.events()[-1].workflow_execution_terminated_event_attributes
    assert (ended.reason, ended.identity) == (reason, "history-service")


def test_a_run_with_too_much_history_may_finish_the_task_that_runs() -> None:
    story = running(history_events_max=6)

    done = story.finish_task(*(tell.start_timer(f"t{n}") for n in range(5)), tell.complete_run())

    assert names_of(done)[-1] == "WorkflowExecutionCompleted"


@pytest.mark.parametrize(
    ("limit", "reason"),
    [
        ({"history_events_suggest_continue": 4}, "TOO_MANY_HISTORY_EVENTS"),
        ({"history_bytes_suggest_continue": 250}, "HISTORY_SIZE_TOO_LARGE"),
        ({"updates_suggest_continue": 1}, "TOO_MANY_UPDATES"),
    ],
)
def test_a_worker_is_told_when_to_continue_as_new(limit: dict[str, int], reason: str) -> None:
    story = running(**limit)
    story.finish_task()
    story.update()
    story.signal()
    story.take_task()

    told = [
        event.workflow_task_started_event_attributes
        for event in story.events()
        if event.HasField("workflow_task_started_event_attributes")
    ]
    assert [each.suggest_continue_as_new for each in told] == [False, True]
    assert list(told[1].suggest_continue_as_new_reasons) == [
        SuggestContinueAsNewReason.Value(f"SUGGEST_CONTINUE_AS_NEW_REASON_{reason}")
    ]


# -- what is pending

PENDING: dict[str, tuple[Callable[[int], Command], str]] = {
    "pending_activities_max": (
        lambda n: tell.schedule_activity(f"a{n}"), "PENDING_ACTIVITIES_LIMIT_EXCEEDED"),
    "pending_children_max": (
        lambda n: tell.start_child(f"c{n}"), "PENDING_CHILD_WORKFLOWS_LIMIT_EXCEEDED"),
    "pending_signals_out_max": (
        lambda n: signal_external("other", "s"), "PENDING_SIGNALS_LIMIT_EXCEEDED"),
    "pending_cancels_out_max": (
        lambda n: command("request_cancel_external_workflow_execution", workflow_id="other"),
        "PENDING_REQUEST_CANCEL_LIMIT_EXCEEDED"),
}  # fmt: skip


@pytest.mark.parametrize("limit", PENDING)
def test_no_more_may_be_pending(limit: str) -> None:
    made, cause = PENDING[limit]
    story = running(**{limit: 2})
    story.finish_task(made(1))
    story.signal()

    refused = story.do(made(2), made(3))
    allowed = story.do(made(4))

    assert cause_of(refused) == cause
    assert isinstance(refusal_of(refused), InvalidArgument)
    assert names_of(allowed)[-2:-1] == ["WorkflowTaskCompleted"]


def cause_of(taken: Step) -> str:
    (failed,) = [e for e in taken.events if e.HasField("workflow_task_failed_event_attributes")]
    cause = failed.workflow_task_failed_event_attributes.cause
    return Cause.Name(cause).removeprefix("WORKFLOW_TASK_FAILED_CAUSE_")


# -- what a run is told


def test_a_run_takes_so_many_signals_in_its_life() -> None:
    story = running(signals_max=2)
    story.finish_task()
    story.signal()
    story.signal()

    with pytest.raises(InvalidArgument, match="limit for signal events"):
        story.signal()


def test_so_many_updates_may_be_under_way() -> None:
    story = running(updates_in_flight_max=2)
    story.update("u")
    story.update("v")

    with pytest.raises(ResourceExhausted, match=r"in-flight updates .*\(2\)"):
        story.update("w")
    assert reply_of(story.update("v")).stage == 1


def test_a_run_takes_so_many_updates_in_its_life() -> None:
    story = running(updates_total_max=2)
    story.finish_task()
    for update_id in ("u", "v"):
        story.update(update_id)
        story.do(messages=(tell.accept(update_id), tell.respond(update_id)))

    with pytest.raises(FailedPrecondition, match=r"distinct updates .*\(2\)"):
        story.update("w")


def test_a_worker_is_told_of_a_held_task_what_its_event_says_afterwards() -> None:
    story = running(updates_suggest_continue=1)
    story.finish_task()
    story.update("u")
    told = reply_of(story.take_task()).held[1].workflow_task_started_event_attributes
    story.finish_task(messages=(tell.accept("u"), tell.respond("u")))

    assert told.suggest_continue_as_new
    started = [e for e in story.events() if e.HasField("workflow_task_started_event_attributes")]
    assert started[-1].workflow_task_started_event_attributes == told


@pytest.mark.parametrize("limits", [{"buffered_events_max": 2}, {"buffered_bytes_max": 100}])
def test_a_task_during_which_too_much_comes_fails_and_all_of_it_is_told(
    limits: dict[str, int],
) -> None:
    story = running(**limits)
    for _ in range(3):
        assert names_of(story.signal()) == []

    given_up = story.signal()

    assert names_of(given_up) == [
        "WorkflowTaskFailed", *["WorkflowExecutionSignaled"] * 4, "WorkflowTaskScheduled",
    ]  # fmt: skip
    assert cause_of(given_up) == "FORCE_CLOSE_COMMAND"
    assert story.state.buffered_bytes == 0


# -- sizes


def said(text: str) -> Payloads:
    return tell.word(text)


def memo(text: str) -> Memo:
    return Memo(fields={"note": said(text).payloads[0]})


def with_(made: Command, **given: Any) -> Command:
    field = made.WhichOneof("attributes")
    assert field is not None
    attributes = getattr(made, field)
    attributes.MergeFrom(type(attributes)(**given))
    return made


SIZED: dict[str, tuple[Callable[[str], Command], str]] = {
    "ScheduleActivityTaskCommandAttributes.input": (
        lambda text: with_(tell.schedule_activity(), input=said(text)),
        "BAD_SCHEDULE_ACTIVITY_ATTRIBUTES"),
    "CompleteWorkflowExecutionCommandAttributes.result": (
        lambda text: command("complete_workflow_execution", result=said(text)),
        "BAD_COMPLETE_WORKFLOW_EXECUTION_ATTRIBUTES"),
    "FailWorkflowExecutionCommandAttributes.failure": (
        lambda text: tell.fail_run(tell.application_failure(text)),
        "BAD_FAIL_WORKFLOW_EXECUTION_ATTRIBUTES"),
    "ContinueAsNewWorkflowExecutionCommandAttributes.input": (
        lambda text: command("continue_as_new_workflow_execution", input=said(text)),
        "BAD_CONTINUE_AS_NEW_ATTRIBUTES"),
    "ContinueAsNewWorkflowExecutionCommandAttributes.memo": (
        lambda text: command("continue_as_new_workflow_execution", memo=memo(text)),
        "BAD_CONTINUE_AS_NEW_ATTRIBUTES"),
    "RecordMarkerCommandAttributes.details": (
        lambda text: command("record_marker", marker_name="m", details={"d": said(text)}),
        "BAD_RECORD_MARKER_ATTRIBUTES"),
    "StartChildWorkflowExecutionCommandAttributes.input": (
        lambda text: with_(tell.start_child(), input=said(text)),
        "BAD_START_CHILD_EXECUTION_ATTRIBUTES"),
    "StartChildWorkflowExecutionCommandAttributes.memo": (
        lambda text: with_(tell.start_child(), memo=memo(text)),
        "BAD_START_CHILD_EXECUTION_ATTRIBUTES"),
    "SignalExternalWorkflowExecutionCommandAttributes.input": (
        lambda text: signal_external("other", "s", input=said(text)),
        "BAD_SIGNAL_WORKFLOW_EXECUTION_ATTRIBUTES"),
    "ModifyWorkflowPropertiesCommandAttributes.upserted_memo": (
        lambda text: command("modify_workflow_properties", upserted_memo=memo(text)),
        "BAD_MODIFY_WORKFLOW_PROPERTIES_ATTRIBUTES"),
}  # fmt: skip


@pytest.mark.parametrize("part", SIZED)
def test_what_a_worker_gives_has_a_size(part: str) -> None:
    """The same code would give it again: the run is terminated with the task."""
    made, cause = SIZED[part]
    sizes = {"payload_bytes_max": SMALL_BYTES, "memo_bytes_max": SMALL_BYTES}

    refused = running(**sizes).finish_task(made(LONG))

    assert names_of(refused) == ["WorkflowTaskFailed", "WorkflowExecutionTerminated"]
    assert cause_of(refused) == cause
    assert f"{part} exceeds size limit." in str(refusal_of(refused))
    assert names_of(running(**sizes).finish_task(made(SHORT)))[0] == "WorkflowTaskCompleted"


def test_a_memo_has_a_limit_of_its_own() -> None:
    made = command("modify_workflow_properties", upserted_memo=memo(LONG))

    assert names_of(running(memo_bytes_max=SMALL_BYTES).finish_task(made))[0] == (
        "WorkflowTaskFailed"
    )
    assert names_of(running(payload_bytes_max=SMALL_BYTES).finish_task(made))[0] == (
        "WorkflowTaskCompleted"
    )


def test_what_a_worker_says_of_an_update_has_a_size() -> None:
    story = running(payload_bytes_max=SMALL_BYTES)
    story.finish_task()
    story.update()
    story.take_task()
    answer = tell.respond()
    answer.body.value += b"\0" * SMALL_BYTES

    refused = story.finish_task(messages=(tell.accept(), answer))

    assert names_of(refused)[-2:] == ["WorkflowTaskFailed", "WorkflowExecutionTerminated"]
    assert cause_of(refused) == "BAD_UPDATE_WORKFLOW_EXECUTION_MESSAGE"


def test_a_failed_attempt_says_no_more_than_a_payload_may() -> None:
    story = running(payload_bytes_max=SMALL_BYTES)
    story.finish_task(tell.schedule_activity())
    story.take_activity()
    story.fail_activity(tell.application_failure(LONG * 4))

    (activity,) = story.state.activities.values()
    assert activity.last_failure is not None
    assert len(activity.last_failure.message) <= SMALL_BYTES


def test_an_id_has_a_length() -> None:
    refused = running(id_length_max=3).finish_task(tell.start_timer("four"))

    assert "exceeds length limit" in str(refusal_of(refused))
    assert names_of(running(id_length_max=4).finish_task(tell.start_timer("four")))[-1] == (
        "TimerStarted"
    )


ATTRIBUTES: dict[str, tuple[dict[str, int], dict[str, str]]] = {
    "their number": ({"search_attributes_count_max": 1}, {"A": '"a"', "B": '"b"'}),
    "a value": ({"search_attribute_value_bytes_max": 8}, {"A": '"123456789"'}),
    "all of them": ({"search_attributes_bytes_max": 60}, {"A": '"1234567"', "B": '"1234567"'}),
}


@pytest.mark.parametrize("what", ATTRIBUTES)
def test_search_attributes_have_limits(what: str) -> None:
    limits, values = ATTRIBUTES[what]
    given = SearchAttributes(
        indexed_fields={
            name: Payload(metadata={"encoding": b"json/plain"}, data=value.encode())
            for name, value in values.items()
        }
    )

    with pytest.raises(InvalidArgument, match=r"exceeds( size)? limit"):
        stamped(given, {}, Limits(**limits))
    if what != "all of them":
        refused = running(**limits).finish_task(
            command("upsert_workflow_search_attributes", search_attributes=given)
        )
        assert cause_of(refused) == "BAD_SEARCH_ATTRIBUTES"


# -- times


@pytest.mark.parametrize(
    ("asked", "has"),
    [
        (0, DEFAULT.workflow_task_timeout_default_ns),
        (5 * SECOND, 5 * SECOND),
        (10**6 * SECOND, DEFAULT.workflow_task_timeout_max_ns),
    ],
)
def test_a_workflow_task_has_a_time(asked: int, has: int) -> None:
    story = Story()
    story.attributes.workflow_task_timeout.FromNanoseconds(asked)
    story.start()

    assert story.state.task_timeout_ns == has


def test_a_task_that_keeps_failing_waits_longer_and_longer_up_to_a_bound() -> None:
    story = Story(
        Limits(workflow_task_quick_attempts_max=2, workflow_task_retry_interval_max_ns=3 * SECOND)
    )
    story.start()
    waits = []
    for number in range(5):
        story.take_task(request_id=str(number))
        story.fail_task()
        until = story.state.task_backoff_until
        waits.append((until - story.at) // SECOND if until else 0)
        story.at = until or story.at
        story.wake()

    assert waits == [0, 1, 2, 3, 3]
