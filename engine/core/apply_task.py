"""What facts about workflow tasks do to a run; part of `apply`."""

from __future__ import annotations

from collections.abc import Callable

from temporalio.api.enums.v1 import EventType as E
from temporalio.api.enums.v1 import TaskQueueKind, TimeoutType, WorkflowTaskFailedCause
from temporalio.api.history.v1 import HistoryEvent, WorkflowTaskCompletedEventAttributes

from engine.core import marks, scheduled, versioning
from engine.core.deadlines import TASK, TASK_BACKOFF, expect, of_task
from engine.core.state import ResetPoint, RunState, WorkflowTask

PAUSED_BEFORE = (
    WorkflowTaskFailedCause.WORKFLOW_TASK_FAILED_CAUSE_WORKFLOW_PAUSE_REQUESTED_BEFORE_TASK_STARTED
)
# The oldest are forgotten.
RESET_POINTS_MAX = 20


def _scheduled(state: RunState, event: HistoryEvent) -> None:
    task = state.task
    if task is not None and task.held:
        # A held task is written into the history as it ends, or as other events came before it.
        task.held = False
        task.speculative = False
        task.scheduled_event_id = event.event_id
        task.attempt = event.workflow_task_scheduled_event_attributes.attempt
        return
    attributes = event.workflow_task_scheduled_event_attributes
    at = event.event_time.ToNanoseconds()
    queue = attributes.task_queue
    state.task = WorkflowTask(
        scheduled_event_id=event.event_id,
        attempt=attributes.attempt,
        scheduled_at=at,
        original_scheduled_at=at,
        queue=queue.name,
        sticky=queue.kind == TaskQueueKind.TASK_QUEUE_KIND_STICKY,
        timeout_ns=attributes.start_to_close_timeout.ToNanoseconds(),
    )
    state.task_backoff_until = 0
    expect(state, of_task(state, state.task), TASK)


def _started(state: RunState, event: HistoryEvent) -> None:
    attributes = event.workflow_task_started_event_attributes
    task = state.task
    assert task is not None, "a workflow task is started after it was scheduled"
    task.started_event_id = event.event_id
    if task.is_started:
        return
    _take(state, task, event.event_time.ToNanoseconds(), attributes.request_id)
    task.identity = attributes.identity


def _take(state: RunState, task: WorkflowTask, at: int, request_id: str) -> None:
    task.started_at = at
    task.request_id = request_id
    _mark_sent(state)
    expect(state, of_task(state, task), TASK)


def _mark_sent(state: RunState) -> None:
    if state.updates_in_flight:
        for update in state.updates.values():
            update.is_sent = update.is_sent or not update.accepted_event_id


def _unsend(state: RunState) -> None:
    if state.updates_in_flight:
        for update in state.updates.values():
            update.is_sent = False


def _completed(state: RunState, event: HistoryEvent) -> None:
    attributes = event.workflow_task_completed_event_attributes
    state.task = None
    state.task_attempt = 1
    state.task_failure = ""
    state.previous_started_event_id = attributes.started_event_id
    state.last_completed_event_id = event.event_id
    _note_build(state, event, attributes)
    versioning.note(state, attributes)


def _note_build(
    state: RunState, event: HistoryEvent, attributes: WorkflowTaskCompletedEventAttributes
) -> None:
    build_id, checksum = attributes.worker_version.build_id, attributes.binary_checksum
    known = state.reset_points
    if any((point.build_id, point.checksum) == (build_id, checksum) for point in known):
        return
    point = ResetPoint(
        build_id=build_id,
        checksum=checksum,
        first_completed_event_id=event.event_id,
        created_at=event.event_time.ToNanoseconds(),
        resettable=not (state.children or state.cancels_out or state.signals_out),
    )
    state.reset_points = [*known, point][-RESET_POINTS_MAX:]


