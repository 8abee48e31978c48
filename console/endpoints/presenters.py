"""Gateway dataclasses -> template rows; pure."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from console.gateway.endpoints import Endpoint
from console.gateway.task_queues import Poller, Side
from console.ui import words

#: A poll lasts a minute; who has not asked for longer than this has gone.
GONE_AFTER = timedelta(seconds=90)


@dataclass(frozen=True, slots=True)
class EndpointRow:
    """`sees`: whether the person may know the namespace that it leads to."""

    name: str
    description: str
    namespace: str
    task_queue: str
    url: str
    sees: bool
    created_at: datetime | None
    changed_at: datetime | None
    version: int


@dataclass(frozen=True, slots=True)
class Handlers:
    state: str
    word: str
    says: str
    backlog: int
    oldest: timedelta | None
    pollers: tuple[Poller, ...]


def row(one: Endpoint, sees: Callable[[str], bool]) -> EndpointRow:
    to = one.target
    may = not to.namespace or sees(to.namespace)
    return EndpointRow(
        name=one.name,
        description=one.description if may else "",
        namespace=to.namespace if may else "",
        task_queue=to.task_queue if may else "",
        url=to.url,
        sees=may,
        created_at=one.created_at,
        changed_at=one.changed_at,
        version=one.version,
    )


def rows(found: Iterable[Endpoint], sees: Callable[[str], bool]) -> list[EndpointRow]:
    return sorted((row(one, sees) for one in found), key=lambda one: one.name)


def handlers(side: Side, now: datetime) -> Handlers:
    here = tuple(
        one for one in side.pollers if one.last_seen_at and now - one.last_seen_at < GONE_AFTER
    )
    waits = words.plural(side.backlog, "operation waits", "operations wait")
    if here:
        state, word = "ok", "Polled"
        says = f"{words.plural(len(here), 'worker asks', 'workers ask')} for its operations."
    else:
        state, word = "starving", "Nobody polls"
        says = f"No worker asks for its operations{'; ' + waits if side.backlog else ''}."
    return Handlers(state, word, says, side.backlog, side.backlog_age, here)
