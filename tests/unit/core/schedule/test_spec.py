"""When a schedule acts, beside a walk that looks at every minute of the wall clock."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp
from hypothesis import given, settings
from hypothesis import strategies as st
from temporalio.api.schedule.v1 import (
    CalendarSpec,
    IntervalSpec,
    Range,
    ScheduleSpec,
    StructuredCalendarSpec,
)

from engine.core.schedule import spec as spec_module
from engine.core.schedule.spec import EXCLUDED_MAX, Spec, Time, canonical
from engine.core.schedule.wording import BadSpec
from tests.support.zones import file_of

SECOND = 1_000_000_000
MINUTE = 60
ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Africa/Casablanca",
         "Asia/Kathmandu", "Pacific/Apia"]  # fmt: skip


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * SECOND


def stamp(nanoseconds: int) -> Timestamp:
    made = Timestamp()
    made.FromNanoseconds(nanoseconds)
    return made


def seconds(count: float) -> Duration:
    made = Duration()
    made.FromNanoseconds(int(count * SECOND))
    return made


def spec(**given: object) -> Spec:
    return Spec(canonical(ScheduleSpec(**given)), "seed")  # type: ignore[arg-type]


def times(of: Spec, after: int, count: int) -> list[str]:
    found = []
    while len(found) < count and (time := of.next_time(after)) is not None:
        found.append(datetime.fromtimestamp(time.nominal // SECOND, UTC).strftime("%F %T"))
        after = time.nominal
    return found


def ranges(low: int, high: int) -> st.SearchStrategy[list[Range]]:
    one = st.builds(
        lambda a, b, step: Range(start=min(a, b), end=max(a, b), step=step),
        st.integers(low, high),
        st.integers(low, high),
        st.integers(1, 7),
    )
    return st.lists(one, max_size=2)


CALENDARS = st.builds(
    lambda minute, hour, day, month, weekday: StructuredCalendarSpec(
        minute=minute, hour=hour, day_of_month=day, month=month, day_of_week=weekday
    ),
    ranges(0, 59),
    ranges(0, 23),
    ranges(1, 31),
    ranges(1, 12),
    ranges(0, 6),
)


ALL_DAY = {
    "second": [Range(start=0, end=59)],
    "minute": [Range(start=0, end=59)],
    "hour": [Range(start=0, end=23)],
}
WHOLE_SPANS = st.builds(
    lambda hour, weekday: StructuredCalendarSpec(
        **{**ALL_DAY, "hour": hour or ALL_DAY["hour"], "day_of_week": weekday}
    ),
    ranges(0, 23),
    ranges(0, 6),
)


def shows(calendar: StructuredCalendarSpec, local: datetime) -> bool:
    """A definition of its own: nothing is shared with what it checks."""
    fields = (
        (calendar.minute, local.minute, 0),
        (calendar.hour, local.hour, 0),
        (calendar.day_of_month, local.day, None),
        (calendar.month, local.month, None),
        (calendar.day_of_week, int(local.strftime("%w")), None),
    )
    for given_ranges, value, default in fields:
        if not given_ranges:
            if default is not None and value != default:
                return False
        elif not any(value in range(r.start, r.end + 1, r.step or 1) for r in given_ranges):
            return False
    return True


@pytest.mark.parametrize("passed_over", [0, EXCLUDED_MAX])
@settings(max_examples=50, deadline=None)
@given(
    st.lists(CALENDARS, min_size=1, max_size=2),
    st.lists(st.one_of(CALENDARS, WHOLE_SPANS), max_size=2),
    st.sampled_from(ZONES),
    # Around the days on which one of the zones changes its clock.
    st.sampled_from(["2026-03-07", "2026-03-28", "2026-10-24", "2026-10-31", "2026-04-04",
                     "2026-02-14", "2028-02-28", "2011-12-29", "2026-06-01"]),
    st.integers(0, 86_400),
)  # fmt: skip
def test_it_is_what_a_walk_over_every_minute_finds(
    passed_over: int,
    calendars: list[StructuredCalendarSpec],
    excluded: list[StructuredCalendarSpec],
    zone: str,
    day: str,
    offset: int,
) -> None:
    """Both where what is excluded is passed over one by one, and where it is by days."""
    made = spec(
        structured_calendar=calendars, exclude_structured_calendar=excluded, timezone_name=zone
    )
    start = at(day) // SECOND + offset
    end = start + 3 * 86_400
    walked = []
    moment = start // MINUTE * MINUTE + MINUTE
    while moment <= end:
        local = datetime.fromtimestamp(moment, ZoneInfo(zone))
        if any(shows(c, local) for c in calendars) and not any(shows(c, local) for c in excluded):
            walked.append(moment)
        moment += MINUTE

    found, after = [], start * SECOND
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(spec_module, "EXCLUDED_MAX", passed_over)
        while (time := made.next_time(after)) is not None and time.nominal <= end * SECOND:
            found.append(time.nominal // SECOND)
            after = time.nominal

    assert found == walked


@given(st.integers(1, 100_000), st.integers(0, 100_000), st.integers(0, 2_000_000_000))
def test_an_interval_counts_from_the_epoch(every: int, phase: int, after: int) -> None:
    phase %= every
    made = spec(interval=[IntervalSpec(interval=seconds(every), phase=seconds(phase))])

    found = made.next_time(after * SECOND)

    assert found is not None
    moment = found.nominal // SECOND
    assert moment % every == phase
    assert after < moment <= after + every


@pytest.mark.parametrize(
    ("given_spec", "expected"),
    [
        ({"cron_string": ["30 2 * * *"], "timezone_name": "America/New_York"},
         ["2026-03-09 06:30:00", "2026-03-10 06:30:00"]),
        ({"cron_string": ["CRON_TZ=America/New_York 0 12 * * SUN"]}, ["2026-03-08 16:00:00"]),
        ({"cron_string": ["0 0 13 * FRI"]}, ["2026-03-13 00:00:00", "2026-11-13 00:00:00"]),
        ({"cron_string": ["@every 90m"]}, ["2026-03-08 06:00:00", "2026-03-08 07:30:00"]),
        ({"cron_string": ["@every 1h/10m"]}, ["2026-03-08 05:10:00", "2026-03-08 06:10:00"]),
        ({"cron_string": ["@hourly"]}, ["2026-03-08 06:00:00"]),
        ({"cron_string": ["*/15 6 * * * 2026"]}, ["2026-03-08 06:00:00", "2026-03-08 06:15:00"]),
        ({"cron_string": ["5 0 0 29 2 * 2028-2036/4"]},
         ["2028-02-29 00:00:05", "2032-02-29 00:00:05", "2036-02-29 00:00:05"]),
        ({"cron_string": ["0 0 * * 7"]}, ["2026-03-15 00:00:00"]),
        ({"calendar": [CalendarSpec(year="2027", month="feb-apr/2", day_of_week="mon-FRI")]},
         ["2027-02-01 00:00:00", "2027-02-02 00:00:00"]),
        ({"calendar": [CalendarSpec(day_of_month="31", month="2")]}, []),
        ({}, []),
    ],
)  # fmt: skip
def test_what_is_written_is_read(given_spec: dict[str, object], expected: list[str]) -> None:
    after = at("2026-03-08T05:00:00")

    found = times(spec(**given_spec), after, max(len(expected), 1))

    assert found[: len(expected)] == expected
    assert bool(found) == bool(expected)


@pytest.mark.parametrize(
    ("given_spec", "refusal"),
    [
        ({"cron_string": ["x * * * *"]}, "Minute is not in range [0-59]"),
        ({"cron_string": ["* * *"]}, "CronString does not have 5-7 fields"),
        ({"cron_string": ["@every x"]}, 'time: invalid duration "x"'),
        ({"cron_string": ["CRON_TZ=Europe/Berlin @daily", "TZ=UTC @daily"]},
         "conflicting timezone names"),
        ({"cron_string": ["CRON_TZ=Europe/Berlin @daily", "@hourly"]},
         "conflicting timezone names"),
        ({"cron_string": ["CRON_TZ=Europe/Berlin @daily"], "timezone_name": "UTC"},
         "conflicting timezone names"),
        ({"calendar": [CalendarSpec(hour="25")]}, "Hour is not in range [0-23]"),
        ({"calendar": [CalendarSpec(hour="9-5")]},
         "Hour End is before Start or not in range [0-23]"),
        ({"calendar": [CalendarSpec(hour="*/0")]}, "Hour has invalid Step"),
        ({"structured_calendar": [StructuredCalendarSpec(hour=[Range(start=25)])]},
         "invalid calendar spec: Hour Start is not in range [0-23]"),
        ({"structured_calendar": [StructuredCalendarSpec(hour=[Range(start=5, end=3)])]},
         "invalid calendar spec: Hour End is before Start or not in range [0-23]"),
        ({"calendar": [CalendarSpec(comment="x" * 300)]},
         "invalid calendar spec: comment is too long"),
        ({"interval": [IntervalSpec(interval=seconds(60))] * 101},
         "more than 100 calendars and intervals"),
        ({"cron_string": ["CRON_TZ=Europe/Berlin @daily", "CRON_TZ=Europe/Berlin @every 1h"]},
         "conflicting timezone names"),
        ({"cron_string": ["@every " + "1" * 100_000]}, "CronString has more than 1000 characters"),
        ({"cron_string": ["@every " + "9" * 400 + "h"]},
         f'time: invalid duration "{"9" * 400}h"'),
        ({"cron_string": ["@every 99999999999h"]}, 'time: invalid duration "99999999999h"'),
        ({"cron_string": ["*/99999999999 * * * *"]}, "Minute has invalid Step"),
        ({"cron_string": ["* * * * *"] * 50_000}, "more than 100 calendars and intervals"),
        ({"calendar": [CalendarSpec(hour="1," * 50_000)]}, "Hour has more than 1000 characters"),
        ({"structured_calendar": [StructuredCalendarSpec(hour=[Range(start=5)] * 201)]},
         "invalid calendar spec: Hour has more than 200 ranges"),
        ({"start_time": Timestamp(seconds=10**13)}, "start time is none of the years 1 to 9999"),
        ({"end_time": Timestamp(nanos=-1)}, "end time is none of the years 1 to 9999"),
        ({"timezone_name": "Mars"}, "unknown time zone Mars"),
        ({"timezone_data": b"nonsense"}, "malformed time zone information"),
        ({"timezone_name": "Europe/Berlin", "timezone_data": b"TZif2"},
         "malformed time zone information"),
        ({"timezone_data": b"x" * 70_000}, "time zone information has more than 65536 bytes"),
        ({"timezone_data": b"TZif", "cron_string": ["CRON_TZ=Europe/Berlin @daily"]},
         "conflicting timezone names"),
        ({"interval": [IntervalSpec(interval=seconds(0.5))]}, "interval is too small"),
        ({"interval": [IntervalSpec(interval=seconds(60), phase=seconds(70))]},
         "phase cannot be greater than Interval"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_refused(given_spec: dict[str, object], refusal: str) -> None:
    with pytest.raises(BadSpec) as refused:
        spec(**given_spec)

    assert str(refused.value) == refusal


def test_a_zone_that_comes_along_is_the_one_of_that_file() -> None:
    for name in ZONES[1:]:
        brought = spec(cron_string=["30 1 * * *"], timezone_data=file_of(name))
        named = spec(cron_string=["30 1 * * *"], timezone_name=name)
        misnamed = spec(
            cron_string=["30 1 * * *"], timezone_name="Mars/Base", timezone_data=file_of(name)
        )

        days = times(named, at("2026-03-01T00:00:00"), 260)

        assert times(brought, at("2026-03-01T00:00:00"), 260) == days
        assert times(misnamed, at("2026-03-01T00:00:00"), 260) == days


@pytest.mark.parametrize("name", ZONES[1:])
def test_a_zone_that_ends_before_its_last_line_does_is_refused(name: str) -> None:
    file = file_of(name)
    last_line = file.rindex(b"\n", 0, -1) + 1

    for cut in range(last_line, len(file)):
        with pytest.raises(BadSpec, match="malformed time zone information"):
            spec(timezone_data=file[:cut])


@settings(deadline=None)
@given(st.data())
def test_whatever_is_said_to_be_a_zone_is_refused_or_has_times_in_their_order(
    data: st.DataObject,
) -> None:
    file = bytearray(file_of(data.draw(st.sampled_from(ZONES[1:]))))
    for place in data.draw(st.lists(st.integers(0, len(file) - 1), max_size=4)):
        file[place] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(file)) | st.just(len(file)))
    calendars = [CalendarSpec(hour="*", minute="*/7")]
    whole_days = [CalendarSpec(day_of_week="sun", hour="*", minute="*", second="*")]
    with suppress(BadSpec):
        made = spec(
            calendar=calendars, exclude_calendar=whole_days, timezone_data=bytes(file[:cut]) or b"-"
        )

        after = data.draw(st.integers(at("1971-01-01T00:00:00"), at("2090-01-01T00:00:00")))
        found = times(made, after, 20)

        assert found == sorted(set(found))


def test_a_time_that_the_clock_shows_twice_is_acted_on_twice() -> None:
    made = spec(cron_string=["30 1 * * *"], timezone_name="America/New_York")

    assert times(made, at("2026-11-01T00:00:00"), 3) == [
        "2026-11-01 05:30:00", "2026-11-01 06:30:00", "2026-11-02 06:30:00",
    ]  # fmt: skip


def test_long_spans_that_are_excluded_are_passed_over() -> None:
    """Every second, but not in December, at weekends, or at night."""
    all_day = {"second": "*", "minute": "*", "hour": "*"}
    made = spec(
        interval=[IntervalSpec(interval=seconds(1))],
        exclude_calendar=[
            CalendarSpec(month="dec", **all_day),
            CalendarSpec(day_of_week="sat,sun", **all_day),
            CalendarSpec(second="*", minute="*", hour="0-5"),
        ],
        timezone_name="Europe/Berlin",
    )

    # The first of January 2028 is a Saturday.
    assert times(made, at("2027-11-30T22:59:58"), 2) == [
        "2027-11-30 22:59:59", "2028-01-03 05:00:00",
    ]  # fmt: skip


@pytest.mark.parametrize("after", [-(10**28), 0, 10**28])
def test_whatever_is_asked_each_time_is_a_number_in_64_bits(after: int) -> None:
    """Of an interval that never comes round, a jitter without end, years that no calendar has."""
    long = seconds(2**40)
    made = spec(
        cron_string=["0 0 1 1 *"], interval=[IntervalSpec(interval=long, phase=seconds(60))],
        jitter=long, start_time=Timestamp(seconds=-(10**10)), timezone_name="Asia/Tokyo",
    )  # fmt: skip
    told, time = list[Time](), made.next_time(after)
    while time is not None and len(told) < 200:
        told.append(time)
        time = made.next_time(time.nominal)

    assert (len(told) > 100) == (after < 10**28)
    assert all(abs(one.nominal) < 2**63 and abs(one.actual) < 2**63 for one in told)
    assert [one.nominal for one in told] == sorted(one.nominal for one in told)


def test_start_and_end_are_within() -> None:
    made = spec(
        cron_string=["0 * * * *"],
        start_time=stamp(at("2026-01-01T03:00:00")),
        end_time=stamp(at("2026-01-01T05:00:00")),
    )

    assert times(made, 0, 9) == [
        "2026-01-01 03:00:00", "2026-01-01 04:00:00", "2026-01-01 05:00:00",
    ]  # fmt: skip


@given(st.integers(1, 10_000), st.integers(1, 86_400), st.integers(0, 2_000_000_000))
def test_jitter_is_the_same_whenever_asked_and_keeps_the_order(
    jitter: int, every: int, after: int
) -> None:
    given_spec = {
        "interval": [IntervalSpec(interval=seconds(every))], "jitter": seconds(jitter)
    }  # fmt: skip
    made = spec(**given_spec)

    first = made.next_time(after * SECOND)
    assert first is not None
    second = made.next_time(first.nominal)
    assert second is not None

    assert spec(**given_spec).next_time(after * SECOND) == first
    assert first.nominal <= first.actual < first.nominal + jitter * SECOND
    assert first.actual < second.nominal


def test_schedules_jitter_apart() -> None:
    given_spec = canonical(
        ScheduleSpec(interval=[IntervalSpec(interval=seconds(3600))], jitter=seconds(3600))
    )

    late = {Spec(given_spec, f"schedule {n}").next_time(0) for n in range(20)}

    assert len(late) == 20