def _failed(state: RunState, event: HistoryEvent) -> None:
    attributes = event.workflow_task_failed_event_attributes
    if attributes.cause == WorkflowTaskFailedCause.WORKFLOW_TASK_FAILED_CAUSE_RESET_WORKFLOW:
        # Somebody wanted it so: it is no problem of the code.
        state.reset_at = event.event_time.ToNanoseconds()
        state.task_failure = ""
    elif attributes.cause == PAUSED_BEFORE and not (state.task and state.task.is_started):
        # No worker had it: the next one is a first attempt.
        _end(state, 1)
        return
    else:
        state.task_failure = attributes.failure.message or "failed"
    _end(state, (state.task.attempt if state.task else state.task_attempt) + 1)


def _timed_out(state: RunState, event: HistoryEvent) -> None:
    attributes = event.workflow_task_timed_out_event_attributes
    if attributes.timeout_type == TimeoutType.TIMEOUT_TYPE_START_TO_CLOSE:
        state.task_failure = "timed out"
        _end(state, (state.task.attempt if state.task else state.task_attempt) + 1)
    else:
        _end(state, 1)


def _end(state: RunState, attempt: int) -> None:
    state.task = None
    state.task_attempt = attempt
    state.sticky_queue = ""
    _unsend(state)


def _held(state: RunState, mark: marks.TaskHeld) -> None:
    state.task = WorkflowTask(
        scheduled_event_id=state.next_event_id,
        attempt=mark.attempt,
        scheduled_at=mark.scheduled_at,
        original_scheduled_at=mark.scheduled_at,
        queue=mark.queue,
        sticky=mark.sticky,
        timeout_ns=scheduled.timeout_ns(state, mark.attempt),
        held=True,
        speculative=mark.speculative,
    )
    state.task_backoff_until = 0
    expect(state, of_task(state, state.task), TASK)


def _taken(state: RunState, mark: marks.TaskTaken) -> None:
    task = state.task
    assert task is not None, "a held task is taken after it was held"
    task.started_event_id = task.scheduled_event_id + 1
    task.identity = mark.identity
    task.history_bytes, task.reasons = mark.history_bytes, mark.reasons
    _take(state, task, mark.started_at, mark.request_id)


def _lost(state: RunState, mark: marks.TaskLost) -> None:
    if mark.attempt > 1:
        state.task_failure = mark.failure or state.task_failure
        _end(state, mark.attempt)
        return
    # Only updates were in it and all of them were refused: as if it had never been.
    state.task = None
    state.task_attempt = 1


def _backed_off(state: RunState, mark: marks.TaskBackedOff) -> None:
    state.task_backoff_until = mark.until
    state.task_backoff_event_id = state.next_event_id
    expect(state, mark.until, TASK_BACKOFF)


def _sticky_set(state: RunState, mark: marks.StickySet) -> None:
    state.sticky_queue = mark.queue
    if mark.queue:
        # Cleared, the time-out still holds for a task that is in the sticky queue already.
        state.sticky_timeout_ns = mark.schedule_to_start_ns


def _target_noted(state: RunState, mark: marks.TargetNoted) -> None:
    state.noted_target = mark.version


APPLIERS: dict[int, Callable[[RunState, HistoryEvent], None]] = {
    E.EVENT_TYPE_WORKFLOW_TASK_SCHEDULED: _scheduled,
    E.EVENT_TYPE_WORKFLOW_TASK_STARTED: _started,
    E.EVENT_TYPE_WORKFLOW_TASK_COMPLETED: _completed,
    E.EVENT_TYPE_WORKFLOW_TASK_FAILED: _failed,
    E.EVENT_TYPE_WORKFLOW_TASK_TIMED_OUT: _timed_out,
}
MARKS: dict[type, Callable[..., None]] = {
    marks.TaskHeld: _held,
    marks.TaskTaken: _taken,
    marks.TaskLost: _lost,
    marks.TaskBackedOff: _backed_off,
    marks.StickySet: _sticky_set,
    marks.TargetNoted: _target_noted,
}
