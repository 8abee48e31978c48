"""Updates.

    (none) ──admit──▶ admitted ──with a task──▶ sent ──accept──▶ accepted ──respond──▶ completed
                         ▲                        │ └──reject──▶ (none)
                         └──── the task fails ────┘

Whoever asks for one with callbacks is told by them how it ended; so is who asks for one that is
there already, in an event of its own once that is accepted.

Until it is accepted an update is no history: a refused one leaves nothing. It is durable all the
same, as a mark.
"""

from __future__ import annotations

from google.protobuf.message import DecodeError
from temporalio.api.enums.v1 import EventType
from temporalio.api.enums.v1 import UpdateWorkflowExecutionLifecycleStage as Stage
from temporalio.api.failure.v1 import Failure
from temporalio.api.history.v1 import HistoryEvent
from temporalio.api.protocol.v1 import Message
from temporalio.api.update.v1 import Acceptance, Outcome, Rejection, Request, Response

from engine.core.effects import UpdateStage
from engine.core.marks import UpdateAdmitted, UpdateJoined, UpdateRefused
from engine.core.state import RunState, Update
from engine.core.transitions import completions
from engine.core.turn import Turn
from engine.errors import FailedPrecondition, InvalidArgument, ResourceExhausted

# Numbers of the protocol's ResourceExhaustedCause and Scope.
CAUSE_CONCURRENT_LIMIT, SCOPE_NAMESPACE = 2, 1
# How far an update has come, as a worker may have brought it.
UNKNOWN, ADMITTED, ACCEPTED, COMPLETED = "unknown", "admitted", "accepted", "completed"


def stage_of(state: RunState, update_id: str) -> UpdateStage | None:
    """What became of an update, its refusal included; None if the run knows nothing of it."""
    update = state.updates.get(update_id)
    if update is not None:
        return _stage_of(state, update)
    refusal = state.refusals.get(update_id)
    if refusal is None:
        return None
    return UpdateStage(
        run_id=state.key.run_id,
        stage=Stage.UPDATE_WORKFLOW_EXECUTION_LIFECYCLE_STAGE_COMPLETED,
        outcome=Outcome(failure=refusal),
    )


def _stage_of(state: RunState, update: Update) -> UpdateStage:
    if update.completed_event_id:
        stage = Stage.UPDATE_WORKFLOW_EXECUTION_LIFECYCLE_STAGE_COMPLETED
    elif update.accepted_event_id:
        stage = Stage.UPDATE_WORKFLOW_EXECUTION_LIFECYCLE_STAGE_ACCEPTED
    else:
        stage = Stage.UPDATE_WORKFLOW_EXECUTION_LIFECYCLE_STAGE_ADMITTED
    return UpdateStage(run_id=state.key.run_id, stage=stage, outcome=update.outcome)


def admit(turn: Turn, request: Request) -> bool:
    """Whether it is new; the same update id again is answered with the stage it has reached."""
    state = turn.state
    update_id = request.meta.update_id
    known = state.updates.get(update_id)
    if known is None:
        _check_room(turn)
        _check_callbacks(turn, request)
        turn.mark(UpdateAdmitted(request=request, at=turn.at))
    elif request.completion_callbacks:
        _join(turn, known, request)
    turn.reply(_stage_of(state, state.updates[update_id]))
    return known is None


def _join(turn: Turn, known: Update, request: Request) -> None:
    """Another call is to be told as well how it ended; of one that has, its answer says so."""
    if known.completed_event_id:
        return
    request_id = request.request_id
    if not request_id:
        raise InvalidArgument(
            "invalid *update.Request: request_id is required when completion_callbacks are set"
        )
    joined = {known.request_id, *(each.request_id for each in known.joined)}
    if request_id in joined or request_id in turn.state.attached_request_ids:
        return
    _check_callbacks(turn, request)
    if known.accepted_event_id:
        turn.record(_attached(turn, request))
    else:
        turn.mark(UpdateJoined(request=_of_callbacks(request)))


def _of_callbacks(request: Request) -> Request:
    kept = Request(request_id=request.request_id, completion_callbacks=request.completion_callbacks)
    kept.meta.CopyFrom(request.meta)
    return kept


def _attached(turn: Turn, request: Request) -> HistoryEvent:
    event = turn.new(EventType.EVENT_TYPE_WORKFLOW_EXECUTION_OPTIONS_UPDATED)
    event.worker_may_ignore = True
    event.workflow_execution_options_updated_event_attributes.workflow_update_options.add(
        update_id=request.meta.update_id,
        attached_request_id=request.request_id,
        attached_completion_callbacks=request.completion_callbacks,
    )
    return event


