"""Standalone activities: an activity that is a run by itself, with no workflow's code.

    (none) ──begin──▶ waiting ──start──▶ running ──complete · fail · cancel · time out──▶ closed
                         ▲                  │ an attempt fails and may be retried
                         └──its time comes── put off: by a start delay, a back-off, a jitter

    waiting · put off ──request cancel──▶ closed          any of them ──terminate──▶ closed

An attempt leaves marks, as in a workflow. What operators do to it is `standalone_intervention`: an
attempt that was set back while it ran is followed by the first one again, however it fails.
"""

from __future__ import annotations

import json

from temporalio.api.common.v1 import Payload, Payloads
from temporalio.api.enums.v1 import EventType, RetryState, TimeoutType
from temporalio.api.failure.v1 import Failure

from engine.core import deadlines, retry, timeouts
from engine.core.effects import DropTask, EmitRecord, HeartbeatAnswer, Started
from engine.core.inputs import (
    ActivityTarget,
    CancelActivity,
    CompleteActivity,
    FailActivity,
    Heartbeat,
    RequestCancel,
    Start,
    StartActivity,
    Terminate,
)
from engine.core.keys import ACTIVITY, activity_of
from engine.core.marks import (
    ActivityBeat,
    ActivityReoffered,
    ActivityRetried,
    ActivityTaken,
    AskedToEnd,
    AttemptEnded,
)
from engine.core.state import Activity, RunState, Standalone
from engine.core.transitions import activity as in_workflow
from engine.core.transitions import start
from engine.core.turn import Turn
from engine.errors import FailedPrecondition, InvalidArgument, TaskNotFound
from engine.protocol import failures

T = TimeoutType
_TIMES = (
    "schedule_to_close_timeout",
    "schedule_to_start_timeout",
    "start_to_close_timeout",
    "heartbeat_timeout",
)
_WHOLE_TIME_OVER = "activity ScheduleToClose timeout"


def parts(state: RunState) -> tuple[int, Activity, Standalone]:
    """The activity that the run is, and the event that scheduled it."""
    assert state.standalone is not None, "the run is a standalone activity"
    event_id, activity = next(iter(state.activities.items()))
    return event_id, activity, state.standalone


def begin(turn: Turn, given: Start) -> None:
    assert given.activity is not None, "a standalone activity is said"
    start.begin(turn, given)
    event = turn.new(EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED)
    attributes = event.activity_task_scheduled_event_attributes
    attributes.CopyFrom(given.activity)
    timeouts.fit_activity(attributes, 0)
    for name in _TIMES:
        # A worker and a caller are told of each, also that there is none.
        getattr(attributes, name).SetInParent()
    attributes.retry_policy.CopyFrom(retry.with_defaults(given.activity.retry_policy))
    turn.add(event)
    offer_when_due(turn)
    turn.reply(Started(run_id=turn.state.key.run_id))


def offer_when_due(turn: Turn) -> None:
    """An attempt that waits for nothing but a worker; else its time is waited for."""
    event_id, activity, standalone = parts(turn.state)
    if activity.started_at or standalone.paused_at or activity.retry_at > turn.at:
        return
    if activity.retry_at:
        turn.mark(ActivityReoffered(scheduled_event_id=event_id, at=activity.retry_at))
    in_workflow.offer(turn, event_id)


def take(turn: Turn, given: StartActivity) -> None:
    event_id, activity, standalone = parts(turn.state)
    if given.scheduled_event_id != event_id or activity.attempt != given.attempt:
        raise missing(turn.state)
    if activity.started_at and activity.request_id != given.request_id:
        raise TaskNotFound("Activity task already started.")
    if not activity.started_at:
        if activity.retry_at > turn.at or standalone.paused_at:
            raise missing(turn.state)
        turn.ask(DropTask(kind=ACTIVITY, event_id=event_id))
        turn.mark(
            ActivityTaken(
                scheduled_event_id=event_id,
                attempt=given.attempt,
                started_at=turn.at,
                request_id=given.request_id,
                identity=given.identity,
                sdk_name=given.sdk_name,
                sdk_version=given.sdk_version,
                version=given.version,
            )
        )
    turn.reply(in_workflow.started_answer(turn, activity))


def missing(state: RunState) -> TaskNotFound:
    return TaskNotFound(f"activity not found for ID: {activity_of(state.key.workflow_id)}")


def _meant(turn: Turn, target: ActivityTarget, *, must_run: bool = True) -> Activity:
    event_id, activity, _ = parts(turn.state)
    by_token = target.scheduled_event_id != 0
    is_other = by_token and (
        (target.scheduled_event_id, target.attempt) != (event_id, activity.attempt)
        or target.started_at not in (0, activity.started_at)
    )
    if is_other or ((must_run or by_token) and not activity.started_at):
        raise missing(turn.state)
    return activity


