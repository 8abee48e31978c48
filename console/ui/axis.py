"""Bars of counts over time, and the axis below them: moments and counts -> percent."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from console.ui import words

HEIGHT = 40.0
BAR_LEAST = 1.2
TICKS_MAX = 4
STEPS = (
    *(timedelta(minutes=count) for count in (1, 2, 5, 10, 15, 30)),
    *(timedelta(hours=count) for count in (1, 2, 3, 6, 12)),
    *(timedelta(days=count) for count in (1, 2, 3, 7, 14, 30, 91, 182, 365)),
)
#: In percent: before it a text begins at its tick, after the other it would run into "now".
MIDDLE_LEAST, NOW_BEGINS = 8.0, 82.0


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


def ticks(begin: datetime, end: datetime) -> tuple[Tick, ...]:
    """At whole minutes, hours or days in the person's time zone; the end is now."""
    step = next((one for one in STEPS if (end - begin) / one <= TICKS_MAX), STEPS[-1])
    placed = []
    at = words.local(begin).replace(minute=0, second=0, microsecond=0)
    if step >= timedelta(hours=1):
        at = at.replace(hour=0)
    while (x := (at.astimezone(UTC) - begin) / max(end - begin, step) * 100) < NOW_BEGINS:
        if x >= 0:
            text = f"{at:%d %b}" if not (at.hour or at.minute) else f"{at:%H:%M}"
            placed.append(Tick(round(x, 1), text, "middle" if x > MIDDLE_LEAST else "start"))
        # by the clock on the wall: a day is over at midnight, however long it was
        at += step
    return (*placed, Tick(100.0, "now", "end"))
