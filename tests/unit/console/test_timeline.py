"""Grouping and drawing: histories written as (event, seconds) are easier to read than protobuf."""

import json
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st
from temporalio.api.common.v1 import Payload
from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent

from console.gateway import summaries
from console.gateway.events import Event, event
from console.gateway.payloads import Failure
from console.gateway.runs import PendingActivity
from console.workflows import timeline
from console.workflows.groups import grouped, shown

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


def made(number: int, word: str, seconds: float, **attributes: object) -> Event:
    names = {name.replace("_", "").lower(): name for name in EventType.keys()}  # noqa: SIM118  protobuf's own
    name = names["eventtype" + word.lower()]
    raw = HistoryEvent(event_id=number, event_type=EventType.Value(name))
    raw.event_time.FromDatetime(NOON + timedelta(seconds=seconds))
    field = name.removeprefix("EVENT_TYPE_").lower() + "_event_attributes"
    message = getattr(raw, field)
    message.SetInParent()
    for key, value in attributes.items():
        target, *rest = key.split("__")
        if rest:
            setattr(getattr(message, target), rest[0], value)
        else:
            setattr(message, target, value)
    return event(raw)


def scheduled(number: int, seconds: float, activity_id: str = "1") -> Event:
    return made(
        number,
        "ActivityTaskScheduled",
        seconds,
        activity_id=activity_id,
        activity_type__name="ChargeCard",
    )


def pending(**changes: object) -> PendingActivity:
    failure = Failure("CardProcessorTimeout", "no answer", "", "", True, (), None)
    usual: dict[str, object] = {
        "id": "1", "type": "ChargeCard", "state": "scheduled", "attempt": 14, "attempts_max": 0,
        "scheduled_at": NOON, "started_at": NOON + timedelta(minutes=40), "completed_at": None,
        "heartbeat_at": None, "next_try_at": NOON + timedelta(minutes=44), "expires_at": None,
        "retry_interval": None, "worker": "w", "paused": False, "failure": failure,
    }  # fmt: skip
    return PendingActivity(**(usual | changes))  # type: ignore[arg-type]


def test_a_group_is_told_by_its_outcome_not_by_its_head() -> None:
    events = [
        scheduled(5, 0),
        made(6, "ActivityTaskStarted", 1, scheduled_event_id=5, attempt=3),
        made(7, "ActivityTaskFailed", 2, scheduled_event_id=5),
    ]

    (group,) = grouped(events)

    assert (group.outcome, group.attempt, group.name) == ("failed", 3, "ChargeCard")


def test_what_was_open_when_the_run_ended_is_not_told_as_going_on() -> None:
    activity, run = grouped([scheduled(5, 0), made(6, "WorkflowExecutionTerminated", 60)])

    assert (activity.outcome, activity.is_open) == ("left", False)
    assert activity.ended_at == NOON + timedelta(seconds=60)
    assert run.outcome == "terminated"


def test_a_fold_is_told_in_its_larger_unit() -> None:
    fold = timeline.Stretch(NOON, NOON + timedelta(minutes=40, seconds=53), 0, 4, folded=True)
    open_stretch = timeline.Stretch(
        NOON, NOON + timedelta(minutes=40, seconds=53), 0, 90, folded=False
    )

    assert (fold.label, open_stretch.label) == ("40 m", "40 m 53 s")


def test_what_is_pending_comes_from_the_description() -> None:
    (group,) = grouped([scheduled(5, 0)], [pending()])

    assert (group.outcome, group.attempt) == ("retrying", 14)


def test_a_closing_event_beats_a_stale_pending_entry() -> None:
    done = made(7, "ActivityTaskCompleted", 2, scheduled_event_id=5)

    (group,) = grouped([scheduled(5, 0), done], [pending()])

    assert group.outcome == "completed"


def test_a_child_that_was_not_started_yet_is_open() -> None:
    child = made(
        8,
        "StartChildWorkflowExecutionInitiated",
        0,
        workflow_id="invoice/1",
        workflow_type__name="Invoice",
    )

    (group,) = grouped([child])

    assert (group.is_open, group.name) == (True, "invoice/1")


def test_a_follower_whose_head_was_not_read_waits_for_it() -> None:
    assert grouped([made(7, "ActivityTaskCompleted", 2, scheduled_event_id=5)]) == []


