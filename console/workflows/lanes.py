"""The timeline of one history: a window of its steps on one axis, and the map of them all. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from console.gateway.events import Event
from console.workflows import minimap
from console.workflows.eventrows import TROUBLE, WINDOWS_MAX
from console.workflows.groups import KINDS, Group, is_quiet, shown
from console.workflows.minimap import Map
from console.workflows.timeline import Axis, Row, axis, row

WINDOW = 100
#: Open steps that are shown above a long timeline, so that live work is always in sight.
PINNED_MAX = 20


@dataclass(frozen=True, slots=True)
class Lanes:
    axis: Axis
    rows: list[Row]
    pinned: list[Row]
    total: int
    first: int
    #: of a window that stands above; None where this is the first
    before: int | None
    next: int | None
    #: how many windows the page has, and whether that is enough
    seen: int
    full: bool
    #: what the address keeps when it leads on
    again: str
    tasks: int
    #: how many steps are folded away, or would be
    quiet: int
    kinds: list[tuple[str, str]]
    map: Map | None


def window(
    events: Sequence[Event],
    groups: list[Group],
    asked: Mapping[str, Any],
    end: datetime,
    *,
    is_open: bool,
) -> Lanes:
    """`end` is now for an open run, and the close of a closed one."""
    only = frozenset({asked["kind"]}) if asked["kind"] in KINDS else frozenset()
    wanted = shown(groups, only, asked["tasks"] or only == {"task"})
    types = asked.get("quiet_types", frozenset())
    loud = [group for group in wanted if not is_quiet(group, types)] if types else wanted
    quiet, wanted = len(wanted) - len(loud), wanted if asked["quiet"] else loud
    again = _again(asked)
    seen = (asked["seen"] or 0) + 1
    first = min(asked["first"] or 0, max(len(wanted) - 1, 0))
    part = wanted[first : first + WINDOW]
    scale = axis(events, groups, end, is_open=is_open, fold=not asked["unfold"])
    return Lanes(
        axis=scale,
        rows=[
            row(group, scale, end, minimap.place(first + number, len(wanted)))
            for number, group in enumerate(part)
        ],
        pinned=_pinned(wanted, first, scale, end),
        total=len(wanted),
        first=first,
        before=max(first - WINDOW, 0) if first else None,
        next=first + WINDOW if first + WINDOW < len(wanted) else None,
        seen=seen,
        full=seen >= WINDOWS_MAX,
        again=again,
        tasks=sum(1 for group in groups if group.category == "task"),
        quiet=quiet,
        kinds=_kinds(groups),
        map=_map(wanted, again, (first, first + len(part))),
    )


def _pinned(wanted: list[Group], first: int, scale: Axis, end: datetime) -> list[Row]:
    if first or len(wanted) <= WINDOW:
        return []
    below = (group for group in wanted[WINDOW:] if group.is_open)
    return [row(group, scale, end) for group, _ in zip(below, range(PINNED_MAX), strict=False)]


def _kinds(groups: list[Group]) -> list[tuple[str, str]]:
    there = {group.category for group in groups} - {"task"}
    return [(kind, word) for kind, word in KINDS.items() if kind in there]


def _again(asked: Mapping[str, Any]) -> str:
    ticked = "".join(f"&{name}=on" for name in ("tasks", "quiet", "unfold") if asked[name])
    return ticked + (f"&kind={asked['kind']}" if asked["kind"] in KINDS else "")


def _map(wanted: list[Group], again: str, shown: tuple[int, int]) -> Map | None:
    if len(wanted) <= WINDOW:
        return None
    return minimap.drawn(
        wanted, _began, _failed, lambda place: f"?first={place}{again}", shown=shown
    )


def _began(group: Group) -> datetime:
    return group.head.at


def _failed(group: Group) -> bool:
    return any(event.step in TROUBLE for event in group.events)
