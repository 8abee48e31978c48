"""How the event reads that a workflow task was scheduled."""

from __future__ import annotations

from temporalio.api.enums.v1 import EventType, TaskQueueKind
from temporalio.api.history.v1 import HistoryEvent
from temporalio.api.taskqueue.v1 import TaskQueue

from engine.core.state import RunState


def event(state: RunState, name: str, at: int, attempt: int, *, sticky: bool) -> HistoryEvent:
    """Without its number yet; `name` is of the queue that the task is in."""
    made = HistoryEvent(event_type=EventType.EVENT_TYPE_WORKFLOW_TASK_SCHEDULED)
    made.event_time.FromNanoseconds(at)
    scheduled = made.workflow_task_scheduled_event_attributes
    scheduled.task_queue.CopyFrom(queue(state, name, sticky=sticky))
    scheduled.start_to_close_timeout.FromNanoseconds(state.task_timeout_ns)
    scheduled.attempt = attempt
    return made


def queue(state: RunState, name: str, *, sticky: bool) -> TaskQueue:
    if not sticky:
        return TaskQueue(name=name, kind=TaskQueueKind.TASK_QUEUE_KIND_NORMAL)
    return TaskQueue(name=name, kind=TaskQueueKind.TASK_QUEUE_KIND_STICKY, normal_name=state.queue)
