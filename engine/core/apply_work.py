"""What facts about activities, timers, children and messages to other runs do; part of `apply`."""

from __future__ import annotations

from collections.abc import Callable

from temporalio.api.enums.v1 import EventType as E
from temporalio.api.history.v1 import HistoryEvent

from engine.core import marks
from engine.core.deadlines import ACTIVITY, TIMER, expect, of_activity
from engine.core.keys import derived_id
from engine.core.state import Activity, Child, Outgoing, RunState, Timer


def activity_scheduled(state: RunState, event: HistoryEvent, delay_ns: int = 0) -> None:
    """A standalone activity's first attempt may be put off."""
    given = event.activity_task_scheduled_event_attributes
    at = event.event_time.ToNanoseconds()
    activity = Activity(
        scheduled=event,
        activity_id=given.activity_id,
        activity_type=given.activity_type.name,
        queue=given.task_queue.name,
        scheduled_at=at,
        attempt_scheduled_at=at + delay_ns,
        retry_at=at + delay_ns if delay_ns else 0,
    )
    use_options(activity)
    state.activities[event.event_id] = activity
    state.activity_ids[given.activity_id] = event.event_id
    expect_activity(state, event.event_id, activity)


def use_options(activity: Activity) -> None:
    given = activity.options or activity.scheduled.activity_task_scheduled_event_attributes
    activity.queue = given.task_queue.name
    activity.schedule_to_close_ns = given.schedule_to_close_timeout.ToNanoseconds()
    activity.schedule_to_start_ns = given.schedule_to_start_timeout.ToNanoseconds()
    activity.start_to_close_ns = given.start_to_close_timeout.ToNanoseconds()
    activity.heartbeat_ns = given.heartbeat_timeout.ToNanoseconds()
    activity.retry = given.retry_policy if given.HasField("retry_policy") else None


def expect_activity(state: RunState, event_id: int, activity: Activity) -> None:
    expect(state, of_activity(activity, state.standalone), ACTIVITY, str(event_id))


def _activity_cancel_requested(state: RunState, event: HistoryEvent) -> None:
    given = event.activity_task_cancel_requested_event_attributes
    activity = state.activities.get(given.scheduled_event_id)
    if activity is not None:
        activity.cancel_requested = True
        activity.cancel_requested_event_id = event.event_id


def _drop_activity(state: RunState, scheduled_event_id: int) -> None:
    activity = state.activities.pop(scheduled_event_id, None)
    if activity is None:
        return
    state.activity_ids.pop(activity.activity_id, None)
    if activity.last_failure is not None:
        state.failing_count -= 1


def _activity_end(field: str) -> Callable[[RunState, HistoryEvent], None]:
    def end(state: RunState, event: HistoryEvent) -> None:
        _drop_activity(state, getattr(event, field).scheduled_event_id)

    return end


def _timer_started(state: RunState, event: HistoryEvent) -> None:
    given = event.timer_started_event_attributes
    timer = Timer(
        timer_id=given.timer_id,
        started_event_id=event.event_id,
        fire_at=event.event_time.ToNanoseconds() + given.start_to_fire_timeout.ToNanoseconds(),
    )
    state.timers[timer.timer_id] = timer
    expect(state, timer.fire_at, TIMER, timer.timer_id)


def _timer_fired(state: RunState, event: HistoryEvent) -> None:
    given = event.timer_fired_event_attributes
    _drop_timer(state, given.timer_id, given.started_event_id)


def _timer_canceled(state: RunState, event: HistoryEvent) -> None:
    given = event.timer_canceled_event_attributes
    _drop_timer(state, given.timer_id, given.started_event_id)


def _drop_timer(state: RunState, timer_id: str, started_event_id: int) -> None:
    timer = state.timers.get(timer_id)
    if timer is not None and timer.started_event_id == started_event_id:
        del state.timers[timer_id]


def _child_initiated(state: RunState, event: HistoryEvent) -> None:
    state.children[event.event_id] = Child(
        initiated=event.start_child_workflow_execution_initiated_event_attributes,
        initiated_event_id=event.event_id,
        initiated_at=event.event_time.ToNanoseconds(),
        run_id=derived_id(state.key.run_id, event.event_id, "child"),
    )


