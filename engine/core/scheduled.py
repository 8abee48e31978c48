"""What is said of a workflow task as it is scheduled and started."""

from __future__ import annotations

from temporalio.api.enums.v1 import EventType, TaskQueueKind
from temporalio.api.enums.v1 import SuggestContinueAsNewReason as Reason
from temporalio.api.history.v1 import HistoryEvent
from temporalio.api.taskqueue.v1 import TaskQueue

from engine.core.limits import Limits
from engine.core.marks import TaskTaken
from engine.core.state import RunState

SECOND = 1_000_000_000
#: A task that has failed or been late so often has more time from then on, twice as much each time:
#: a worker that is slow to load its code would be late for ever.
ATTEMPTS_IN_TIME = 3
LONGER_FIRST_NS = 5 * SECOND
LONGER_MAX_NS = 600 * SECOND
_HISTORY_TOO_LARGE = Reason.SUGGEST_CONTINUE_AS_NEW_REASON_HISTORY_SIZE_TOO_LARGE
_TOO_MANY_EVENTS = Reason.SUGGEST_CONTINUE_AS_NEW_REASON_TOO_MANY_HISTORY_EVENTS
_TOO_MANY_UPDATES = Reason.SUGGEST_CONTINUE_AS_NEW_REASON_TOO_MANY_UPDATES


def event(state: RunState, name: str, at: int, attempt: int, *, sticky: bool) -> HistoryEvent:
    """Without its number yet; `name` is of the queue that the task is in."""
    made = HistoryEvent(event_type=EventType.EVENT_TYPE_WORKFLOW_TASK_SCHEDULED)
    made.event_time.FromNanoseconds(at)
    scheduled = made.workflow_task_scheduled_event_attributes
    scheduled.task_queue.CopyFrom(queue(state, name, sticky=sticky))
    scheduled.start_to_close_timeout.FromNanoseconds(timeout_ns(state, attempt))
    scheduled.attempt = attempt
    return made


def timeout_ns(state: RunState, attempt: int) -> int:
    if attempt <= ATTEMPTS_IN_TIME:
        return state.task_timeout_ns
    doublings = min(attempt - ATTEMPTS_IN_TIME - 1, 20)
    return state.task_timeout_ns + min(LONGER_FIRST_NS << doublings, LONGER_MAX_NS)


def queue(state: RunState, name: str, *, sticky: bool) -> TaskQueue:
    if not sticky:
        return TaskQueue(name=name, kind=TaskQueueKind.TASK_QUEUE_KIND_NORMAL)
    return TaskQueue(name=name, kind=TaskQueueKind.TASK_QUEUE_KIND_STICKY, normal_name=state.queue)


def reasons_to_continue(state: RunState, limits: Limits) -> list[Reason.ValueType]:
    """What there is too much of to go on for long without a new run."""
    reasons = []
    if state.history_bytes >= limits.history_bytes_suggest_continue:
        reasons.append(_HISTORY_TOO_LARGE)
    if state.next_event_id > limits.history_events_suggest_continue:
        reasons.append(_TOO_MANY_EVENTS)
    if len(state.updates) >= limits.updates_suggest_continue:
        reasons.append(_TOO_MANY_UPDATES)
    return reasons


def started(
    event: HistoryEvent, scheduled_event_id: int, taken: TaskTaken, *, has_moved_on: bool
) -> HistoryEvent:
    """`has_moved_on`: the run's queue is routed to another version than the run."""
    said = event.workflow_task_started_event_attributes
    said.scheduled_event_id = scheduled_event_id
    said.identity = taken.identity
    said.request_id = taken.request_id
    said.history_size_bytes = taken.history_bytes
    said.suggest_continue_as_new = bool(taken.reasons)
    said.suggest_continue_as_new_reasons.extend(taken.reasons)  # type: ignore[arg-type]
    said.target_worker_deployment_version_changed = has_moved_on
    return event
