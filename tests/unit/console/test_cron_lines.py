"""A calendar as a line of cron: the server makes the same calendar of it."""

import random

from temporalio.api.schedule.v1 import Range, ScheduleSpec, StructuredCalendarSpec

from console.gateway.scheduling import cron_of
from engine.core.schedule import spec

FIELDS = {
    "second": (0, 59),
    "minute": (0, 59),
    "hour": (0, 23),
    "day_of_month": (1, 31),
    "month": (1, 12),
    "year": (2024, 2090),
    "day_of_week": (0, 6),
}


def test_the_line_of_a_calendar_makes_the_same_calendar() -> None:
    dice = random.Random(20_261_127)
    for _ in range(300):
        calendar = spec.canonical(ScheduleSpec(structured_calendar=[_calendar(dice)]))
        line = cron_of(calendar.structured_calendar[0])

        again = spec.canonical(ScheduleSpec(cron_string=[line]))

        at, times = 1_800_000_000 * spec.SECOND, []
        for made in (calendar, again):
            compiled, after, found = spec.Spec(made, ""), at, []
            while len(found) < 5 and (time := compiled.next_time(after)):
                after = time.nominal
                found.append(after)
            times.append(found)
        assert times[0] == times[1], line


def _calendar(dice: random.Random) -> StructuredCalendarSpec:
    calendar = StructuredCalendarSpec(comment=dice.choice(["", "at nine"]))
    for name, (low, high) in FIELDS.items():
        for _ in range(dice.choice([0, 1, 1, 2])):
            start = dice.randint(low, high)
            end = dice.choice([0, dice.randint(start, high)])
            getattr(calendar, name).append(Range(start=start, end=end, step=dice.choice([0, 1, 2])))
    return calendar
