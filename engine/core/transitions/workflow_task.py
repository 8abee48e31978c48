"""Workflow tasks.

    (none) ──ensure──▶ scheduled ──start──▶ started ──complete──▶ (none)
       ▲                  │ sticky time-out    │ fail · time out
       └──────────────────┴────────────────────┘ then scheduled again, after a back-off

The first attempt has events. A *held* task has none until it ends well: a retry (attempt > 1),
so that a failing worker does not grow the history, or a *speculative* one, which only carries
updates and leaves nothing if all of them are refused. A held task's event ids are those that it
would get. If another event comes before it is started, a speculative one is written down before
that, and keeps the id that it is offered by; a retry is written down as it starts, as attempt 1.
"""

from __future__ import annotations

from temporalio.api.enums.v1 import EventType, TimeoutType, WorkflowTaskFailedCause
from temporalio.api.failure.v1 import Failure
from temporalio.api.history.v1 import HistoryEvent
from temporalio.api.protocol.v1 import Message

from engine.core import priorities, scheduled, versioning
from engine.core.apply_task import PAUSED_BEFORE
from engine.core.effects import DropTask, OfferTask, WorkflowTaskStarted
from engine.core.inputs import CompleteWorkflowTask, FailWorkflowTask
from engine.core.keys import WORKFLOW
from engine.core.marks import (
    StickySet,
    TargetNoted,
    TaskBackedOff,
    TaskHeld,
    TaskLost,
    TaskTaken,
)
from engine.core.state import RunState, WorkflowTask
from engine.core.turn import Turn
from engine.errors import TaskNotFound

SECOND = 1_000_000_000
FORCE_CLOSED = WorkflowTaskFailedCause.WORKFLOW_TASK_FAILED_CAUSE_FORCE_CLOSE_COMMAND
TOO_LARGE_TO_SEND = WorkflowTaskFailedCause.WORKFLOW_TASK_FAILED_CAUSE_GRPC_MESSAGE_TOO_LARGE


def ensure(turn: Turn, *, ends_delay: bool = False) -> None:
    """Schedule a workflow task unless one is pending or the run is not to have one yet."""
    state = turn.state
    if not state.is_running or state.task_backoff_until:
        return
    if _waits_for_first(turn) and not ends_delay:
        return
    if state.task is None:
        schedule(turn)
    elif state.task.speculative and not state.task.is_started:
        turn.write_down(state.task)


def _waits_for_first(turn: Turn) -> bool:
    state = turn.state
    never_ran = not state.previous_started_event_id and state.task is None
    return bool(never_ran and state.first_task_at > turn.at)


def owes_first(turn: Turn) -> bool:
    """The run was to begin later, that time has come, and nothing but updates was done before."""
    state = turn.state
    return not state.last_completed_event_id and 0 < state.first_task_at <= turn.at


def schedule(turn: Turn, *, speculative: bool = False) -> None:
    """One that is paused has none until it goes on."""
    state = turn.state
    if state.pause is not None:
        return
    sticky = bool(state.sticky_queue)
    queue = state.sticky_queue if sticky else state.queue
    if speculative:
        _hold(turn, queue, sticky=sticky, speculative=True)
    else:
        turn.add(scheduled.event(state, queue, turn.at, 1, sticky=sticky))
    _offer(turn)


def _hold(turn: Turn, queue: str, *, sticky: bool, speculative: bool) -> None:
    turn.mark(
        TaskHeld(
            attempt=turn.state.task_attempt,
            scheduled_at=turn.at,
            queue=queue,
            sticky=sticky,
            speculative=speculative,
        )
    )


def _offer(turn: Turn) -> None:
    task = turn.state.task
    assert task is not None, "only a scheduled task is offered"
    turn.ask(
        OfferTask(
            queue=versioning.queue_key(turn.state, task.queue, WORKFLOW),
            event_id=task.scheduled_event_id,
            attempt=task.attempt,
            urgency=priorities.urgency(priorities.of_run(turn.state)),
            sticky=task.sticky,
            prefers_ramp=versioning.prefers_ramp(turn.state),
        )
    )


def move(turn: Turn) -> None:
    """The run's tasks go to other workers from now on, and so does the one that waits."""
    state = turn.state
    if state.sticky_queue:
        turn.mark(StickySet(queue="", schedule_to_start_ns=0))
    if state.task is not None and not state.task.is_started:
        turn.ask(DropTask(kind=WORKFLOW, event_id=state.task.scheduled_event_id))
        _offer(turn)