def complete(turn: Turn, given: CompleteActivity) -> None:
    """By id, even an attempt that no worker has, in back-off say, can be completed."""
    _meant(turn, given.target, must_run=False)
    event_id, _, _ = parts(turn.state)
    turn.mark(AttemptEnded(scheduled_event_id=event_id, at=turn.at, identity=given.identity))
    event = turn.new(EventType.EVENT_TYPE_ACTIVITY_TASK_COMPLETED)
    attributes = event.activity_task_completed_event_attributes
    attributes.result.CopyFrom(given.result)
    attributes.scheduled_event_id = event_id
    attributes.identity = given.identity
    turn.close(event)


def fail(turn: Turn, given: FailActivity) -> None:
    _meant(turn, given.target)
    event_id, _, _ = parts(turn.state)
    if given.heartbeat is not None and given.heartbeat.payloads:
        beat = ActivityBeat(scheduled_event_id=event_id, at=turn.at, details=given.heartbeat)
        turn.mark(beat)
    kept = failures.truncated(given.failure, turn.limits.payload_bytes_max)
    decision = _decide(turn, kept)
    if decision.delay_ns is not None:
        _retry(turn, kept, decision.delay_ns)
        return
    turn.mark(
        AttemptEnded(scheduled_event_id=event_id, at=turn.at, failure=kept, identity=given.identity)
    )
    event = turn.new(EventType.EVENT_TYPE_ACTIVITY_TASK_FAILED)
    attributes = event.activity_task_failed_event_attributes
    attributes.failure.CopyFrom(kept)
    attributes.scheduled_event_id = event_id
    attributes.identity = given.identity
    attributes.retry_state = decision.state
    turn.close(event)


def _decide(turn: Turn, failure: Failure) -> retry.Decision:
    _, activity, standalone = parts(turn.state)
    if activity.cancel_requested:
        return retry.Decision(None, RetryState.RETRY_STATE_CANCEL_REQUESTED)
    if standalone.is_set_back:
        return retry.Decision(0, RetryState.RETRY_STATE_IN_PROGRESS)
    expires_at = deadlines.expiration(activity, standalone)
    return retry.decide(activity.retry, activity.attempt, failure, turn.at, expires_at)


def _retry(turn: Turn, failure: Failure, delay_ns: int) -> None:
    event_id, activity, standalone = parts(turn.state)
    attempt = activity.attempt
    turn.mark(
        ActivityRetried(
            scheduled_event_id=event_id,
            attempt=1 if standalone.is_set_back else attempt + 1,
            attempt_started_at=activity.started_at,
            failed_at=turn.at,
            retry_at=turn.at + delay_ns,
            failure=failure,
            identity=activity.identity,
        )
    )
    offer_when_due(turn)
    if attempt & (attempt - 1) == 0 or standalone.paused_at:
        # As a workflow's activities: often enough to find what fails for long.
        turn.ask(EmitRecord())


def cancel(turn: Turn, given: CancelActivity) -> None:
    """Its worker reports that it stopped as it was asked to."""
    activity = _meant(turn, given.target)
    if not activity.cancel_requested:
        raise InvalidArgument(
            "unable to mark activity as canceled without activity being request canceled first"
        )
    _end_canceled(turn, given.details)


def _end_canceled(turn: Turn, details: Payloads) -> None:
    event_id, _, standalone = parts(turn.state)
    event = turn.new(EventType.EVENT_TYPE_ACTIVITY_TASK_CANCELED)
    attributes = event.activity_task_canceled_event_attributes
    if details.payloads:
        attributes.details.CopyFrom(details)
    attributes.scheduled_event_id = event_id
    attributes.identity = standalone.canceled_by
    turn.close(event)


def request_cancel(turn: Turn, given: RequestCancel) -> None:
    """One that no worker has is cancelled at once; a running one learns it by its heartbeat."""
    _, activity, standalone = parts(turn.state)
    if activity.cancel_requested:
        if standalone.cancel_request_id == given.request_id:
            return
        raise FailedPrecondition(
            f"cancellation already requested with request ID {standalone.cancel_request_id}"
        )
    turn.mark(AskedToEnd(request_id=given.request_id, identity=given.identity, reason=given.cause))
    if not activity.started_at:
        said = Payload(metadata={"encoding": b"json/plain"}, data=json.dumps(given.cause).encode())
        _end_canceled(turn, Payloads(payloads=[said]))


