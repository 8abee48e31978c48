"""Bars of counts over time, and the axis below them: moments and counts -> percent."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from console.ui import words

HEIGHT = 40.0
BAR_LEAST = 1.2
TICKS = 4


@dataclass(frozen=True, slots=True)
class Bar:
    """What went badly stands at its foot. `query`: of the runs that it counts."""

    x: float
    width: float
    y: float
    height: float
    bad_y: float
    bad_height: float
    says: str
    query: str = ""


@dataclass(frozen=True, slots=True)
class Tick:
    x: float
    text: str
    anchor: str


@dataclass(frozen=True, slots=True)
class Count:
    """Of one bucket, and `most`, that of the largest."""

    all: int
    bad: int
    most: int


def bar(x: float, width: float, count: Count, says: str, query: str = "") -> Bar:
    height = max(count.all / count.most * HEIGHT, BAR_LEAST)
    bad_height = height * count.bad / count.all
    return Bar(
        x=round(x, 2),
        width=round(width, 2),
        y=round(HEIGHT - height, 1),
        height=round(height - bad_height, 1),
        bad_y=round(HEIGHT - bad_height, 1),
        bad_height=round(bad_height, 1),
        says=says,
        query=query,
    )


#: a tick's text from all moments that have one, and which of them it is
Label = Callable[[Sequence[datetime], int], str]


def ticks(begin: datetime, end: datetime, label: Label) -> tuple[Tick, ...]:
    """Evenly from `begin`, in the person's time zone; the end is now."""
    moments = [words.local(begin + (end - begin) / TICKS * index) for index in range(TICKS)]
    placed = [
        Tick(index * 100 / TICKS, label(moments, index), "middle" if index else "start")
        for index in range(TICKS)
    ]
    return (*placed, Tick(100.0, "now", "end"))
