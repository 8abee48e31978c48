"""Files of time zones: the real ones are in order, those that would harm their reader are not."""

from collections.abc import Callable
from pathlib import Path
from zoneinfo import TZPATH, available_timezones

import pytest

from engine.core.schedule import tzif
from tests.support.zones import file_of

BERLIN = file_of("Europe/Berlin")
#: Where the second header is, and what it heads.
SECOND = BERLIN.index(b"TZif", 4)
RULE = b"\nCET-1CEST,M3.5.0,M10.5.0/3\n"
TIMES, TYPES, LETTERS = (
    int.from_bytes(BERLIN[SECOND + place : SECOND + place + 4]) for place in (32, 36, 40)
)
INDEXES = SECOND + 44 + TIMES * 8


def test_every_zone_of_the_system_is_in_order() -> None:
    files = [Path(at, name) for at in TZPATH for name in available_timezones()]
    found = [file.read_bytes() for file in files if file.is_file()]

    for file in found:
        tzif.check(file)
    assert len(found) > 100


def at(place: int, *to: int) -> Callable[[bytes], bytes]:
    return lambda file: file[:place] + bytes(to) + file[place + len(to) :]


def with_rule(rule: str) -> Callable[[bytes], bytes]:
    return lambda file: file.removesuffix(RULE) + f"\n{rule}\n".encode()


@pytest.mark.parametrize(
    "rule",
    [
        "",
        "CET-1",
        "<+0330>-3:30",
        "EST5EDT,M3.2.0,M11.1.0",
        "IST-1GMT0,M10.5.0,M3.5.0/1",
        "XXX3EDT4,0/0,J365/23",
        "EET-2EEST,M3.5.0/-1,M10.5.0/167:59:59",
    ],
)
def test_a_rule_of_the_years_to_come_is_taken(rule: str) -> None:
    tzif.check(with_rule(rule)(BERLIN))


MALFORMED: dict[str, Callable[[bytes], bytes]] = {
    "no zone": lambda file: b"PNG" + file,
    "a version that there is not": at(4, ord("9")),
    "other versions": at(SECOND + 4, ord("3")),
    "more in the first block than there is": at(32, 0x7F, 0xFF, 0xFF, 0xFF),
    "more times than there are": at(SECOND + 32, 0x7F, 0xFF, 0xFF, 0xFF),
    "no type of time": at(SECOND + 36, 0, 0, 0, 0),
    "a type that there is not": at(INDEXES, TYPES),
    "times that go back": at(SECOND + 44 + 8, *[0x80, *[0] * 7]),
    "an offset of a day": at(INDEXES + TIMES, *(86_400).to_bytes(4)),
    "a name that begins behind the last": at(INDEXES + TIMES + 5, LETTERS),
    "a last line without an end": lambda file: file[:-1],
    "no last line": lambda file: file.removesuffix(RULE),
    "a last line of zeros": with_rule("\0" * 5),
    "a rule without an offset": with_rule("CET"),
    "a rule of a day": with_rule("CET-24"),
    "summer a day ahead": with_rule("CET-23CEST,M3.5.0,M10.5.0/3"),
    "one change of two": with_rule("CET-1CEST,M3.5.0"),
    "a thirteenth month": with_rule("CET-1CEST,M13.5.0,M10.5.0"),
    "a sixth week": with_rule("CET-1CEST,M3.6.0,M10.5.0"),
    "the 366th day": with_rule("CET-1CEST,366,M10.5.0"),
    "the day before the first": with_rule("CET-1CEST,J0,M10.5.0"),
    "an hour of another week": with_rule("CET-1CEST,M3.5.0/168,M10.5.0"),
    "a very long rule": with_rule(f"<{'A' * 300}>-1"),
}


@pytest.mark.parametrize("name", MALFORMED)
def test_what_would_harm_its_reader_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="malformed"):
        tzif.check(MALFORMED[name](BERLIN))
