"""All that can happen to a schedule, and what it makes of it.

    its time has come ──▶ waiting ──policy──▶ starting ──started──▶ running ──closed──▶ (gone)
    trigger, backfill ──▶    └──▶ skipped         └──refused──▶ (gone)

`step` changes the state that it is given, which its caller has read for that, and asks for nothing:
what is to be done is `state.starting` and `state.to_end()`.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec
from temporalio.api.common.v1 import Memo, Payloads, SearchAttributes
from temporalio.api.enums.v1 import ScheduleOverlapPolicy as Overlap
from temporalio.api.enums.v1 import WorkflowExecutionStatus as Status
from temporalio.api.failure.v1 import Failure
from temporalio.api.schedule.v1 import BackfillRequest, Schedule, SchedulePatch

from engine.core.keys import derived_id
from engine.core.schedule.spec import Spec
from engine.core.schedule.state import (
    BACKFILLS_MAX,
    BUFFER_MAX,
    RECENT_ACTIONS_MAX,
    REQUEST_IDS_KEPT_MAX,
    SECOND,
    Action,
    Backfill,
    Running,
    ScheduleState,
    Starting,
    Waiting,
)
from engine.errors import FailedPrecondition

TAKEN_AT_ONCE_MAX = 1_000
#: Missed times that are counted one by one; a longer absence is passed over.
MISSED_AT_ONCE_MAX = 10_000
_REPLACING = {
    Overlap.SCHEDULE_OVERLAP_POLICY_CANCEL_OTHER: "cancel",
    Overlap.SCHEDULE_OVERLAP_POLICY_TERMINATE_OTHER: "terminate",
}
_FAILED = {
    Status.WORKFLOW_EXECUTION_STATUS_FAILED: "failure",
    Status.WORKFLOW_EXECUTION_STATUS_TIMED_OUT: "timeout",
}


class Given(msgspec.Struct, frozen=True, kw_only=True):
    at: int


class Wake(Given, frozen=True, kw_only=True):
    """A time that it waits for may have come."""


class Patch(Given, frozen=True, kw_only=True):
    request_id: str
    patch: SchedulePatch


class Change(Given, frozen=True, kw_only=True):
    """`schedule` is canonical; `search_attributes` or `memo` None: as they are.

    Refused where `version` is neither 0 nor the current one.
    """

    request_id: str
    version: int = 0
    schedule: Schedule
    search_attributes: SearchAttributes | None = None
    memo: Memo | None = None


class RunStarted(Given, frozen=True, kw_only=True):
    request_id: str
    run_id: str


class StartRefused(Given, frozen=True, kw_only=True):
    """For good: the same start would be refused again."""

    request_id: str
    is_overlap: bool


class RunClosed(Given, frozen=True, kw_only=True):
    """The last run of a chain. `status` is a number of WorkflowExecutionStatus."""

    workflow_id: str
    first_run_id: str
    status: int
    result: Payloads | None = None
    failure: Failure | None = None


class EndAsked(Given, frozen=True, kw_only=True):
    """The run has been told that it is to end."""

    workflow_id: str
    run_id: str


Input = Wake | Patch | Change | RunStarted | StartRefused | RunClosed | EndAsked


def step(state: ScheduleState, given: Input) -> None:
    _TRANSITIONS[type(given)](state, given)
    spec = state.spec()
    _take_due(state, spec, given.at)
    _fill_back(state, spec, given.at)
    _decide(state)


def _wake(_state: ScheduleState, _given: Wake) -> None:
    """What is due is taken after every input."""


def _patch(state: ScheduleState, given: Patch) -> None:
    if not _is_new(state, given.request_id):
        return
    patch = given.patch
    # Without times there is nothing to fill.
    asked = [each for each in patch.backfill_request if _has_times(each)]
    if len(state.backfills) + len(asked) > BACKFILLS_MAX:
        raise FailedPrecondition(f"more than {BACKFILLS_MAX} backfills are under way")
    # What is due until now is not the pause's to stop.
    _act_until(state, given.at)
    if patch.pause:
        _set_paused(state, True, patch.pause)
    if patch.unpause:
        _set_paused(state, False, patch.unpause)
    if patch.HasField("trigger_immediately"):
        trigger = patch.trigger_immediately
        nominal = given.at
        if trigger.HasField("scheduled_time") and trigger.scheduled_time.ToNanoseconds():
            nominal = trigger.scheduled_time.ToNanoseconds()
        _wait(state, Waiting(
            nominal=nominal, due=given.at, overlap=trigger.overlap_policy, is_manual=True,
            id=derived_id(state.id, nominal, given.request_id),
        ))  # fmt: skip
    for number, request in enumerate(asked):
        state.backfills.append(Backfill(
            id=derived_id(state.id, number, given.request_id),
            after=request.start_time.ToNanoseconds() - 1,
            until=request.end_time.ToNanoseconds(),
            overlap=request.overlap_policy,
        ))  # fmt: skip


def _has_times(given: BackfillRequest) -> bool:
    return given.HasField("start_time") or given.HasField("end_time")


def _is_new(state: ScheduleState, request_id: str) -> bool:
    if not request_id:
        return True
    if request_id in state.seen_request_ids:
        return False
    state.seen_request_ids[request_id] = None
    while len(state.seen_request_ids) > REQUEST_IDS_KEPT_MAX:
        del state.seen_request_ids[next(iter(state.seen_request_ids))]
    return True


def _set_paused(state: ScheduleState, paused: bool, notes: str) -> None:
    state.schedule.state.paused = paused
    state.schedule.state.notes = notes
    state.version += 1


def _change(state: ScheduleState, given: Change) -> None:
    if not _is_new(state, given.request_id):
        return
    if given.version and given.version != state.version:
        raise FailedPrecondition("mismatched conflict token")
    _act_until(state, given.at)
    state.schedule = given.schedule
    if given.search_attributes is not None:
        state.search_attributes = given.search_attributes
    if given.memo is not None:
        state.memo = given.memo
    state.updated_at = given.at
    state.version += 1
    # The new times count from now: what the old ones were is done.
    state.done_until = max(state.done_until, given.at)


def _run_started(state: ScheduleState, given: RunStarted) -> None:
    start = next((s for s in state.starting if s.request_id == given.request_id), None)
    if start is not None:
        _begun(state, start, given.run_id, given.at)


def _begun(state: ScheduleState, start: Starting, run_id: str, at: int) -> None:
    state.starting.remove(start)
    state.actions_count += 1
    if start.is_alone:
        state.running.append(Running(workflow_id=start.workflow_id, run_id=run_id))
    state.recent.append(Action(
        scheduled_at=start.action.due,
        acted_at=at,
        workflow_id=start.workflow_id,
        run_id=run_id,
        status=Status.WORKFLOW_EXECUTION_STATUS_RUNNING,
        number=start.number,
    ))  # fmt: skip
    state.recent.sort(key=lambda action: action.number)
    del state.recent[:-RECENT_ACTIONS_MAX]


def _start_refused(state: ScheduleState, given: StartRefused) -> None:
    for start in state.starting:
        if start.request_id == given.request_id:
            state.starting.remove(start)
            state.skipped_count += given.is_overlap
            return


def _run_closed(state: ScheduleState, given: RunClosed) -> None:
    """It may close before its start was told; then that is told first."""
    named = (given.workflow_id, given.first_run_id)
    if not any((action.workflow_id, action.run_id) == named for action in state.recent):
        # Not one of those that are known, told again.
        _begin_unknown(state, given)
    is_ours = False
    for action in state.recent:
        if (action.workflow_id, action.run_id) == named:
            action.status, is_ours = given.status, True
    run = next((r for r in state.running if (r.workflow_id, r.run_id) == named), None)
    if run is not None:
        state.running.remove(run)
        _carry_over(state, given)
    if (run is not None or is_ours) and state.schedule.policies.pause_on_failure:
        _pause_on_failure(state, given)


def _begin_unknown(state: ScheduleState, given: RunClosed) -> None:
    start = next((s for s in state.starting if s.workflow_id == given.workflow_id), None)
    if start is not None:
        _begun(state, start, given.first_run_id, given.at)


def _carry_over(state: ScheduleState, given: RunClosed) -> None:
    """What the next start is told of this one."""
    if given.status == Status.WORKFLOW_EXECUTION_STATUS_COMPLETED:
        state.last_result, state.last_failure = given.result, None
    elif given.status in _FAILED:
        state.last_failure = given.failure


def _pause_on_failure(state: ScheduleState, given: RunClosed) -> None:
    word = _FAILED.get(given.status)  # type: ignore[call-overload]
    if word is None or state.schedule.state.paused:
        return
    notes = f"paused due to workflow {word}: {given.workflow_id}"
    if given.failure is not None and given.failure.message:
        notes += f": {given.failure.message}"
    _set_paused(state, True, notes)


def _end_asked(state: ScheduleState, given: EndAsked) -> None:
    for run in state.running:
        if (run.workflow_id, run.run_id) == (given.workflow_id, given.run_id):
            run.is_told = True


def _act_until(state: ScheduleState, at: int) -> None:
    """By the rules that held until then."""
    _take_due(state, state.spec(), at)
    _decide(state)


def _take_due(state: ScheduleState, spec: Spec, at: int) -> None:
    jitter = state.schedule.spec.jitter.ToNanoseconds()
    if not state.acts_by_itself:
        # Nothing comes of the times until now; one that the jitter delays may still be wanted.
        state.done_until = max(state.done_until, at - max(jitter, 0))
    missed = 0
    for _ in range(TAKEN_AT_ONCE_MAX + MISSED_AT_ONCE_MAX):
        time = spec.next_time(state.done_until)
        if time is None or time.actual > at or not state.has_room:
            return
        state.done_until = time.nominal
        if not state.acts_by_itself:
            continue
        if at - time.actual > state.catchup:
            state.missed_count += 1
            missed += 1
            if missed >= MISSED_AT_ONCE_MAX:
                state.done_until = max(state.done_until, at - state.catchup - max(jitter, 0))
            continue
        own = derived_id(state.id, time.nominal, "scheduled")
        _wait(state, Waiting(nominal=time.nominal, due=time.actual, id=own))


def _fill_back(state: ScheduleState, spec: Spec, at: int) -> None:
    """As far as there is room; the rest when there is again."""
    while state.backfills and state.has_room and len(state.waiting) < BUFFER_MAX // 2:
        filling = state.backfills[0]
        time = spec.next_time(filling.after)
        if time is None or time.actual > filling.until:
            state.backfills.pop(0)
            continue
        filling.after = time.nominal
        _wait(state, Waiting(
            nominal=time.nominal, due=time.actual, overlap=filling.overlap, is_manual=True,
            id=derived_id(filling.id, time.nominal, "backfill"),
        ))  # fmt: skip


def _wait(state: ScheduleState, action: Waiting) -> None:
    if len(state.waiting) >= BUFFER_MAX:
        state.dropped_count += 1
        return
    state.waiting.append(action)


def _decide(state: ScheduleState) -> None:
    """Who of those that wait may start, in the order of their coming."""
    waiting, state.waiting = state.waiting, []
    for action in waiting:
        if not action.is_manual and not state.acts_by_itself:
            continue
        overlap = action.overlap or state.overlap
        if not state.has_room:
            state.waiting.append(action)
        elif overlap == Overlap.SCHEDULE_OVERLAP_POLICY_ALLOW_ALL:
            _start(state, action, is_alone=False)
        elif not state.is_busy:
            _start(state, action, is_alone=True)
        else:
            _hold(state, action, overlap)


def _hold(state: ScheduleState, action: Waiting, overlap: int) -> None:
    """Another run is under way."""
    if overlap == Overlap.SCHEDULE_OVERLAP_POLICY_BUFFER_ALL:
        state.waiting.append(action)
    elif overlap in _REPLACING:
        # The newest of those that push others away goes next.
        others = [w for w in state.waiting if (w.overlap or state.overlap) not in _REPLACING]
        state.skipped_count += len(state.waiting) - len(others)
        state.waiting = [*others, action]
        for run in state.running:
            _ask_to_end(run, _REPLACING[overlap])  # type: ignore[index]
    elif overlap == Overlap.SCHEDULE_OVERLAP_POLICY_BUFFER_ONE and not state.waiting:
        state.waiting.append(action)
    else:
        state.skipped_count += 1


def _ask_to_end(run: Running, how: str) -> None:
    if run.end in (how, "terminate"):
        return
    run.end, run.is_told = how, False


def _start(state: ScheduleState, action: Waiting, *, is_alone: bool) -> None:
    own = state.schedule.state
    if not action.is_manual and own.limited_actions:
        own.remaining_actions -= 1
        state.version += 1
    state.starts_count += 1
    workflow_id = state.schedule.action.start_workflow.workflow_id
    if not state.schedule.policies.keep_original_workflow_id:
        workflow_id += f"-{second_of(action.nominal)}"
    state.starting.append(Starting(
        action=action, workflow_id=workflow_id, request_id=action.id, is_alone=is_alone,
        number=state.starts_count,
    ))  # fmt: skip


def second_of(nominal: int) -> str:
    moment = datetime.fromtimestamp(nominal // SECOND, UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


_TRANSITIONS: dict[type, Any] = {
    Wake: _wake,
    Patch: _patch,
    Change: _change,
    RunStarted: _run_started,
    StartRefused: _start_refused,
    RunClosed: _run_closed,
    EndAsked: _end_asked,
}
