"""One read of a queue in the store: which tasks it brings.

It takes the first lanes, and of each as many of its oldest tasks as its weight is among theirs.
What a lane has less goes to the others, so a read is full where there is enough.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import groupby
from typing import Protocol

from engine.matching.pages import ALL_READ, START, LaneName, Page, Wanted
from engine.ports import Task
from engine.store.tasks import Head

#: More lanes than these are read one part after the other.
LANES_READ_MAX = 500

#: Whether a task of the queue is meant, for one side of a ramp.
Meant = Callable[[Task], bool]


class Source(Protocol):
    async def lanes(self, after: LaneName, rows: int) -> list[Head]:
        """The lanes that follow, by priority and key, each as its oldest task weighs it."""

    async def oldest(self, of: Sequence[Head], counts: Sequence[int]) -> list[Task]:
        """So many of each of these lanes, which are of one priority."""


async def read(
    source: Source, wanted: Wanted, is_meant: Meant | None, lanes_max: int = LANES_READ_MAX
) -> Page:
    heads = await source.lanes(START, lanes_max)
    found: list[Task] = []
    levels = [list(level) for _, level in groupby(heads, key=lambda head: head.priority)]
    for number, level in enumerate(levels):
        priority, room = level[0].priority, wanted.count - len(found)
        is_all = len(heads) < lanes_max or number < len(levels) - 1
        part, after = level, START
        if not is_all:
            part, after = await _part(source, level, wanted.after, lanes_max)
        lanes = [_weighed(head, wanted) for head in part]
        cut = await _fill(source, found, lanes, room, is_meant)
        if not is_all:
            return Page(tasks=found, cut=cut, unread=priority, after=after)
        if cut:
            following = levels[number + 1][0].priority if number + 1 < len(levels) else ALL_READ
            return Page(tasks=found, cut=cut, unread=following)
    return Page(tasks=found)


async def _part(
    source: Source, first: list[Head], after: LaneName, lanes_max: int
) -> tuple[list[Head], LaneName]:
    """Of more lanes than one read takes: the next of them, and where the read after it begins."""
    priority = first[0].priority
    part = first
    if after[0] == priority:
        later = await source.lanes(after, lanes_max)
        part = [head for head in later if head.priority == priority] or first
    is_last = part is not first and len(part) < lanes_max
    return part, START if is_last else (priority, part[-1].key)


def _weighed(head: Head, wanted: Wanted) -> Head:
    weight = wanted.weights.get(head.key)
    return head if weight is None else head._replace(weight=weight)


async def _fill(
    source: Source, found: list[Task], lanes: Sequence[Head], room: int, is_meant: Meant | None
) -> dict[LaneName, int]:
    """Add the oldest of these lanes, about so many; those that may have more, and up to when they
    were looked at."""
    open_ = list(lanes)
    first = True
    while open_ and (first or room >= len(open_)):
        first = False
        shares = _shares(open_, room)
        rows = await source.oldest(open_, shares)
        meant = rows if is_meant is None else list(filter(is_meant, rows))
        found += meant
        room -= len(meant)
        open_ = _cut(open_, shares, rows)
    return {(lane.priority, lane.key): lane.offered_at for lane in open_}


def _shares(lanes: Sequence[Head], room: int) -> list[int]:
    whole = sum(lane.weight for lane in lanes)
    return [max(1, int(room * lane.weight / whole)) for lane in lanes]


def _cut(lanes: Sequence[Head], shares: Sequence[int], rows: Sequence[Task]) -> list[Head]:
    """Those that gave all that they were asked for, each from its last task on."""
    counts: dict[str, int] = {}
    lasts: dict[str, Task] = {}
    for row in rows:
        counts[row.key] = counts.get(row.key, 0) + 1
        lasts[row.key] = row
    return [
        lane.after(lasts[lane.key])
        for lane, share in zip(lanes, shares, strict=True)
        if counts.get(lane.key, 0) >= share
    ]
