"""What facts about a standalone activity do; part of `apply`.

Its run has few events (begun, scheduled, ended); all else are marks. What it was when it ended
stays, as it can still be asked for.
"""

from __future__ import annotations

from collections.abc import Callable

from temporalio.api.enums.v1 import EventType as E
from temporalio.api.enums.v1 import WorkflowExecutionStatus as Status
from temporalio.api.history.v1 import HistoryEvent

from engine.core import apply_standalone_operation, marks
from engine.core.apply_work import activity_scheduled, expect_activity, use_options
from engine.core.state import Activity, RunState, Standalone
from engine.protocol.times import nanoseconds


def begin(state: RunState, event: HistoryEvent) -> None:
    attributes = event.workflow_execution_started_event_attributes
    state.standalone = Standalone(
        start_delay_ns=nanoseconds(attributes.first_workflow_task_backoff),
        links=list(event.links),
    )


def _of(state: RunState) -> tuple[Standalone, Activity]:
    assert state.standalone is not None, "only a standalone activity is meant"
    return state.standalone, next(iter(state.activities.values()))


def _scheduled(state: RunState, event: HistoryEvent) -> None:
    assert state.standalone is not None, "it has begun"
    activity_scheduled(state, event, state.standalone.start_delay_ns)


def _links_attached(state: RunState, event: HistoryEvent) -> None:
    _of(state)[0].links.extend(event.links)


_STATUS_OF_END = {
    E.EVENT_TYPE_ACTIVITY_TASK_COMPLETED: Status.WORKFLOW_EXECUTION_STATUS_COMPLETED,
    E.EVENT_TYPE_ACTIVITY_TASK_FAILED: Status.WORKFLOW_EXECUTION_STATUS_FAILED,
    E.EVENT_TYPE_ACTIVITY_TASK_CANCELED: Status.WORKFLOW_EXECUTION_STATUS_CANCELED,
    E.EVENT_TYPE_ACTIVITY_TASK_TIMED_OUT: Status.WORKFLOW_EXECUTION_STATUS_TIMED_OUT,
    E.EVENT_TYPE_WORKFLOW_EXECUTION_TERMINATED: Status.WORKFLOW_EXECUTION_STATUS_TERMINATED,
}


def _closed(state: RunState, event: HistoryEvent) -> None:
    state.status = _STATUS_OF_END[event.event_type]
    state.closed_at = event.event_time.ToNanoseconds()
    state.closing = event
    state.deadlines.clear()


APPLIERS: dict[int, Callable[[RunState, HistoryEvent], None]] = {
    E.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED: _scheduled,
    E.EVENT_TYPE_WORKFLOW_EXECUTION_OPTIONS_UPDATED: _links_attached,
    **dict.fromkeys(_STATUS_OF_END, _closed),
}


def _taken(state: RunState, mark: marks.ActivityTaken) -> None:
    standalone, _ = _of(state)
    standalone.started_at = mark.started_at
    standalone.sdk_name, standalone.sdk_version = mark.sdk_name, mark.sdk_version
    standalone.version = mark.version


def _retried(state: RunState, mark: marks.ActivityRetried) -> None:
    standalone, activity = _of(state)
    standalone.ended_at = mark.failed_at
    if standalone.forgets_beat:
        _drop_beat(standalone, activity)
    standalone.is_set_back = standalone.forgets_beat = False


def _drop_beat(standalone: Standalone, activity: Activity) -> None:
    activity.beat = None
    standalone.beat_at = 0


def _beat(state: RunState, mark: marks.ActivityBeat) -> None:
    standalone, _ = _of(state)
    standalone.beat_at = mark.at
    standalone.beats_count += 1


def _steered(state: RunState, mark: marks.ActivitySteered) -> None:
    standalone, activity = _of(state)
    activity.attempt = mark.attempt
    activity.retry_at = mark.start_at
    activity.attempt_scheduled_at = mark.attempt_scheduled_at
    activity.options = mark.options
    use_options(activity)
    if mark.drops_beat:
        _drop_beat(standalone, activity)
    standalone.start_delay_ns = mark.start_delay_ns
    standalone.paused_at = mark.paused_at
    standalone.pause_request_id = mark.pause_request_id
    standalone.is_set_back = mark.is_set_back
    standalone.forgets_beat = mark.forgets_beat
    state.execution_at = activity.scheduled_at + mark.start_delay_ns
    state.queue = activity.queue
    expect_activity(state, mark.scheduled_event_id, activity)


def _asked_to_end(state: RunState, mark: marks.AskedToEnd) -> None:
    if state.standalone_operation is not None:
        apply_standalone_operation.asked_to_end(state.standalone_operation, mark)
        return
    standalone, activity = _of(state)
    if mark.terminates:
        standalone.terminate_request_id = mark.request_id
        return
    activity.cancel_requested = True
    standalone.cancel_request_id = mark.request_id
    standalone.cancel_reason = mark.reason
    standalone.canceled_by = mark.identity
    standalone.paused_at = 0
    standalone.is_set_back = False


def _attempt_ended(state: RunState, mark: marks.AttemptEnded) -> None:
    standalone, activity = _of(state)
    standalone.started_at = activity.started_at or mark.at
    standalone.ended_at = mark.at
    if mark.identity is not None:
        activity.identity = activity.last_identity = mark.identity
    if mark.failure is not None:
        activity.last_failure = mark.failure


MARKS: dict[type, Callable[..., None]] = {
    marks.ActivitySteered: _steered,
    marks.AskedToEnd: _asked_to_end,
    marks.AttemptEnded: _attempt_ended,
}
#: Beside what they do to any activity.
ALSO: dict[type, Callable[..., None]] = {
    marks.ActivityTaken: _taken,
    marks.ActivityRetried: _retried,
    marks.ActivityBeat: _beat,
}
