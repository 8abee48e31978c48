"""Links that a server wrote beside an event: where it came from or led to, in another run."""

from dataclasses import dataclass
from typing import Any

from temporalio.api.common.v1 import Link as LinkMessage

from console.gateway.events import KINDS, Event


@dataclass(frozen=True, slots=True)
class Link:
    """Without a run it is only words."""

    says: str
    namespace: str = ""
    workflow_id: str = ""
    run_id: str = ""
    event_id: int = 0


def links(event: Event) -> tuple[Link, ...]:
    return tuple(_link(one) for one in event.raw.links)


def _link(message: LinkMessage) -> Link:
    kind = message.WhichOneof("variant")
    if kind is None:
        return Link("a link of a kind that the console does not know")
    target: Any = getattr(message, kind)
    if kind == "workflow_event":
        ref = target.event_ref if target.HasField("event_ref") else target.request_id_ref
        says = KINDS[ref.event_type].word if ref.event_type in KINDS else "Event"
        number = target.event_ref.event_id
        return Link(says, target.namespace, target.workflow_id, target.run_id, number)
    if kind == "workflow":
        return Link("Run", target.namespace, target.workflow_id, target.run_id)
    told = ("job_id", "activity_id", "operation_id", "request_id")
    named = " ".join(str(getattr(target, name, "")) for name in told).split()
    return Link(" ".join([kind.replace("_", " ").capitalize(), *named]))