def _child_started(state: RunState, event: HistoryEvent) -> None:
    given = event.child_workflow_execution_started_event_attributes
    child = state.children.get(given.initiated_event_id)
    if child is not None:
        child.is_started = True
        child.started_event_id = event.event_id
        child.run_id = given.workflow_execution.run_id


def _child_end(field: str) -> Callable[[RunState, HistoryEvent], None]:
    def end(state: RunState, event: HistoryEvent) -> None:
        state.children.pop(getattr(event, field).initiated_event_id, None)

    return end


def _signal_sent(state: RunState, event: HistoryEvent) -> None:
    state.signals_out[event.event_id] = Outgoing(event=event)


def _cancel_sent(state: RunState, event: HistoryEvent) -> None:
    state.cancels_out[event.event_id] = Outgoing(event=event)


def _signal_end(field: str) -> Callable[[RunState, HistoryEvent], None]:
    def end(state: RunState, event: HistoryEvent) -> None:
        state.signals_out.pop(getattr(event, field).initiated_event_id, None)

    return end


def _cancel_end(field: str) -> Callable[[RunState, HistoryEvent], None]:
    def end(state: RunState, event: HistoryEvent) -> None:
        state.cancels_out.pop(getattr(event, field).initiated_event_id, None)

    return end


def _activity_taken(state: RunState, mark: marks.ActivityTaken) -> None:
    activity = state.activities[mark.scheduled_event_id]
    activity.started_at = mark.started_at
    activity.request_id = mark.request_id
    activity.identity = mark.identity
    activity.last_identity = mark.identity
    activity.last_version = mark.version or activity.last_version
    activity.beat_at = 0
    activity.retry_at = 0
    activity.was_reset = False
    expect_activity(state, mark.scheduled_event_id, activity)


def _activity_retried(state: RunState, mark: marks.ActivityRetried) -> None:
    activity = state.activities[mark.scheduled_event_id]
    if activity.last_failure is None:
        state.failing_count += 1
    activity.last_failure = mark.failure
    activity.last_failed_at = mark.failed_at
    activity.last_identity = mark.identity or activity.last_identity
    activity.attempt = mark.attempt
    activity.attempt_scheduled_at = mark.retry_at or activity.attempt_scheduled_at
    activity.retry_at = mark.retry_at
    activity.started_at = 0
    activity.request_id = ""
    activity.identity = ""
    expect_activity(state, mark.scheduled_event_id, activity)


def _activity_reoffered(state: RunState, mark: marks.ActivityReoffered) -> None:
    activity = state.activities[mark.scheduled_event_id]
    activity.retry_at = 0
    activity.attempt_scheduled_at = mark.at
    expect_activity(state, mark.scheduled_event_id, activity)


def _activity_paused(state: RunState, mark: marks.ActivityPaused) -> None:
    activity = state.activities[mark.scheduled_event_id]
    activity.paused_at = mark.at
    activity.paused_by = mark.identity
    activity.pause_reason = mark.reason
    activity.pause_request_id = mark.request_id
    activity.pause_rule_id = mark.rule_id
    activity.retry_at = 0


def _activity_renewed(state: RunState, mark: marks.ActivityRenewed) -> None:
    activity = state.activities[mark.scheduled_event_id]
    activity.attempt = mark.attempt
    activity.was_reset = activity.was_reset or mark.was_reset
    if not mark.keeps_paused:
        activity.paused_at = 0
        activity.paused_by = ""
        activity.pause_reason = ""
        activity.pause_rule_id = ""
    if mark.forgets_beat:
        activity.beat = None
    if mark.offered_at:
        _forget_failure(state, activity)
        activity.attempt_scheduled_at = mark.offered_at
        activity.retry_at = mark.offered_at if mark.offered_at > mark.at else 0
    expect_activity(state, mark.scheduled_event_id, activity)


def _activity_changed(state: RunState, mark: marks.ActivityChanged) -> None:
    activity = state.activities[mark.scheduled_event_id]
    activity.options = mark.options
    use_options(activity)
    if not activity.started_at:
        _forget_failure(state, activity)
    if activity.retry_at:
        activity.retry_at = activity.attempt_scheduled_at = mark.retry_at
    expect_activity(state, mark.scheduled_event_id, activity)


