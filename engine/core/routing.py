"""Which version the tasks of a queue go to, and which workflow ids are in a ramp's share.

A workflow id has one place among a hundred, for every queue and deployment alike: a ramp that
grows keeps whom it had. The place is that of the official server, so that a run which moves from
one to the other stays with its version: a 32-bit FarmHash fingerprint (Google, MIT licence).
"""

from __future__ import annotations

from functools import lru_cache

import msgspec

_MASK = 0xFFFFFFFF
_FIRST, _SECOND, _ADDED = 0xCC9E2D51, 0x1B873593, 0xE6546B64
PLACES_KEPT_MAX = 4_096


class Route(msgspec.Struct, frozen=True):
    """To the workers of `current`; of so many per cent of the workflow ids to those of `ramp`.

    An empty version stands for workers of none; a `ramp` of None, for no ramp.
    """

    current: str = ""
    ramp: str | None = None
    percentage: float = 0.0

    def is_ramped(self, workflow_id: str, *, prefers_ramp: bool = False) -> bool:
        if self.ramp is None:
            return False
        return prefers_ramp or place_of(workflow_id) < self.percentage

    def version_of(self, workflow_id: str) -> str:
        if self.ramp is not None and self.is_ramped(workflow_id):
            return self.ramp
        return self.current


#: Where nothing is said of a queue.
UNROUTED = Route()


@lru_cache(PLACES_KEPT_MAX)
def place_of(workflow_id: str) -> float:
    """From 0 to 100; those below a ramp's percentage go its way."""
    return fingerprint(workflow_id.encode()) * 100 / (_MASK + 1)


def fingerprint(text: bytes) -> int:
    if len(text) <= 4:
        return _of_few(text)
    if len(text) <= 12:
        return _of_some(text)
    return _of_more(text) if len(text) <= 24 else _of_many(text)


def _of_few(text: bytes) -> int:
    total, mixed = 0, 9
    for byte in text:
        signed = byte - 256 if byte > 127 else byte
        total = (total * _FIRST + signed) & _MASK
        mixed ^= total
    return _finished(_stirred(total, _stirred(len(text), mixed)))


def _of_some(text: bytes) -> int:
    size = len(text)
    first = size + _word(text, 0)
    last = size * 5 + _word(text, size - 4)
    middle = 9 + _word(text, (size >> 1) & 4)
    return _finished(_stirred(middle, _stirred(last, _stirred(first, size * 5))))


def _of_more(text: bytes) -> int:
    size = len(text)
    half = size >> 1
    first, last = _word(text, 0), _word(text, size - 4)
    right = _word(text, half)
    kept = (right * _FIRST + size) & _MASK
    turned = (_turned(_word(text, half - 4), 12) + last) & _MASK
    kept = (_stirred(_word(text, size - 8), kept) + turned) & _MASK
    turned = (_turned(turned, 3) + _word(text, size - 8)) & _MASK
    kept = (_stirred(first, kept) + turned) & _MASK
    turned = (_turned((turned + last) & _MASK, 12) + right) & _MASK
    return _finished((_stirred(_word(text, 4), kept) + turned) & _MASK)


def _of_many(text: bytes) -> int:
    size = len(text)
    ends = [_spread(_word(text, size - back)) for back in (4, 8, 16, 12, 20)]
    one = _joined(_joined(size, ends[0]), ends[2])
    two = _joined(_joined(size * _FIRST & _MASK, ends[1]), ends[3])
    three = (_turned((size * _FIRST + ends[4]) & _MASK, 19) + 113) & _MASK
    for at in range(0, (size - 1) // 20 * 20, 20):
        a, b, c, d, e = (_word(text, at + 4 * number) for number in range(5))
        one = (_stirred(d, (one + a) & _MASK) + e) & _MASK
        new = (_stirred(c, (two + b) & _MASK) + a) & _MASK
        three = (_stirred((b + e * _FIRST) & _MASK, (three + c) & _MASK) + d + new) & _MASK
        two = (new + three) & _MASK
    for turn in (11, 17):
        two = _turned(two, turn) * _FIRST & _MASK
        three = _turned(three, turn) * _FIRST & _MASK
    for other in (two, three):
        one = (_turned((one + other) & _MASK, 19) * 5 + _ADDED) & _MASK
        one = _turned(one, 17) * _FIRST & _MASK
    return one


def _word(text: bytes, at: int) -> int:
    return int.from_bytes(text[at : at + 4], "little")


def _turned(word: int, bits: int) -> int:
    return ((word >> bits) | (word << (32 - bits))) & _MASK


def _spread(word: int) -> int:
    return _turned(word * _FIRST & _MASK, 17) * _SECOND & _MASK


def _joined(into: int, word: int) -> int:
    return (_turned(into ^ word, 19) * 5 + _ADDED) & _MASK


def _stirred(word: int, into: int) -> int:
    return _joined(into, _spread(word & _MASK))


def _finished(word: int) -> int:
    word = (word ^ (word >> 16)) * 0x85EBCA6B & _MASK
    word = (word ^ (word >> 13)) * 0xC2B2AE35 & _MASK
    return word ^ (word >> 16)
