"""The event that an act became, for its entry to point at.

The act is done by then: that its event cannot be read now is no reason to say otherwise. Whoever
looks at the entry later looks for it again, by the id that travelled with the act.
"""

from contextlib import suppress

from console.audit.record import Act
from console.gateway import histories
from console.gateway.channel import GatewayError
from console.gateway.runs import RunKey


def event_of(key: RunKey, kind: str, act: Act, identity: str = "") -> int | None:
    """`identity`: where it is not the act's own that the event bears."""
    with suppress(GatewayError):
        return histories.event_id_by(key, kind, identity or act.identity, act.id)
    return None


def event_of_update(key: RunKey, update_id: str) -> int | None:
    with suppress(GatewayError):
        return histories.update_event_id(key, update_id)
    return None
