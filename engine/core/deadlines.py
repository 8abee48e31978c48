"""The times at which a run wants to be woken: a heap that is derived, never stored.

    (none) ──expect──▶ waiting ──take_due──▶ its owner is asked

An entry may be stale when it is taken: the owner (`kind`) looks whether it still applies.
Only `apply` expects; only `step` takes.
"""

from __future__ import annotations

from heapq import heappop, heappush

from engine.core.state import Activity, Operation, RunState, Standalone, WorkflowTask
from engine.protocol.times import nanoseconds

FIRST_TASK = "first"
RUN = "run"
TASK = "task"
TASK_BACKOFF = "backoff"
TIMER = "timer"
ACTIVITY = "activity"
OPERATION = "operation"


def expect(state: RunState, at: int, kind: str, name: str = "") -> None:
    if at:
        heappush(state.deadlines, (at, kind, name))


def take_due(state: RunState, at: int) -> tuple[str, str] | None:
    if state.deadlines and state.deadlines[0][0] <= at:
        _, kind, name = heappop(state.deadlines)
        return kind, name
    return None


def of_task(state: RunState, task: WorkflowTask) -> int:
    if task.is_started:
        return task.started_at + task.timeout_ns
    if task.sticky and state.sticky_timeout_ns:
        return task.scheduled_at + state.sticky_timeout_ns
    return 0


def of_activity(activity: Activity, standalone: Standalone | None = None) -> int:
    """The nearest of its time-outs, or the end of its back-off; 0: none, as while it is paused.

    A standalone one that is paused may still be too late, as a whole or in what runs already.
    """
    if activity.paused_at:
        return 0
    found = []
    if expires_at := expiration(activity, standalone):
        found.append(expires_at)
    if activity.started_at:
        if activity.start_to_close_ns:
            found.append(activity.started_at + activity.start_to_close_ns)
        if activity.heartbeat_ns:
            last = max(activity.beat_at, activity.started_at)
            found.append(last + activity.heartbeat_ns)
    elif standalone is not None and standalone.paused_at:
        pass
    elif activity.retry_at:
        found.append(activity.retry_at)
    elif activity.schedule_to_start_ns:
        found.append(activity.attempt_scheduled_at + activity.schedule_to_start_ns)
    return min(found, default=0)


def expiration(activity: Activity, standalone: Standalone | None = None) -> int:
    """When its schedule-to-close time is over; 0: never. A start delay does not count to it."""
    if not activity.schedule_to_close_ns:
        return 0
    delay_ns = standalone.start_delay_ns if standalone is not None else 0
    return activity.scheduled_at + delay_ns + activity.schedule_to_close_ns


def of_operation(operation: Operation) -> int:
    """The nearest of its time-outs, or of the next tries to start or to cancel it; 0: none."""
    given = operation.scheduled.nexus_operation_scheduled_event_attributes
    found = []
    if expires_at := expiration_of(operation):
        found.append(expires_at)
    if operation.started_at:
        if part := nanoseconds(given.start_to_close_timeout):
            found.append(operation.started_at + part)
    elif part := nanoseconds(given.schedule_to_start_timeout):
        found.append(operation.scheduled_at + part)
    if operation.retry_at:
        found.append(operation.retry_at)
    if operation.cancellation is not None and operation.cancellation.retry_at:
        found.append(operation.cancellation.retry_at)
    return min(found, default=0)


def expiration_of(operation: Operation) -> int:
    """When its schedule-to-close time is over; 0: never."""
    given = operation.scheduled.nexus_operation_scheduled_event_attributes
    whole = nanoseconds(given.schedule_to_close_timeout)
    return operation.scheduled_at + whole if whole else 0


def rebuild(state: RunState) -> None:
    """Make the heap anew from what is pending, after loading."""
    state.deadlines.clear()
    state.armed_at = 0
    if not state.is_running:
        return
    if not state.last_completed_event_id and state.standalone is None:
        # A task that is there may be one for updates alone, and leave nothing.
        expect(state, state.first_task_at, FIRST_TASK)
    ends = [at for at in (state.run_expires_at, state.execution_expires_at) if at]
    expect(state, min(ends, default=0), RUN)
    expect(state, state.task_backoff_until, TASK_BACKOFF)
    if state.task is not None:
        expect(state, of_task(state, state.task), TASK)
    for timer in state.timers.values():
        expect(state, timer.fire_at, TIMER, timer.timer_id)
    for scheduled_event_id, activity in state.activities.items():
        due_at = of_activity(activity, state.standalone)
        expect(state, due_at, ACTIVITY, str(scheduled_event_id))
    for scheduled_event_id, operation in state.operations.items():
        expect(state, of_operation(operation), OPERATION, str(scheduled_event_id))