def test_workflow_tasks_are_left_out_unless_asked_for() -> None:
    groups = grouped([made(2, "WorkflowTaskScheduled", 0), scheduled(5, 0)])

    assert [group.id for group in shown(groups, frozenset(), tasks=False)] == [5]
    assert [group.id for group in shown(groups, frozenset(), tasks=True)] == [2, 5]


def test_a_month_of_waiting_is_folded_and_the_seconds_stay_visible() -> None:
    month = 30 * 86400
    events = [
        scheduled(5, 0),
        made(7, "ActivityTaskCompleted", 20, scheduled_event_id=5),
        made(8, "TimerStarted", 21),
        made(9, "TimerFired", month, started_event_id=8),
        scheduled(10, month + 1, "2"),
        made(12, "ActivityTaskCompleted", month + 15, scheduled_event_id=10),
    ]
    groups = grouped(events)

    scale = timeline.axis(events, groups, events[-1].at, is_open=False, fold=True)

    assert [one.folded for one in scale.stretches] == [False, True, False]
    assert scale.stretches[1].width == timeline.FOLD_WIDTH
    first = timeline.row(groups[0], scale, events[-1].at).marks[0]
    assert first.width > 20


def test_an_activity_that_runs_for_days_is_not_idle_time() -> None:
    events = [scheduled(5, 0), made(7, "ActivityTaskCompleted", 9 * 86400, scheduled_event_id=5)]

    scale = timeline.axis(events, grouped(events), events[-1].at, is_open=False, fold=True)

    assert scale.folds == []


def test_a_retrying_activity_leads_past_now_to_its_next_try() -> None:
    events = [scheduled(5, 0)]
    groups = grouped(events, [pending()])
    now = NOON + timedelta(minutes=41)

    scale = timeline.axis(events, groups, now, is_open=True, fold=True)
    row = timeline.row(groups[0], scale, now)

    assert row.note == "attempt 14"
    ring = next(mark for mark in row.marks if mark.shape == "ring")
    assert scale.now_x is not None
    assert ring.x > scale.now_x


def test_steps_of_one_name_are_told_apart_by_what_their_program_said() -> None:
    steps = [scheduled(5, 0, "1"), scheduled(6, 0, "2")]
    steps[1].raw.user_metadata.summary.CopyFrom(as_json("the second month"))
    local = made(7, "MarkerRecorded", 1, marker_name="core_local_activity")
    of_local = local.attributes.details["data"].payloads.add()
    of_local.CopyFrom(as_json({"seq": 1, "activity_type": "round_up"}))
    groups = grouped([*steps, local])

    scale = timeline.axis([*steps, local], groups, local.at, is_open=True, fold=True)
    rows = [timeline.row(group, scale, local.at) for group in groups]

    assert [row.about for row in rows] == ["", "the second month", "round_up"]
    assert rows[1].says == "Activity ChargeCard “the second month”, still going"


def test_a_change_of_attributes_or_memo_says_what_it_sets() -> None:
    attributes = made(7, "UpsertWorkflowSearchAttributes", 1)
    for name in ("SubscriptionPhase", "Plan"):
        attributes.attributes.search_attributes.indexed_fields[name].CopyFrom(as_json("trial"))
    memo = made(8, "WorkflowPropertiesModified", 1)
    memo.attributes.upserted_memo.fields["note"].CopyFrom(as_json("paid late"))

    assert [summaries.of(attributes), summaries.of(memo)] == ["Plan, SubscriptionPhase", "note"]


def as_json(content: object) -> Payload:
    return Payload(metadata={"encoding": b"json/plain"}, data=json.dumps(content).encode())


@given(st.lists(st.floats(0, 10**7), min_size=1, max_size=40), st.booleans())
def test_the_axis_never_runs_backwards_and_stays_inside(seconds: list[float], fold: bool) -> None:
    events = [scheduled(n + 1, at, str(n)) for n, at in enumerate(sorted(seconds))]
    scale = timeline.axis(events, [], events[-1].at, is_open=False, fold=fold)

    places = [scale.x(one.at) for one in events]

    assert places == sorted(places)
    assert all(0 <= place <= 100.01 for place in places)
