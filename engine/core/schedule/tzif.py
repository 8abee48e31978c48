"""Whether a file of a time zone is in order: TZif, RFC 8536. Pure.

Python's reader believes its counts and indexes, and reads for ever where the last line has no end.
"""

from __future__ import annotations

import re
import struct
from itertools import pairwise
from typing import NamedTuple

_HEADER = struct.Struct(">4sc15x6I")
_TYPE = struct.Struct(">lBB")
#: By the version that the file says: the bytes of a moment.
_OF_VERSION_1 = b"\0"
_OF_TWO_BLOCKS = {b"2", b"3", b"4"}
TYPES_MAX = 256
RULE_BYTES_MAX = 256
HOUR_SECONDS = 60 * 60
DAY_SECONDS = 24 * HOUR_SECONDS
#: A clock may change a week after the day that is named, or before it.
HOUR_OF_CHANGE_MAX = 167

_NAME = r"(?:[A-Za-z]{3,}|<[A-Za-z0-9+-]{3,}>)"
_CLOCK = r"(?::[0-5][0-9](?::[0-5][0-9])?)?"
_OFFSET = rf"[+-]?[0-9]{{1,2}}{_CLOCK}"
_DAY = r"M(?:1[0-2]|0?[1-9])\.[1-5]\.[0-6]|J?[0-9]{1,3}"
#: As in POSIX's TZ: CET-1CEST,M3.5.0,M10.5.0/3
_RULE = re.compile(
    rf"{_NAME}(?P<offset>{_OFFSET})"
    rf"(?:{_NAME}(?P<dst_offset>{_OFFSET})?"
    rf",(?P<start>{_DAY})(?:/[+-]?(?P<start_hour>[0-9]{{1,3}}){_CLOCK})?"
    rf",(?P<end>{_DAY})(?:/[+-]?(?P<end_hour>[0-9]{{1,3}}){_CLOCK})?)?"
)


class _Counts(NamedTuple):
    is_ut: int
    is_standard: int
    leaps: int
    times: int
    types: int
    letters: int

    def size(self, moment: int) -> int:
        """Of the block that they head, in bytes."""
        of_times = self.times * (moment + 1)
        of_leaps = self.leaps * (moment + 4)
        return of_times + self.types * 6 + self.letters + of_leaps + self.is_standard + self.is_ut


def check(file: bytes) -> None:
    """ValueError if it is not."""
    version, counts = _header(file, 0)
    at, moment = _HEADER.size, 4
    if version in _OF_TWO_BLOCKS:
        # Those who know of the second do not read the first.
        at += counts.size(moment)
        second, counts = _header(file, at)
        _must(second == version)
        at, moment = at + _HEADER.size, 8
    else:
        _must(version == _OF_VERSION_1)
    end = at + counts.size(moment)
    _must(end <= len(file))
    _block(file[at:end], counts, moment)
    if version in _OF_TWO_BLOCKS:
        _rule(file[end:])


def _must(be: bool) -> None:
    if not be:
        raise ValueError("malformed time zone information")


def _header(file: bytes, at: int) -> tuple[bytes, _Counts]:
    _must(at + _HEADER.size <= len(file))
    magic, version, *counts = _HEADER.unpack_from(file, at)
    _must(magic == b"TZif")
    return version, _Counts(*counts)


def _block(body: bytes, counts: _Counts, moment: int) -> None:
    _must(1 <= counts.types <= TYPES_MAX and counts.letters >= 1)
    _must(counts.is_ut in {0, counts.types} and counts.is_standard in {0, counts.types})
    times = struct.unpack_from(f">{counts.times}{'q' if moment == 8 else 'l'}", body)
    _must(all(one < other for one, other in pairwise(times)))
    at = counts.times * moment
    _must(max(body[at : at + counts.times], default=0) < counts.types)
    at += counts.times
    types = [_TYPE.unpack_from(body, at + number * _TYPE.size) for number in range(counts.types)]
    for offset, is_dst, letter in types:
        _must(abs(offset) < DAY_SECONDS and is_dst <= 1 and letter < counts.letters)
    at += counts.types * _TYPE.size
    letters = body[at : at + counts.letters]
    _must(letters.isascii() and letters.endswith(b"\0"))


def _rule(rest: bytes) -> None:
    """How the clock goes after the last of the times, in a line of its own; it may be empty."""
    _must(2 <= len(rest) <= RULE_BYTES_MAX and rest.isascii())
    line = rest[1:-1].decode()
    _must(rest == f"\n{line}\n".encode())
    if not line:
        return
    found = _RULE.fullmatch(line)
    _must(found is not None)
    assert found is not None
    standard = _seconds(found["offset"])
    other = _seconds(found["dst_offset"]) if found["dst_offset"] else standard - HOUR_SECONDS
    _must(abs(standard) < DAY_SECONDS and abs(other) < DAY_SECONDS)
    for day in (found["start"], found["end"]):
        _must(day is None or day[0] == "M" or (day[0] == "J") <= int(day.lstrip("J")) <= 365)
    for hour in (found["start_hour"], found["end_hour"]):
        _must(int(hour or 0) <= HOUR_OF_CHANGE_MAX)


def _seconds(offset: str) -> int:
    """West of Greenwich, as the rule has it."""
    parts = [int(part) for part in offset.lstrip("+-").split(":")]
    seconds = sum(part * each for part, each in zip(parts, (HOUR_SECONDS, 60, 1), strict=False))
    return -seconds if offset.startswith("-") else seconds
