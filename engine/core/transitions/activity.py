"""Activities.

    (none) ──schedule──▶ waiting ──start──▶ running ──complete · fail · cancel · time out──▶ (none)
                            ▲                  │ an attempt fails and may be retried
                            └──back-off over── retrying

The ActivityTaskStarted event is written with the closing one: a retried attempt leaves a mark,
not an event, so that a thousand attempts do not grow the history.
"""

from __future__ import annotations

from temporalio.api.command.v1 import ScheduleActivityTaskCommandAttributes
from temporalio.api.common.v1 import Payload, Payloads
from temporalio.api.enums.v1 import EventType, RetryState, TimeoutType
from temporalio.api.failure.v1 import Failure

from engine.core import deadlines, priorities, retry, timeouts
from engine.core.effects import ActivityStarted, DropTask, HeartbeatAnswer, OfferTask, Refuse
from engine.core.inputs import ActivityTarget, Heartbeat, StartActivity
from engine.core.keys import ACTIVITY, QueueKey, derived_id
from engine.core.marks import ActivityBeat, ActivityReoffered, ActivityTaken
from engine.core.state import Activity
from engine.core.transitions import attempts
from engine.core.turn import Turn
from engine.core.versioning import queue_key
from engine.errors import InvalidArgument, TaskNotFound
from engine.protocol import failures
from engine.protocol.copying import copy_set, normal_queue

T = TimeoutType
_COPIED = (
    "schedule_to_close_timeout",
    "schedule_to_start_timeout",
    "start_to_close_timeout",
    "heartbeat_timeout",
    "header",
    "input",
    "priority",
)
# What an activity's details say that was cancelled before any worker had it.
NOT_STARTED = Payloads(
    payloads=[Payload(metadata={"encoding": b"json/plain"}, data=b'"ACTIVITY_ID_NOT_STARTED"')]
)
NOT_PENDING = "invalid activityID or activity already timed out or invoking workflow is completed"
TIMEOUT_MESSAGES = {
    T.TIMEOUT_TYPE_SCHEDULE_TO_CLOSE: (
        "Not enough time to schedule next retry before activity ScheduleToClose timeout, "
        "giving up retrying"
    ),
    T.TIMEOUT_TYPE_SCHEDULE_TO_START: "activity ScheduleToStart timeout",
    T.TIMEOUT_TYPE_START_TO_CLOSE: "activity StartToClose timeout",
    T.TIMEOUT_TYPE_HEARTBEAT: "activity Heartbeat timeout",
}


def schedule(
    turn: Turn,
    command: ScheduleActivityTaskCommandAttributes,
    completed_event_id: int,
) -> None:
    event = turn.new(EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED)
    attributes = event.activity_task_scheduled_event_attributes
    attributes.activity_id = command.activity_id
    attributes.activity_type.CopyFrom(command.activity_type)
    attributes.task_queue.CopyFrom(normal_queue(command.task_queue, turn.state.queue))
    copy_set(command, attributes, _COPIED)
    timeouts.fit_activity(attributes, _run_timeout(turn))
    attributes.retry_policy.CopyFrom(retry.with_defaults(command.retry_policy))
    attributes.workflow_task_completed_event_id = completed_event_id
    attributes.use_workflow_build_id = command.use_workflow_build_id
    turn.add(event)
    offer(turn, event.event_id)


def _run_timeout(turn: Turn) -> int:
    start = turn.state.start
    return start.workflow_run_timeout.ToNanoseconds() if start is not None else 0


def offer(turn: Turn, scheduled_event_id: int) -> None:
    """One of another queue than the run's goes where that queue is routed; of a run that is paused
    none goes."""
    state, activity = turn.state, turn.state.activities[scheduled_event_id]
    if state.pause is not None:
        return
    queue = QueueKey(state.key.namespace_id, activity.queue, ACTIVITY)
    if activity.queue == state.queue:
        queue = queue_key(state, activity.queue, ACTIVITY)
    turn.ask(
        OfferTask(
            queue=queue,
            event_id=scheduled_event_id,
            attempt=activity.attempt,
            urgency=priorities.urgency(priorities.of_activity(state, activity)),
        )
    )