def start(
    turn: Turn,
    scheduled_event_id: int,
    attempt: int,
    request_id: str,
    identity: str,
    *,
    target: str | None = None,
) -> None:
    """A poller takes the task; the same request again gets the same answer."""
    task = turn.state.task
    if task is None or task.scheduled_event_id != scheduled_event_id or task.attempt != attempt:
        raise TaskNotFound("Workflow task not found.")
    if task.is_started:
        if task.request_id != request_id:
            raise TaskNotFound("Workflow task already started.")
        turn.reply(started_answer(turn.state))
        return
    if task.held and task.scheduled_event_id != turn.state.next_event_id:
        turn.write_down(task)
    turn.ask(DropTask(kind=WORKFLOW, event_id=scheduled_event_id))
    if target is not None:
        _note_target(turn, target)
    taken = TaskTaken(
        started_at=turn.at,
        request_id=request_id,
        identity=identity,
        history_bytes=turn.state.history_bytes,
        reasons=tuple(scheduled.reasons_to_continue(turn.state, turn.limits)),
    )
    if task.held:
        turn.mark(taken)
    else:
        turn.add(_started_event(turn, task.scheduled_event_id, taken))
    turn.reply(started_answer(turn.state))


def _note_target(turn: Turn, target: str) -> None:
    news = versioning.news(turn.state, target)
    if news != turn.state.noted_target:
        turn.mark(TargetNoted(version=news))


def _started_event(turn: Turn, scheduled_event_id: int, taken: TaskTaken) -> HistoryEvent:
    event = turn.new(EventType.EVENT_TYPE_WORKFLOW_TASK_STARTED, taken.started_at)
    has_moved_on = versioning.has_moved_on(turn.state)
    return scheduled.started(event, scheduled_event_id, taken, has_moved_on=has_moved_on)


def _taken(task: WorkflowTask) -> TaskTaken:
    """The start of a held task, from which its event is made whenever there is to be one."""
    return TaskTaken(
        started_at=task.started_at,
        request_id=task.request_id,
        identity=task.identity,
        history_bytes=task.history_bytes,
        reasons=task.reasons,
    )


def write_held(turn: Turn) -> None:
    """Give a held, started task its two events, now that it ends with something to keep."""
    task = turn.state.task
    if task is None or not task.held:
        return
    taken = _taken(task)
    turn.write_down(task, task.attempt)
    turn.add(_started_event(turn, task.scheduled_event_id, taken))


def started_answer(state: RunState) -> WorkflowTaskStarted:
    task = state.task
    assert task is not None, "a started task is answered"
    return WorkflowTaskStarted(
        run_id=state.key.run_id,
        workflow_id=state.key.workflow_id,
        workflow_type=state.workflow_type,
        scheduled_event_id=task.scheduled_event_id,
        started_event_id=task.started_event_id,
        attempt=task.attempt,
        scheduled_at=task.scheduled_at,
        started_at=task.started_at,
        previous_started_event_id=state.previous_started_event_id,
        last_event_id=state.last_event_id,
        held=_held_events(state, task) if task.held else (),
        messages=tuple(_messages(state)),
        queue=task.queue,
        run_queue=state.queue,
        sticky=task.sticky,
    )


def _held_events(state: RunState, task: WorkflowTask) -> tuple[HistoryEvent, ...]:
    head = scheduled.event(state, task.queue, task.scheduled_at, task.attempt, sticky=task.sticky)
    head.event_id = task.scheduled_event_id
    started = HistoryEvent(
        event_id=task.started_event_id,
        event_type=EventType.EVENT_TYPE_WORKFLOW_TASK_STARTED,
    )
    started.event_time.FromNanoseconds(task.started_at)
    has_moved_on, event_id = versioning.has_moved_on(state), task.scheduled_event_id
    return head, scheduled.started(started, event_id, _taken(task), has_moved_on=has_moved_on)


def _messages(state: RunState) -> list[Message]:
    """The updates that the worker is to decide on."""
    if not state.updates_in_flight:
        return []
    task = state.task
    assert task is not None, "updates are sent with a task"
    found = []
    for update in state.updates.values():
        if update.is_sent and update.request is not None and not update.accepted_event_id:
            message = Message(
                id=f"{update.update_id}/request",
                protocol_instance_id=update.update_id,
                event_id=task.started_event_id - 1,
            )
            message.body.Pack(update.request)
            found.append(message)
    return found


def check(state: RunState, given: CompleteWorkflowTask | FailWorkflowTask) -> WorkflowTask:
    """The task that a worker answers for, or TaskNotFound if it is not the one running."""
    task = state.task
    if (
        task is None
        or not task.is_started
        or task.scheduled_event_id != given.scheduled_event_id
        or task.started_event_id != given.started_event_id
        or task.attempt != given.attempt
        or given.started_at not in (0, task.started_at)
    ):
        raise TaskNotFound("Workflow task not found.")
    return task


