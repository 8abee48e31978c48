"""What happens to a schedule: its overlap policies, its pauses, what it catches up with."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from temporalio.api.common.v1 import Payload, Payloads
from temporalio.api.enums.v1 import ScheduleOverlapPolicy as Overlap
from temporalio.api.enums.v1 import WorkflowExecutionStatus as Status
from temporalio.api.failure.v1 import Failure
from temporalio.api.schedule.v1 import (
    IntervalSpec,
    Schedule,
    SchedulePatch,
    ScheduleSpec,
    TriggerImmediatelyRequest,
)

from engine.core.schedule.spec import canonical
from engine.core.schedule.state import (
    BUFFER_MAX,
    CATCHUP_DEFAULT,
    ScheduleState,
    future_times,
    next_at,
)
from engine.core.schedule.step import (
    Change,
    EndAsked,
    Patch,
    RunClosed,
    RunStarted,
    StartRefused,
    Wake,
    step,
)
from engine.errors import FailedPrecondition
from engine.store.codec import decode_schedule, encode_schedule
from tests.unit.core.schedule.test_spec import seconds

SECOND = 1_000_000_000
NOON = int(datetime(2026, 1, 1, 12, tzinfo=UTC).timestamp()) * SECOND
COMPLETED = Status.WORKFLOW_EXECUTION_STATUS_COMPLETED
FAILED = Status.WORKFLOW_EXECUTION_STATUS_FAILED
SKIP = Overlap.SCHEDULE_OVERLAP_POLICY_SKIP
BUFFER_ONE = Overlap.SCHEDULE_OVERLAP_POLICY_BUFFER_ONE
BUFFER_ALL = Overlap.SCHEDULE_OVERLAP_POLICY_BUFFER_ALL
CANCEL_OTHER = Overlap.SCHEDULE_OVERLAP_POLICY_CANCEL_OTHER
TERMINATE_OTHER = Overlap.SCHEDULE_OVERLAP_POLICY_TERMINATE_OTHER
ALLOW_ALL = Overlap.SCHEDULE_OVERLAP_POLICY_ALLOW_ALL


def schedule(overlap: int = SKIP, every: int = 60) -> Schedule:
    made = Schedule()
    made.spec.CopyFrom(canonical(ScheduleSpec(interval=[IntervalSpec(interval=seconds(every))])))
    made.action.start_workflow.workflow_id = "run"
    made.policies.overlap_policy = overlap  # type: ignore[assignment]
    made.policies.catchup_window.FromNanoseconds(CATCHUP_DEFAULT)
    return made


def state(overlap: int = SKIP, every: int = 60) -> ScheduleState:
    return ScheduleState(
        namespace_id="namespace", schedule_id="s", id="one", request_id="made",
        schedule=schedule(overlap, every), created_at=NOON, done_until=NOON,
    )  # fmt: skip


def minutes(count: float) -> int:
    return NOON + int(count * 60) * SECOND


def start_all(of: ScheduleState, at: int) -> None:
    for start in list(of.starting):
        step(of, RunStarted(at=at, request_id=start.request_id, run_id=f"r {start.workflow_id}"))


def close_first(of: ScheduleState, at: int, status: int = COMPLETED, **given: object) -> None:
    run = of.running[0]
    closed = RunClosed(
        at=at, workflow_id=run.workflow_id, first_run_id=run.run_id, status=status, **given
    )  # type: ignore[arg-type]
    step(of, closed)


def trigger(of: ScheduleState, at: int, overlap: int = 0, request_id: str = "") -> None:
    patch = SchedulePatch(
        trigger_immediately=TriggerImmediatelyRequest(overlap_policy=overlap)  # type: ignore[arg-type]
    )
    step(of, Patch(at=at, request_id=request_id or f"trigger {at}", patch=patch))


def test_each_time_starts_a_run_named_after_it() -> None:
    one = state()

    step(one, Wake(at=minutes(1)))

    assert [s.workflow_id for s in one.starting] == ["run-2026-01-01T12:01:00Z"]
    start_all(one, minutes(1) + 5)
    assert (one.actions_count, len(one.running), one.starting) == (1, 1, [])
    assert next_at(one, minutes(1) + 5) == minutes(2)


def test_waking_too_early_or_twice_is_harmless() -> None:
    one = state()
    step(one, Wake(at=minutes(1)))
    before = encode_schedule(one)

    step(one, Wake(at=minutes(1)))
    step(one, Wake(at=minutes(1.5)))

    assert encode_schedule(one) == before


def test_a_start_that_is_not_known_to_be_done_is_due_again() -> None:
    one = state()
    step(one, Wake(at=minutes(1)))
    first = one.starting[0].request_id

    again = decode_schedule(encode_schedule(one))

    assert next_at(again, minutes(1)) == minutes(1) + 2 * SECOND
    assert again.starting[0].request_id == first


def test_skip_skips_while_a_run_is_under_way() -> None:
    one = state(SKIP)
    for minute in (1, 2, 3):
        step(one, Wake(at=minutes(minute)))
        start_all(one, minutes(minute))

    assert (one.actions_count, one.skipped_count) == (1, 2)
    close_first(one, minutes(3.5))
    step(one, Wake(at=minutes(4)))
    assert [s.action.nominal for s in one.starting] == [minutes(4)]


def test_buffer_one_keeps_the_first_and_starts_it_at_the_end() -> None:
    one = state(BUFFER_ONE)
    for minute in (1, 2, 3, 4):
        step(one, Wake(at=minutes(minute)))
        start_all(one, minutes(minute))

    assert ([w.nominal for w in one.waiting], one.skipped_count) == ([minutes(2)], 2)
    close_first(one, minutes(4.5))
    assert [s.action.nominal for s in one.starting] == [minutes(2)]


def test_buffer_all_keeps_the_order_and_drops_what_is_too_much() -> None:
    one = state(BUFFER_ALL, every=1)
    step(one, Wake(at=NOON + SECOND))
    start_all(one, NOON + SECOND)

    for second in range(2, BUFFER_MAX + 12):
        step(one, Wake(at=NOON + second * SECOND))

    assert len(one.waiting) == BUFFER_MAX
    assert one.dropped_count == 10
    assert [w.nominal for w in one.waiting] == sorted(w.nominal for w in one.waiting)


@pytest.mark.parametrize(("overlap", "how"), [(CANCEL_OTHER, "cancel"),
                                              (TERMINATE_OTHER, "terminate")])  # fmt: skip
def test_the_newest_pushes_the_other_away(overlap: int, how: str) -> None:
    one = state(overlap)
    for minute in (1, 2, 3):
        step(one, Wake(at=minutes(minute)))
        start_all(one, minutes(minute))

    assert [(run.end, run.is_told) for run in one.to_end()] == [(how, False)]
    run = one.running[0]
    step(one, EndAsked(at=minutes(3), workflow_id=run.workflow_id, run_id=run.run_id))
    assert one.to_end() == []
    close_first(one, minutes(3.5), Status.WORKFLOW_EXECUTION_STATUS_CANCELED)
    assert [s.action.nominal for s in one.starting] == [minutes(3)]
    assert one.skipped_count == 1


def test_allow_all_waits_for_nobody() -> None:
    one = state(ALLOW_ALL)
    for minute in (1, 2, 3):
        step(one, Wake(at=minutes(minute)))
        start_all(one, minutes(minute))

    assert (one.actions_count, one.running, len(one.recent)) == (3, [], 3)


def test_a_run_that_closes_before_its_start_is_told_has_started() -> None:
    one = state()
    step(one, Wake(at=minutes(1)))
    start = one.starting[0]

    closed = RunClosed(
        at=minutes(1.1), workflow_id=start.workflow_id, first_run_id="first", status=COMPLETED
    )
    step(one, closed)
    step(one, RunStarted(at=minutes(1.2), request_id=start.request_id, run_id="first"))

    assert (one.actions_count, one.running, one.starting) == (1, [], [])
    assert [(a.run_id, a.status) for a in one.recent] == [("first", COMPLETED)]


def test_an_end_that_is_told_twice_is_not_the_next_runs() -> None:
    one = state()
    one.schedule.policies.keep_original_workflow_id = True
    step(one, Wake(at=minutes(1)))
    start_all(one, minutes(1))
    run = one.running[0]
    closed = RunClosed(
        at=minutes(1.5), workflow_id=run.workflow_id, first_run_id=run.run_id, status=COMPLETED
    )
    step(one, closed)
    step(one, Wake(at=minutes(2)))

    step(one, closed)

    assert [s.workflow_id for s in one.starting] == [run.workflow_id]
    assert one.actions_count == 1


def test_what_was_missed_for_too_long_is_counted_and_not_made_up_for() -> None:
    one = state(ALLOW_ALL)
    one.schedule.policies.catchup_window.FromNanoseconds(150 * SECOND)

    step(one, Wake(at=minutes(10)))

    assert [s.action.nominal for s in one.starting] == [minutes(8), minutes(9), minutes(10)]
    assert one.missed_count == 7


def test_an_absence_of_years_is_passed_over_in_bounded_steps() -> None:
    one = state(every=1)
    one.schedule.policies.catchup_window.FromNanoseconds(10 * SECOND)
    at = NOON + 10 * 365 * 86_400 * SECOND

    for _ in range(3):
        step(one, Wake(at=at))

    assert len(one.starting) == 1
    following = next_at(one, at)
    assert following is not None
    assert following > at
    assert one.missed_count >= 10_000


def test_a_paused_schedule_acts_only_by_hand() -> None:
    one = state()
    step(one, Patch(at=NOON, request_id="p", patch=SchedulePatch(pause="for the audit")))
    assert (one.schedule.state.paused, one.schedule.state.notes) == (True, "for the audit")
    assert next_at(one, NOON) is None

    trigger(one, minutes(5))
    assert len(one.starting) == 1
    start_all(one, minutes(5))
    step(one, Patch(at=minutes(9.5), request_id="u", patch=SchedulePatch(unpause="done")))

    assert one.schedule.state.notes == "done"
    assert next_at(one, minutes(9.5)) == minutes(10)
    assert one.actions_count == 1


def test_a_pause_does_not_stop_what_was_due_before_it() -> None:
    one = state()

    step(one, Patch(at=minutes(1), request_id="p", patch=SchedulePatch(pause="now")))

    assert [s.action.nominal for s in one.starting] == [minutes(1)]


def test_the_same_request_triggers_once() -> None:
    one = state(ALLOW_ALL)

    trigger(one, minutes(0.1), request_id="same")
    trigger(one, minutes(0.2), request_id="same")

    assert len(one.starting) == 1


def test_a_failure_pauses_and_is_handed_on() -> None:
    one = state()
    one.schedule.policies.pause_on_failure = True
    step(one, Wake(at=minutes(1)))
    start_all(one, minutes(1))
    version = one.version

    close_first(one, minutes(1.5), FAILED, failure=Failure(message="no credit"))

    assert one.schedule.state.paused
    assert one.schedule.state.notes == (
        "paused due to workflow failure: run-2026-01-01T12:01:00Z: no credit"
    )
    assert one.version == version + 1
    assert one.last_failure is not None
    assert one.last_failure.message == "no credit"


def test_a_result_is_handed_on_and_ends_a_failure() -> None:
    one = state()
    result = Payloads(payloads=[Payload(data=b"7")])
    step(one, Wake(at=minutes(1)))
    start_all(one, minutes(1))
    close_first(one, minutes(1.5), FAILED, failure=Failure(message="no"))
    step(one, Wake(at=minutes(2)))
    start_all(one, minutes(2))
    close_first(one, minutes(2.5), result=result)

    assert (one.last_result, one.last_failure) == (result, None)


def test_limited_actions_are_counted_down_and_then_it_rests() -> None:
    one = state(ALLOW_ALL)
    one.schedule.state.limited_actions = True
    one.schedule.state.remaining_actions = 2
    assert len(future_times(one)) == 2

    for minute in (1, 2, 3, 4):
        step(one, Wake(at=minutes(minute)))

    assert len(one.starting) == 2
    assert one.schedule.state.remaining_actions == 0
    assert future_times(one) == []
    start_all(one, minutes(4))
    assert next_at(one, minutes(4)) is None
    trigger(one, minutes(5))
    assert len(one.starting) == 1


def test_a_start_that_is_refused_for_good_makes_room_for_the_next() -> None:
    one = state(BUFFER_ALL)
    step(one, Wake(at=minutes(1)))
    step(one, Wake(at=minutes(2)))

    refused = one.starting[0].request_id
    step(one, StartRefused(at=minutes(2), request_id=refused, is_overlap=True))

    assert [s.action.nominal for s in one.starting] == [minutes(2)]
    assert (one.skipped_count, one.actions_count) == (1, 0)


def test_a_change_counts_from_now_and_from_the_version_that_it_knows() -> None:
    one = state()
    changed = Change(at=minutes(0.5), request_id="c", version=1, schedule=schedule(every=10))
    step(one, changed)

    assert (one.version, one.updated_at) == (2, minutes(0.5))
    assert next_at(one, minutes(0.5)) == minutes(0.5) + 10 * SECOND
    with pytest.raises(FailedPrecondition, match="conflict token"):
        step(one, Change(at=minutes(1), request_id="d", version=1, schedule=schedule()))


INPUTS = st.lists(
    st.one_of(
        st.tuples(st.just("wake"), st.integers(1, 300)),
        st.tuples(st.just("start"), st.integers(0, 3)),
        st.tuples(st.just("close"), st.integers(0, 3)),
        st.tuples(st.just("trigger"), st.integers(0, 6)),
        st.tuples(st.just("pause"), st.integers(0, 1)),
    ),
    max_size=60,
)


@given(st.sampled_from([SKIP, BUFFER_ONE, BUFFER_ALL, CANCEL_OTHER, TERMINATE_OTHER]), INPUTS)
def test_at_most_one_run_is_under_way_and_each_time_starts_once(
    overlap: int, inputs: list[tuple[str, int]]
) -> None:
    one, at, asked = state(overlap), NOON, list[str]()
    for number, (what, how) in enumerate(inputs):
        at += SECOND
        if what == "wake":
            at += how * SECOND
            step(one, Wake(at=at))
        elif what == "start" and one.starting:
            start_all(one, at)
        elif what == "close" and one.running:
            close_first(one, at)
        elif what == "trigger":
            trigger(one, at, 0, f"t{number}")
        elif what == "pause":
            word = "pause" if how else "unpause"
            step(one, Patch(at=at, request_id=f"p{number}", patch=SchedulePatch(**{word: "x"})))
        asked += [s.request_id for s in one.starting if s.request_id not in asked]
        assert len(one.running) + len(one.starting) <= 1
        assert len(one.recent) <= 10
        one = decode_schedule(encode_schedule(one))

    counted = one.actions_count + len(one.starting)
    assert counted == len(asked)