def offer_again(turn: Turn, scheduled_event_id: int) -> None:
    """Unless a rule would have it wait."""
    activity = turn.state.activities[scheduled_event_id]
    if not attempts.is_held_by_a_rule(turn, scheduled_event_id, activity):
        offer(turn, scheduled_event_id)


def start(turn: Turn, given: StartActivity) -> None:
    """A rule is asked here about the first attempt; about a later one, before it is offered."""
    activity = turn.state.activities.get(given.scheduled_event_id)
    if activity is None or activity.attempt != given.attempt or activity.retry_at > turn.at:
        raise TaskNotFound("Activity task not found.")
    if activity.started_at and activity.request_id != given.request_id:
        raise TaskNotFound("Activity task already started.")
    if not activity.started_at:
        if activity.paused_at or turn.state.pause is not None:
            raise TaskNotFound("Activity task is paused.")
        is_first = turn.rules and activity.attempt == 1
        if is_first and attempts.is_held_by_a_rule(turn, given.scheduled_event_id, activity):
            turn.ask(Refuse(TaskNotFound("Activity task is paused.")))
            return
        turn.ask(DropTask(kind=ACTIVITY, event_id=given.scheduled_event_id))
        turn.mark(_taken(turn, given))
    turn.reply(started_answer(turn, activity))


def start_eagerly(turn: Turn, event_id: int, identity: str, version: str) -> ActivityStarted:
    """Given back with the answer to the task that scheduled it; no queue sees it."""
    given = StartActivity(
        at=turn.at,
        scheduled_event_id=event_id,
        attempt=1,
        request_id=derived_id(turn.state.key.run_id, event_id, "eager"),
        identity=identity,
        version=version,
    )
    turn.mark(_taken(turn, given))
    return started_answer(turn, turn.state.activities[event_id])


def _taken(turn: Turn, given: StartActivity) -> ActivityTaken:
    return ActivityTaken(
        scheduled_event_id=given.scheduled_event_id,
        attempt=given.attempt,
        started_at=turn.at,
        request_id=given.request_id,
        identity=given.identity,
        version=given.version,
    )


def started_answer(turn: Turn, activity: Activity) -> ActivityStarted:
    state = turn.state
    return ActivityStarted(
        workflow_id=state.key.workflow_id,
        run_id=state.key.run_id,
        workflow_type=state.workflow_type,
        scheduled=activity.scheduled,
        attempt=activity.attempt,
        scheduled_at=activity.scheduled_at,
        current_attempt_scheduled_at=activity.attempt_scheduled_at,
        started_at=activity.started_at,
        heartbeat=activity.beat,
        options=activity.options,
        priority=priorities.of_activity(state, activity),
    )


def find(turn: Turn, target: ActivityTarget) -> tuple[int, Activity]:
    """The running activity that an answer is meant for, or TaskNotFound."""
    state = turn.state
    event_id = target.scheduled_event_id or state.activity_ids.get(target.activity_id, 0)
    activity = state.activities.get(event_id)
    by_id = not target.scheduled_event_id
    if activity is None and by_id:
        raise TaskNotFound(
            f"cannot find pending activity with ActivityID {target.activity_id}, check workflow"
            " execution history for more details"
        )
    if activity is None or not (
        by_id or (activity.started_at and activity.attempt == target.attempt)
    ):
        raise TaskNotFound(NOT_PENDING)
    return event_id, activity


def find_started(turn: Turn, target: ActivityTarget) -> tuple[int, Activity]:
    event_id, activity = find(turn, target)
    if not activity.started_at:
        raise TaskNotFound(NOT_PENDING)
    return event_id, activity


def complete(turn: Turn, target: ActivityTarget, result: Payloads, identity: str) -> None:
    """By id, even an attempt that no worker has, in back-off say, can be completed."""
    event_id, activity = find(turn, target)
    _record_started(turn, event_id, activity, identity)
    event = turn.new(EventType.EVENT_TYPE_ACTIVITY_TASK_COMPLETED)
    attributes = event.activity_task_completed_event_attributes
    if result.payloads:
        attributes.result.CopyFrom(result)
    attributes.scheduled_event_id = event_id
    attributes.started_event_id = _started_event_id(turn, event_id)
    attributes.identity = identity
    turn.record(event)


