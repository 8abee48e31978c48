"""What the events page of a history shows: rows, map, search, and one event with all it leads to.

The same for a run of the engine and for a file that somebody opened.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from console.gateway import events as gateway
from console.gateway.events import Event, Field
from console.gateway.links import Link, links
from console.gateway.payloads import Failure
from console.workflows import decoding, eventrows, minimap, searching
from console.workflows.eventrows import TROUBLE
from console.workflows.minimap import Map
from console.workflows.reading import Known


@dataclass(frozen=True, slots=True)
class EventDetail:
    id: int
    kind: str
    at: datetime
    into: timedelta | None
    facts: list[Field]
    values: list[Field]
    failures: list[tuple[str, Failure]]
    steps: list[eventrows.Step]
    #: the events that a completed workflow task asked for
    commands: list[Event]
    links: tuple[Link, ...]


def page(known: Known, asked: Mapping[str, Any]) -> dict[str, Any]:
    """For `workflows/events.html`, without its head."""
    text = asked["text"] or ""
    hits = searching.search(known, text) if text else None
    decoded = _decoded(known, hits, asked) if hits else None
    hit = _together(hits.events, decoded) if hits else []
    found = eventrows.matching(
        hit if hits else known.events, asked["kind"] or "", newest=asked["newest"]
    )
    picked = event_of(known, asked["event"])
    outside = picked is not None and picked not in found
    listed = eventrows.matching(known.events, "", newest=asked["newest"]) if outside else found
    shown = eventrows.window(
        listed,
        asked["event"],
        asked["first"],
        head=picked.head if picked else 0,
        heads={event.id: event for event in known.events if event.id == event.head},
        where=_where(text, decoded) if text else None,
        length=len(known.events),
    )
    return {
        "asked": asked,
        "window": shown,
        "hits": hits,
        "decoded": decoded,
        "unread": decoded.unread if decoded else hits.unread if hits else 0,
        "onward": _onward(asked, decoded.next_id) if decoded else "",
        "turns": eventrows.turns(found, asked["event"]) if text else None,
        "outside": outside,
        "kinds": eventrows.counts(known.events),
        "map": _map(known.events, shown, hit),
        "known": known,
        "picked": detail(known.events, picked) if picked else None,
        "again": "" if outside else _again(asked),
        "seen": min((asked["seen"] or 0) + 1, eventrows.WINDOWS_MAX),
        "full": (asked["seen"] or 0) + 1 >= eventrows.WINDOWS_MAX,
    }


def _decoded(
    known: Known, hits: searching.Found, asked: Mapping[str, Any]
) -> decoding.Decoded | None:
    """Once the whole history is here and searched: until then the page asks again and again."""
    if not known.complete or hits.searched < len(known.events):
        return None
    return decoding.look(hits, asked["text"], asked["decode"] or 1)


def _together(hits: list[Event], decoded: decoding.Decoded | None) -> list[Event]:
    if decoded is None or not decoded.events:
        return hits
    every = {event.id: event for event in (*hits, *decoded.events)}
    return [every[number] for number in sorted(every)]


def _where(
    text: str, decoded: decoding.Decoded | None
) -> Callable[[Event], searching.Snippet | None]:
    opened = decoded.snippets if decoded else {}
    return lambda event: opened.get(event.id) or searching.snippet(event, text)


def event_of(known: Known, event_id: int | None) -> Event | None:
    return next((event for event in known.events if event.id == event_id), None)


def _map(events: list[Event], shown: eventrows.Window, hits: Sequence[Event]) -> Map | None:
    ids = [row.id - 1 for row in shown.rows] or [0]
    return minimap.drawn(
        events,
        lambda event: event.at,
        lambda event: event.step in TROUBLE,
        lambda position: f"?event={events[position].id}",
        shown=(min(ids), max(ids) + 1),
        hits=[event.id - 1 for event in hits],
    )


def _again(asked: Mapping[str, Any]) -> str:
    """What the address keeps when it leads on."""
    kept = {name: str(asked[name]) for name in ("text", "kind", "decode") if asked[name]}
    return "".join(
        f"&{urlencode({name: value})}"
        for name, value in (kept | ({"newest": "on"} if asked["newest"] else {})).items()
    )


def _onward(asked: Mapping[str, Any], next_id: int) -> str:
    """To the encoded payloads from there on."""
    return "?" + _again({**asked, "decode": next_id}).removeprefix("&") if next_id else ""


def detail(events: Sequence[Event], event: Event) -> EventDetail:
    every = gateway.fields(event)
    return EventDetail(
        id=event.id,
        kind=event.kind,
        at=event.at,
        into=event.at - events[0].at if event.id > 1 else None,
        facts=[one for one in every if not one.values and one.failure is None],
        values=[one for one in every if one.values],
        failures=[(one.name, one.failure) for one in every if one.failure is not None],
        steps=eventrows.steps(events, event.head),
        commands=eventrows.commands(events, event),
        links=links(event),
    )
