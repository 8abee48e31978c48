"""What the history says of an act: its event, and what followed."""

from dataclasses import dataclass

from console.acts.presenters import followed
from console.audit.rows import ActRow
from console.gateway import histories
from console.gateway.channel import GatewayError
from console.gateway.events import Event
from console.gateway.runs import RunKey


@dataclass(frozen=True, slots=True)
class Trail:
    event_id: int | None = None
    events: tuple[Event, ...] = ()
    #: why there is nothing to see
    says: str = ""


def trail(act_id: str, row: ActRow) -> Trail:
    """One call. An outcome that names no event is looked up by the id that travelled with it."""
    key = RunKey(row.namespace, row.workflow_id, row.run_id)
    try:
        newest = histories.backward(key, size=histories.TRAIL_EVENTS).events
    except GatewayError as error:
        return Trail(row.event_id, says=str(error))
    event_id = row.event_id or histories.event_id_carrying(newest, act_id)
    if event_id is None:
        return Trail(says="No event among the newest of this run carries the id of this act.")
    return Trail(event_id, tuple(followed(newest, event_id)))