def terminate(turn: Turn, given: Terminate) -> None:
    turn.mark(
        AskedToEnd(
            request_id=given.request_id,
            identity=given.identity,
            reason=given.reason,
            terminates=True,
        )
    )
    event = turn.new(EventType.EVENT_TYPE_WORKFLOW_EXECUTION_TERMINATED)
    attributes = event.workflow_execution_terminated_event_attributes
    attributes.reason = given.reason
    attributes.identity = given.identity
    turn.close(event)


def heartbeat(turn: Turn, given: Heartbeat) -> None:
    activity = _meant(turn, given.target)
    event_id, _, standalone = parts(turn.state)
    turn.mark(ActivityBeat(scheduled_event_id=event_id, at=turn.at, details=given.details))
    turn.reply(
        HeartbeatAnswer(
            cancel_requested=activity.cancel_requested,
            paused=standalone.paused_at != 0 and not standalone.is_set_back,
            was_reset=standalone.is_set_back,
        )
    )


def wake(turn: Turn) -> None:
    """One of its deadlines may have come."""
    event_id, activity, standalone = parts(turn.state)
    due_at = deadlines.of_activity(activity, standalone)
    if not due_at:
        return
    if due_at > turn.at:
        deadlines.expect(turn.state, due_at, deadlines.ACTIVITY, str(event_id))
        return
    kind = _which_is_due(activity, standalone, turn.at)
    if kind is None:
        offer_when_due(turn)
    elif activity.started_at and kind != T.TIMEOUT_TYPE_SCHEDULE_TO_CLOSE:
        _time_out_attempt(turn, kind)
    else:
        message = _WHOLE_TIME_OVER
        if kind == T.TIMEOUT_TYPE_SCHEDULE_TO_START:
            message = in_workflow.TIMEOUT_MESSAGES[kind]
        _time_out(turn, _at_its_end(_failure(kind, message), activity))


def _which_is_due(
    activity: Activity, standalone: Standalone, at: int
) -> TimeoutType.ValueType | None:
    """None: the attempt may start."""
    waits = not (activity.started_at or activity.retry_at or standalone.paused_at)
    if (
        waits
        and activity.schedule_to_start_ns
        and (activity.attempt_scheduled_at + activity.schedule_to_start_ns <= at)
    ):
        return T.TIMEOUT_TYPE_SCHEDULE_TO_START
    expires_at = deadlines.expiration(activity, standalone)
    if expires_at and expires_at <= at:
        return T.TIMEOUT_TYPE_SCHEDULE_TO_CLOSE
    if not activity.started_at:
        return None
    if activity.start_to_close_ns and activity.started_at + activity.start_to_close_ns <= at:
        return T.TIMEOUT_TYPE_START_TO_CLOSE
    return T.TIMEOUT_TYPE_HEARTBEAT


def _failure(kind: TimeoutType.ValueType, message: str) -> Failure:
    failure = Failure(message=message)
    failure.timeout_failure_info.timeout_type = kind
    return failure


def _at_its_end(failure: Failure, activity: Activity) -> Failure:
    """With the last beat, and what the last attempt failed with as the cause."""
    if activity.beat is not None and activity.beat.payloads:
        failure.timeout_failure_info.last_heartbeat_details.CopyFrom(activity.beat)
    if activity.last_failure is not None and activity.last_failure.ByteSize():
        failure.cause.CopyFrom(activity.last_failure)
    return failure


def _time_out_attempt(turn: Turn, kind: TimeoutType.ValueType) -> None:
    event_id, activity, _ = parts(turn.state)
    failure = _failure(kind, in_workflow.TIMEOUT_MESSAGES[kind])
    decision = _decide(turn, failure)
    if decision.delay_ns is not None:
        _retry(turn, failure, decision.delay_ns)
        return
    ended = _at_its_end(failure, activity)
    if decision.state == RetryState.RETRY_STATE_TIMEOUT:
        # No time is left for another attempt: what is said is that the whole time is over.
        whole = T.TIMEOUT_TYPE_SCHEDULE_TO_CLOSE
        told = _failure(whole, in_workflow.TIMEOUT_MESSAGES[whole])
        ended = _at_its_end(told, activity)
    turn.mark(AttemptEnded(scheduled_event_id=event_id, at=turn.at, failure=failure))
    _time_out(turn, ended, decision.state)


def _time_out(
    turn: Turn,
    failure: Failure,
    state: RetryState.ValueType = RetryState.RETRY_STATE_TIMEOUT,
) -> None:
    event_id, _, _ = parts(turn.state)
    event = turn.new(EventType.EVENT_TYPE_ACTIVITY_TASK_TIMED_OUT)
    attributes = event.activity_task_timed_out_event_attributes
    attributes.failure.CopyFrom(failure)
    attributes.scheduled_event_id = event_id
    attributes.retry_state = state
    turn.close(event)
