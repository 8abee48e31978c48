"""Updates.

    (none) ──admit──▶ admitted ──with a task──▶ sent ──accept──▶ accepted ──respond──▶ completed
                         ▲                        │ └──reject──▶ (none)
                         └──── the task fails ────┘

Until it is accepted an update is no history: a refused one leaves nothing. It is durable all the
same, as a mark.
"""

from __future__ import annotations

from google.protobuf.message import DecodeError
from temporalio.api.enums.v1 import EventType
from temporalio.api.enums.v1 import UpdateWorkflowExecutionLifecycleStage as Stage
from temporalio.api.failure.v1 import Failure
from temporalio.api.protocol.v1 import Message
from temporalio.api.update.v1 import Acceptance, Outcome, Rejection, Request, Response

from engine.core.effects import UpdateStage
from engine.core.marks import UpdateAdmitted, UpdateRefused
from engine.core.state import RunState, Update
from engine.core.turn import Turn
from engine.errors import InvalidArgument, ResourceExhausted

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
        turn.mark(UpdateAdmitted(request=request, at=turn.at))
    turn.reply(_stage_of(state, state.updates[update_id]))
    return known is None


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
        raise ResourceExhausted(
            f"limit on number of total updates has been reached ({limits.updates_total_max})",
            CAUSE_CONCURRENT_LIMIT,
            SCOPE_NAMESPACE,
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
    turn.add(event)


def reject(turn: Turn, update_id: str, failure: Failure) -> None:
    update = turn.state.updates.get(update_id)
    if update is not None and not update.accepted_event_id:
        turn.mark(UpdateRefused(update_id=update_id, failure=failure))


def respond(turn: Turn, message: Message, body: Response) -> None:
    update = turn.state.updates[message.protocol_instance_id]
    event = turn.new(EventType.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_COMPLETED)
    attributes = event.workflow_execution_update_completed_event_attributes
    attributes.meta.update_id = message.protocol_instance_id
    attributes.meta.identity = body.meta.identity
    attributes.accepted_event_id = update.accepted_event_id
    attributes.outcome.CopyFrom(body.outcome)
    turn.add(event)


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