def _record_started(turn: Turn, event_id: int, activity: Activity, identity: str = "") -> None:
    if not activity.started_at:
        turn.ask(DropTask(kind=ACTIVITY, event_id=event_id))
    event = turn.new(EventType.EVENT_TYPE_ACTIVITY_TASK_STARTED, activity.started_at or turn.at)
    attributes = event.activity_task_started_event_attributes
    attributes.scheduled_event_id = event_id
    attributes.identity = activity.identity or identity
    attributes.request_id = activity.request_id
    attributes.attempt = activity.attempt
    if activity.last_failure is not None:
        attributes.last_failure.CopyFrom(activity.last_failure)
    turn.record(event)


def _started_event_id(turn: Turn, scheduled_event_id: int) -> int:
    """Of the event just recorded; 0 where it is held back (it is wired when it is written)."""
    if turn.events and turn.events[-1].HasField("activity_task_started_event_attributes"):
        started = turn.events[-1]
        if started.activity_task_started_event_attributes.scheduled_event_id == scheduled_event_id:
            return started.event_id
    return 0


def fail(
    turn: Turn, target: ActivityTarget, failure: Failure, identity: str, beat: Payloads | None
) -> bool:
    """Whether the activity is over; else its next attempt has a time."""
    event_id, activity = find_started(turn, target)
    if beat is not None and beat.payloads:
        turn.mark(ActivityBeat(scheduled_event_id=event_id, at=turn.at, details=beat))
    kept = failures.truncated(failure, turn.limits.payload_bytes_max)
    decision = attempts.decide(turn, event_id, activity, kept)
    if decision.delay_ns is not None:
        attempts.retry_later(turn, event_id, kept, decision.delay_ns, identity)
        return False
    _record_started(turn, event_id, activity)
    event = turn.new(EventType.EVENT_TYPE_ACTIVITY_TASK_FAILED)
    attributes = event.activity_task_failed_event_attributes
    attributes.failure.CopyFrom(kept)
    attributes.scheduled_event_id = event_id
    attributes.started_event_id = _started_event_id(turn, event_id)
    attributes.identity = identity
    attributes.retry_state = decision.state
    turn.record(event)
    return True


def cancel(turn: Turn, target: ActivityTarget, details: Payloads, identity: str) -> None:
    event_id, activity = find(turn, target)
    if not activity.cancel_requested:
        raise InvalidArgument(
            "unable to mark activity as canceled without activity being request canceled first"
        )
    _record_started(turn, event_id, activity, identity)
    _record_canceled(turn, event_id, activity, details, identity)


def _record_canceled(
    turn: Turn, event_id: int, activity: Activity, details: Payloads | None, identity: str
) -> None:
    event = turn.new(EventType.EVENT_TYPE_ACTIVITY_TASK_CANCELED)
    attributes = event.activity_task_canceled_event_attributes
    if details is not None and details.payloads:
        attributes.details.CopyFrom(details)
    attributes.latest_cancel_requested_event_id = activity.cancel_requested_event_id
    attributes.scheduled_event_id = event_id
    attributes.started_event_id = _started_event_id(turn, event_id)
    attributes.identity = identity
    turn.record(event)


def request_cancel(
    turn: Turn, scheduled_event_id: int, completed_event_id: int, identity: str
) -> bool:
    """One that no worker has is cancelled at once; a running one learns it by its heartbeat.

    Whether it is over with that: then the workflow is to hear of it.
    """
    event = turn.new(EventType.EVENT_TYPE_ACTIVITY_TASK_CANCEL_REQUESTED)
    attributes = event.activity_task_cancel_requested_event_attributes
    attributes.scheduled_event_id = scheduled_event_id
    attributes.workflow_task_completed_event_id = completed_event_id
    turn.add(event)
    activity = turn.state.activities.get(scheduled_event_id)
    if activity is None or activity.started_at:
        return False
    turn.ask(DropTask(kind=ACTIVITY, event_id=scheduled_event_id))
    _record_canceled(turn, scheduled_event_id, activity, NOT_STARTED, identity)
    return True