def _check_callbacks(turn: Turn, request: Request) -> None:
    there, most = len(turn.state.completions), turn.limits.completion_callbacks_max
    if there + len(request.completion_callbacks) > most:
        raise FailedPrecondition(
            f"cannot attach more than {most} callbacks to a workflow ({there} callbacks already"
            " attached)"
        )


def _check_room(turn: Turn) -> None:
    state, limits = turn.state, turn.limits
    if state.updates_in_flight >= limits.updates_in_flight_max:
        raise ResourceExhausted(
            f"limit on number of concurrent in-flight updates has been reached "
            f"({limits.updates_in_flight_max})",
            CAUSE_CONCURRENT_LIMIT,
            SCOPE_NAMESPACE,
        )
    if len(state.updates) >= limits.updates_total_max:
        raise FailedPrecondition(
            "The limit on the total number of distinct updates in this workflow has been reached"
            f" ({limits.updates_total_max}). Make sure any duplicate updates share an Update ID so"
            " the server can deduplicate them, and consider rejecting updates that you aren't"
            " going to process. You can also Continue-as-New to avoid this; we recommend you check"
            " Continue-as-New Suggested in your Workflow."
        )


def body_of(message: Message) -> Acceptance | Rejection | Response:
    """What the worker says of an update, or InvalidArgument."""
    for kind in (Acceptance, Rejection, Response):
        body = kind()
        try:
            if message.body.Unpack(body):
                return body
        except DecodeError:
            break
    raise InvalidArgument(f"unknown message body {message.body.type_url}")


def refusal(state: RunState, message: Message, reached: dict[str, str]) -> str:
    """Why the worker may not say this now; empty if it may.

    `reached` gathers how far the earlier messages of the same task bring each update.
    """
    update_id = message.protocol_instance_id
    stands = reached.get(update_id) or _stands(state.updates.get(update_id))
    body = body_of(message)
    if isinstance(body, Response):
        if stands != ACCEPTED:
            return f"update {update_id!r} is {stands}: it cannot be answered"
        reached[update_id] = COMPLETED
        return ""
    if stands == UNKNOWN and isinstance(body, Acceptance):
        if not (update_id and body.HasField("accepted_request")):
            return f"update {update_id!r} not found"
    elif stands not in (ADMITTED, UNKNOWN):
        return f"update {update_id!r} is {stands}: it cannot be accepted or refused"
    reached[update_id] = ACCEPTED if isinstance(body, Acceptance) else COMPLETED
    return ""


def _stands(update: Update | None) -> str:
    if update is None:
        return UNKNOWN
    if update.completed_event_id:
        return COMPLETED
    return ACCEPTED if update.accepted_event_id else ADMITTED


def accept(turn: Turn, message: Message, body: Acceptance) -> None:
    update = turn.state.updates.get(message.protocol_instance_id)
    request = update.request if update is not None and update.request else body.accepted_request
    event = turn.new(EventType.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED)
    attributes = event.workflow_execution_update_accepted_event_attributes
    attributes.protocol_instance_id = message.protocol_instance_id
    attributes.accepted_request_message_id = body.accepted_request_message_id
    attributes.accepted_request_sequencing_event_id = body.accepted_request_sequencing_event_id
    attributes.accepted_request.CopyFrom(request)
    for callback in request.completion_callbacks:
        event.links.extend(callback.links)
    joined = update.joined if update is not None else []
    turn.add(event)
    for other in joined:
        turn.add(_attached(turn, other))


def reject(turn: Turn, update_id: str, failure: Failure) -> None:
    update = turn.state.updates.get(update_id)
    if update is not None and not update.accepted_event_id:
        turn.mark(UpdateRefused(update_id=update_id, failure=failure))
        completions.tell_of_update(turn, update_id, Outcome(failure=failure))


def respond(turn: Turn, message: Message, body: Response) -> None:
    update = turn.state.updates[message.protocol_instance_id]
    event = turn.new(EventType.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_COMPLETED)
    attributes = event.workflow_execution_update_completed_event_attributes
    attributes.meta.update_id = message.protocol_instance_id
    attributes.meta.identity = body.meta.identity
    attributes.accepted_event_id = update.accepted_event_id
    attributes.outcome.CopyFrom(body.outcome)
    turn.add(event)
    completions.tell_of_update(turn, update.update_id, body.outcome)


def pending(state: RunState) -> list[Update]:
    """Admitted, not accepted: they still want a workflow task."""
    if not state.updates_in_flight:
        return []
    return [
        update
        for update in state.updates.values()
        if not update.accepted_event_id and not update.completed_event_id
    ]


def unprocessed(state: RunState) -> list[Update]:
    """Sent to the worker with this task, and left without a word."""
    return [update for update in pending(state) if update.is_sent]