def _forget_failure(state: RunState, activity: Activity) -> None:
    if activity.last_failure is not None:
        activity.last_failure = None
        state.failing_count -= 1


def _activity_beat(state: RunState, mark: marks.ActivityBeat) -> None:
    # No new entry in the heap: the earlier one, when it pops, asks for the later time.
    activity = state.activities[mark.scheduled_event_id]
    activity.beat_at = mark.at
    activity.beat = mark.details


ENDS: dict[int, Callable[[RunState, HistoryEvent], None]] = {
    E.EVENT_TYPE_ACTIVITY_TASK_COMPLETED: _activity_end("activity_task_completed_event_attributes"),
    E.EVENT_TYPE_ACTIVITY_TASK_FAILED: _activity_end("activity_task_failed_event_attributes"),
    E.EVENT_TYPE_ACTIVITY_TASK_TIMED_OUT: _activity_end("activity_task_timed_out_event_attributes"),
    E.EVENT_TYPE_ACTIVITY_TASK_CANCELED: _activity_end("activity_task_canceled_event_attributes"),
    E.EVENT_TYPE_TIMER_FIRED: _timer_fired,
    E.EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_STARTED: _child_started,
    E.EVENT_TYPE_START_CHILD_WORKFLOW_EXECUTION_FAILED: _child_end(
        "start_child_workflow_execution_failed_event_attributes"
    ),
    E.EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_COMPLETED: _child_end(
        "child_workflow_execution_completed_event_attributes"
    ),
    E.EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_FAILED: _child_end(
        "child_workflow_execution_failed_event_attributes"
    ),
    E.EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_CANCELED: _child_end(
        "child_workflow_execution_canceled_event_attributes"
    ),
    E.EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_TIMED_OUT: _child_end(
        "child_workflow_execution_timed_out_event_attributes"
    ),
    E.EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_TERMINATED: _child_end(
        "child_workflow_execution_terminated_event_attributes"
    ),
    E.EVENT_TYPE_EXTERNAL_WORKFLOW_EXECUTION_SIGNALED: _signal_end(
        "external_workflow_execution_signaled_event_attributes"
    ),
    E.EVENT_TYPE_SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_FAILED: _signal_end(
        "signal_external_workflow_execution_failed_event_attributes"
    ),
    E.EVENT_TYPE_EXTERNAL_WORKFLOW_EXECUTION_CANCEL_REQUESTED: _cancel_end(
        "external_workflow_execution_cancel_requested_event_attributes"
    ),
    E.EVENT_TYPE_REQUEST_CANCEL_EXTERNAL_WORKFLOW_EXECUTION_FAILED: _cancel_end(
        "request_cancel_external_workflow_execution_failed_event_attributes"
    ),
}
APPLIERS: dict[int, Callable[[RunState, HistoryEvent], None]] = {
    E.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED: activity_scheduled,
    E.EVENT_TYPE_ACTIVITY_TASK_CANCEL_REQUESTED: _activity_cancel_requested,
    E.EVENT_TYPE_TIMER_STARTED: _timer_started,
    E.EVENT_TYPE_TIMER_CANCELED: _timer_canceled,
    E.EVENT_TYPE_START_CHILD_WORKFLOW_EXECUTION_INITIATED: _child_initiated,
    E.EVENT_TYPE_SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_INITIATED: _signal_sent,
    E.EVENT_TYPE_REQUEST_CANCEL_EXTERNAL_WORKFLOW_EXECUTION_INITIATED: _cancel_sent,
    **ENDS,
}
MARKS: dict[type, Callable[..., None]] = {
    marks.ActivityTaken: _activity_taken,
    marks.ActivityRetried: _activity_retried,
    marks.ActivityReoffered: _activity_reoffered,
    marks.ActivityBeat: _activity_beat,
    marks.ActivityPaused: _activity_paused,
    marks.ActivityRenewed: _activity_renewed,
    marks.ActivityChanged: _activity_changed,
}