def fail(
    turn: Turn,
    cause: WorkflowTaskFailedCause.ValueType,
    failure: Failure | None,
    identity: str,
) -> None:
    """End the running task without its commands and schedule the next one."""
    end_failed(turn, cause, failure, identity)
    _after_failure(turn)


def end_failed(
    turn: Turn,
    cause: WorkflowTaskFailedCause.ValueType,
    failure: Failure | None,
    identity: str,
) -> None:
    _write_speculative(turn)
    task = turn.state.task
    assert task is not None, "only a running task fails"
    if task.held:
        message = failure.message if failure else WorkflowTaskFailedCause.Name(cause)
        turn.mark(TaskLost(attempt=task.attempt + 1, failure=message or "failed"))
    else:
        event = turn.new(EventType.EVENT_TYPE_WORKFLOW_TASK_FAILED)
        failed = event.workflow_task_failed_event_attributes
        failed.scheduled_event_id = task.scheduled_event_id
        failed.started_event_id = task.started_event_id
        failed.cause = cause
        failed.identity = identity
        if failure is not None:
            failed.failure.CopyFrom(failure)
        turn.add(event)


def _after_failure(turn: Turn) -> None:
    if turn.flush():
        schedule(turn)
        return
    delay = _backoff(turn)
    if delay:
        turn.mark(TaskBackedOff(until=turn.at + delay))
    else:
        _schedule_retry(turn)


def _schedule_retry(turn: Turn) -> None:
    if turn.state.pause is not None:
        return
    _hold(turn, turn.state.queue, sticky=False, speculative=False)
    _offer(turn)


def withdraw(turn: Turn) -> None:
    """The run is paused: a task that no worker has yet is over, and leaves the next a first one."""
    task = turn.state.task
    if task is None or task.is_started:
        return
    turn.ask(DropTask(kind=WORKFLOW, event_id=task.scheduled_event_id))
    if task.held:
        turn.mark(TaskLost(attempt=1))
    else:
        end_failed(turn, PAUSED_BEFORE, None, "history-service")


def resume(turn: Turn) -> None:
    """The run goes on, and its worker is to look at it; also one that was to begin later."""
    if turn.state.task is None:
        schedule(turn)


def _backoff(turn: Turn) -> int:
    """Nanoseconds to wait before the next attempt; the first retries come at once."""
    quick = turn.limits.workflow_task_quick_attempts_max
    attempt = turn.state.task_attempt
    if attempt <= quick:
        return 0
    doublings = min(attempt - quick - 1, 20)
    return int(min(SECOND << doublings, turn.limits.workflow_task_retry_interval_max_ns))


def back_off_over(turn: Turn) -> None:
    state = turn.state
    if state.task or not state.task_backoff_until or state.task_backoff_until > turn.at:
        return
    if state.next_event_id == state.task_backoff_event_id:
        _schedule_retry(turn)
    else:
        # There is news since: it is the first attempt at that.
        schedule(turn)


def time_out(turn: Turn) -> None:
    """Called when the task's deadline may have come."""
    state = turn.state
    task = state.task
    if task is None:
        return
    if task.is_started:
        if task.started_at + task.timeout_ns <= turn.at:
            _time_out(turn, task, TimeoutType.TIMEOUT_TYPE_START_TO_CLOSE)
            # The next is not put off: this one has waited, and after some the next has more time.
            if turn.flush():
                schedule(turn)
            else:
                _schedule_retry(turn)
    elif task.sticky and task.scheduled_at + state.sticky_timeout_ns <= turn.at:
        turn.ask(DropTask(kind=WORKFLOW, event_id=task.scheduled_event_id))
        speculative = task.speculative
        _time_out(turn, task, TimeoutType.TIMEOUT_TYPE_SCHEDULE_TO_START)
        schedule(turn, speculative=speculative)


def _write_speculative(turn: Turn) -> None:
    """A task for updates alone leaves no trace where they are refused, but does where it fails."""
    if turn.state.task is not None and turn.state.task.speculative:
        write_held(turn)


def _time_out(turn: Turn, task: WorkflowTask, kind: TimeoutType.ValueType) -> None:
    if task.is_started:
        _write_speculative(turn)
        task = turn.state.task or task
    if task.held:
        lost_attempt = task.attempt + 1 if task.is_started else 1
        turn.mark(TaskLost(attempt=lost_attempt, failure="timed out" if task.is_started else ""))
        if not task.is_started:
            turn.mark(StickySet(queue="", schedule_to_start_ns=0))
        return
    event = turn.new(EventType.EVENT_TYPE_WORKFLOW_TASK_TIMED_OUT)
    timed_out = event.workflow_task_timed_out_event_attributes
    timed_out.scheduled_event_id = task.scheduled_event_id
    timed_out.started_event_id = task.started_event_id
    timed_out.timeout_type = kind
    turn.add(event)
