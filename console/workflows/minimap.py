"""A long list in a hundred lines, from its first item to its last. Pure.

A line is as wide as its items came quickly; it says whether one of them failed, and whether nothing
happened for long before it ended. The frame is what the page shows of the list.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from console.ui import words

LINES = 100
#: of the whole time: how long a wait is drawn as idle
IDLE_SHARE = 0.05
FRAME_LEAST = 1.0

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Line:
    """`url` leads to its first item."""

    y: float
    width: float
    failed: bool
    idle: bool
    hit: bool
    #: The page's window begins here.
    here: bool
    url: str

    @property
    def says(self) -> str:
        told = {
            "a failure": self.failed,
            "a long wait": self.idle,
            "a hit": self.hit,
            "what is shown": self.here,
        }
        there = words.join([word for word, is_so in told.items() if is_so])
        return f"{round(self.y)} % in" + (f": {there}" if there else "")

    @property
    def stop(self) -> bool:
        """Tab comes to it; to the others arrows lead from there."""
        return self.failed or self.idle or self.hit or self.here


@dataclass(frozen=True, slots=True)
class Map:
    lines: tuple[Line, ...]
    frame: float
    frame_height: float


def drawn(
    items: Sequence[Item],
    at: Callable[[Item], datetime],
    failed: Callable[[Item], bool],
    leads: Callable[[int], str],
    *,
    shown: tuple[int, int],
    hits: Iterable[int] = (),
) -> Map | None:
    """Positions are from 0; `leads` is the address of one. A list that needs no map has none."""
    if len(items) < LINES:
        return None
    size = len(items) / LINES
    hit = {min(int(position / size), LINES - 1) for position in hits}
    cuts = [int(number * size) for number in range(LINES)] + [len(items)]
    parts = [items[cuts[number] : cuts[number + 1]] for number in range(LINES)]
    edges = [at(items[0]), *(at(part[-1]) for part in parts)]
    lengths = [max((at(part[-1]) - at(part[0])).total_seconds(), 0.001) for part in parts]
    shortest = min(lengths)
    least = (edges[-1] - edges[0]) * IDLE_SHARE
    first, last = shown
    here = min(int(first / size), LINES - 1)
    lines = tuple(
        Line(
            y=number * 100 / LINES,
            width=round(20 + 75 * (shortest / lengths[number]) ** 0.25, 1),
            failed=any(failed(item) for item in part),
            idle=least > timedelta() and _waits(edges[number], part, at, least),
            hit=number in hit,
            here=number == here,
            url=leads(cuts[number]),
        )
        for number, part in enumerate(parts)
    )
    return Map(
        lines,
        place(first, len(items)),
        max(place(last - first, len(items)), FRAME_LEAST),
    )


def place(position: int, total: int) -> float:
    """Percent from the top."""
    return round(position * 100 / total, 1) if total else 0.0


def _waits(
    before: datetime, part: Sequence[Item], at: Callable[[Item], datetime], least: timedelta
) -> bool:
    """Whether one item of the part came so long after the one before it."""
    if at(part[-1]) - before < least:
        return False
    for item in part:
        if at(item) - before >= least:
            return True
        before = at(item)
    return False
