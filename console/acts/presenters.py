"""An entry as a page of its own; pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from console.audit.models import AuditEntry
from console.audit.rows import ActRow, act_row
from console.gateway.events import Event
from console.ui import words

FOLLOWED_MAX = 8


@dataclass(frozen=True, slots=True)
class Difference:
    """One fact. None: it was not there."""

    name: str
    before: str | None
    after: str | None

    @property
    def changed(self) -> bool:
        return self.before != self.after


@dataclass(frozen=True, slots=True)
class ActPage:
    id: str
    row: ActRow
    verb: str
    differences: tuple[Difference, ...]
    asked: tuple[tuple[str, str], ...]
    has_after: bool


def act_page(entry: AuditEntry) -> ActPage:
    outcome = getattr(entry, "outcome", None)
    after = outcome.after if outcome else None
    return ActPage(
        id=str(entry.id),
        row=act_row(entry),
        verb=entry.verb,
        differences=differences(entry.before, after) if after is not None else (),
        asked=tuple(_facts(entry.asked)),
        has_after=after is not None,
    )


def differences(before: Any, after: Any) -> tuple[Difference, ...]:
    """Fact by fact, those that differ first."""
    was, now = dict(_facts(before)), dict(_facts(after))
    names = [*was, *(name for name in now if name not in was)]
    found = [Difference(name, was.get(name), now.get(name)) for name in names]
    return tuple(sorted(found, key=lambda one: not one.changed))


def followed(history: Sequence[Event], event_id: int | None) -> list[Event]:
    """The event of the act and the next ones, oldest first. Empty when it is not among them."""
    if event_id is None or not any(event.id == event_id for event in history):
        return []
    after = [event for event in history if event.id >= event_id]
    return sorted(after, key=lambda event: event.id)[:FOLLOWED_MAX]


def _facts(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """`{"retry": {"attempts": 3}}` -> ("retry.attempts", "3")."""
    if isinstance(value, dict) and (value or not name):
        for key, inner in value.items():
            yield from _facts(inner, f"{name}.{key}" if name else str(key))
    elif isinstance(value, list) and value and any(isinstance(one, dict | list) for one in value):
        for number, inner in enumerate(value):
            yield from _facts(inner, f"{name}[{number}]")
    elif value is not None or name:
        yield name, words.amounts(_text(value))


def _text(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "[]"
    return (
        {None: "none", True: "yes", False: "no"}.get(value, str(value)) if _plain(value) else "{}"
    )


def _plain(value: Any) -> bool:
    return not isinstance(value, dict)