def heartbeat(turn: Turn, given: Heartbeat) -> None:
    event_id, activity = find_started(turn, given.target)
    turn.mark(ActivityBeat(scheduled_event_id=event_id, at=turn.at, details=given.details))
    turn.reply(
        HeartbeatAnswer(
            cancel_requested=activity.cancel_requested,
            paused=activity.paused_at != 0,
            was_reset=activity.was_reset,
        )
    )


def wake(turn: Turn, scheduled_event_id: int) -> bool:
    """A deadline of the activity may have come; whether the activity is over."""
    activity = turn.state.activities.get(scheduled_event_id)
    if activity is None:
        return False
    due_at = deadlines.of_activity(activity)
    if not due_at:
        return False
    if due_at > turn.at:
        deadlines.expect(turn.state, due_at, deadlines.ACTIVITY, str(scheduled_event_id))
        return False
    kind = _which_is_due(activity, turn.at)
    if kind is None:
        if not attempts.is_held_by_a_rule(turn, scheduled_event_id, activity):
            turn.mark(ActivityReoffered(scheduled_event_id=scheduled_event_id, at=turn.at))
            offer(turn, scheduled_event_id)
        return False
    return _time_out(turn, scheduled_event_id, activity, kind)


def _which_is_due(activity: Activity, at: int) -> TimeoutType.ValueType | None:
    """None: the back-off is over."""
    waits = not activity.started_at and not activity.retry_at and activity.schedule_to_start_ns
    if waits and activity.attempt_scheduled_at + activity.schedule_to_start_ns <= at:
        return T.TIMEOUT_TYPE_SCHEDULE_TO_START
    if activity.schedule_to_close_ns and (
        activity.scheduled_at + activity.schedule_to_close_ns <= at
    ):
        return T.TIMEOUT_TYPE_SCHEDULE_TO_CLOSE
    if activity.started_at:
        if activity.start_to_close_ns and activity.started_at + activity.start_to_close_ns <= at:
            return T.TIMEOUT_TYPE_START_TO_CLOSE
        return T.TIMEOUT_TYPE_HEARTBEAT
    return None if activity.retry_at else T.TIMEOUT_TYPE_SCHEDULE_TO_START


def _time_out(turn: Turn, event_id: int, activity: Activity, kind: TimeoutType.ValueType) -> bool:
    failure = failures.timeout(kind, TIMEOUT_MESSAGES[kind])
    decision = attempts.decide(turn, event_id, activity, failure)
    if decision.delay_ns is not None:
        attempts.retry_later(turn, event_id, failure, decision.delay_ns)
        return False
    if kind in (T.TIMEOUT_TYPE_HEARTBEAT, T.TIMEOUT_TYPE_SCHEDULE_TO_CLOSE) and activity.beat:
        failure.timeout_failure_info.last_heartbeat_details.CopyFrom(activity.beat)
    state = decision.state
    if kind in (T.TIMEOUT_TYPE_SCHEDULE_TO_CLOSE, T.TIMEOUT_TYPE_SCHEDULE_TO_START):
        state = RetryState.RETRY_STATE_TIMEOUT
    elif state == RetryState.RETRY_STATE_TIMEOUT:
        # No time is left for another attempt: what is said is that the whole time is over.
        kind = T.TIMEOUT_TYPE_SCHEDULE_TO_CLOSE
        failure = failures.timeout(kind, TIMEOUT_MESSAGES[kind])
    if activity.last_failure is not None and not failure.HasField("cause"):
        failure.cause.CopyFrom(activity.last_failure)
    if activity.started_at:
        _record_started(turn, event_id, activity)
    else:
        turn.ask(DropTask(kind=ACTIVITY, event_id=event_id))
    event = turn.new(EventType.EVENT_TYPE_ACTIVITY_TASK_TIMED_OUT)
    attributes = event.activity_task_timed_out_event_attributes
    attributes.failure.CopyFrom(failure)
    attributes.scheduled_event_id = event_id
    attributes.started_event_id = _started_event_id(turn, event_id)
    attributes.retry_state = state
    turn.record(event)
    return True
