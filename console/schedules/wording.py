"""When a schedule acts, in plain words; pure."""

from console.gateway.schedules import Calendar, Interval, Spec
from console.ui import words

WEEKDAYS = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September",
          "October", "November", "December")  # fmt: skip
#: So many values are named one by one; more are counted.
NAMED_MAX = 6
ALL_DAYS, ALL_MONTHS, ALL_YEARS, ALL_WEEKDAYS = 31, 12, 101, 7


def sentences(spec: Spec) -> list[str]:
    """One a part, and what limits them."""
    told = [interval(each) for each in spec.intervals]
    told += [calendar(each) for each in spec.calendars]
    if not told:
        return ["Only when it is triggered"]
    if spec.calendars and spec.zone != "UTC":
        told.append(f"by the clock of {spec.zone}")
    told += [f"not {_lowered(calendar(each))}" for each in spec.excluded]
    if spec.jitter:
        told.append(f"each up to {words.whole(spec.jitter)} late, by chance")
    if spec.starts_at:
        told.append(f"from {spec.starts_at:%Y-%m-%d %H:%M} UTC")
    if spec.ends_at:
        told.append(f"until {spec.ends_at:%Y-%m-%d %H:%M} UTC")
    return told


def interval(given: Interval) -> str:
    late = f", {words.whole(given.offset)} later" if given.offset else ""
    return f"Every {words.whole(given.every).removeprefix('1 ')}{late}"


def calendar(given: Calendar) -> str:
    when = " ".join(filter(None, (_clock(given), _days(given))))
    told = when[0].upper() + when[1:]
    return f"{told} ({given.comment})" if given.comment else told


def _clock(given: Calendar) -> str:
    times = len(given.hour) * len(given.minute) * len(given.second)
    if times <= NAMED_MAX:
        named = [
            f"{hour:02}:{minute:02}" + (f":{second:02}" if second else "")
            for hour in given.hour
            for minute in given.minute
            for second in given.second
        ]
        return f"at {words.join(named)}"
    if len(given.second) > 1:
        return f"{words.plural(times, 'time')} a day"
    often = _each_hour(given.minute)
    if len(given.hour) == 24:
        return often
    if _is_run(given.hour):
        return f"{often} from {given.hour[0]:02} to {given.hour[-1]:02} o'clock"
    return f"{often} of {len(given.hour)} hours a day"


def _each_hour(minutes: tuple[int, ...]) -> str:
    if len(minutes) == 60:
        return "every minute"
    step = minutes[1] - minutes[0] if len(minutes) > 1 else 60
    if minutes == tuple(range(0, 60, step)):
        return "every hour" if step == 60 else f"every {step} minutes"
    if len(minutes) <= NAMED_MAX:
        return f"every hour at minute {words.join([str(minute) for minute in minutes])}"
    return f"{len(minutes)} times an hour"


def _is_run(values: tuple[int, ...]) -> bool:
    return values == tuple(range(values[0], values[-1] + 1))


def _days(given: Calendar) -> str:
    told = []
    if len(given.day_of_week) < ALL_WEEKDAYS:
        told.append(f"on {_weekdays(given.day_of_week)}")
    if len(given.day_of_month) < ALL_DAYS:
        told.append(f"on {_numbers('day', given.day_of_month)} of the month")
    if len(given.month) < ALL_MONTHS:
        told.append(f"in {words.join([MONTHS[month - 1] for month in given.month])}")
    if len(given.year) < ALL_YEARS:
        told.append(f"in {_numbers('', given.year)}")
    return " ".join(told) or "every day"


def _weekdays(given: tuple[int, ...]) -> str:
    if given == (1, 2, 3, 4, 5):
        return "weekdays"
    if given == (0, 6):
        return "weekends"
    return words.join([WEEKDAYS[day] for day in given])


def _numbers(name: str, given: tuple[int, ...]) -> str:
    noun = f"{name} " if len(given) == 1 else f"{name}s "
    told = words.join([str(each) for each in given[:NAMED_MAX]])
    if len(given) > NAMED_MAX:
        told = f"{given[0]} to {given[-1]}" if _is_run(given) else f"{len(given)} of them"
    return f"{noun if name else ''}{told}"


def _lowered(text: str) -> str:
    return text[:1].lower() + text[1:]
