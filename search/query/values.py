"""A literal, read as a value of the type of its attribute."""

import math
import re
from collections.abc import Mapping
from datetime import datetime, timedelta

from search.attributes import (
    EPOCH,
    INT_MAX,
    INT_MIN,
    STATUSES,
    VALUE_BYTES_MAX,
    Attribute,
    Value,
    ValueType,
    instant,
)
from search.query import nodes
from search.query.errors import QueryError
from search.query.hints import nearest


def read(attribute: Attribute, written: nodes.Written, now: datetime) -> Value:  # noqa: PLR0911
    if isinstance(written, nodes.Now):
        return _relative(attribute, written, now)
    match attribute.type:
        case ValueType.KEYWORD | ValueType.KEYWORD_LIST:
            return _keyword(attribute, written)
        case ValueType.TEXT:
            return text(attribute, written)
        case ValueType.INT:
            return _nanoseconds(written) if attribute.is_duration else _int(attribute, written)
        case ValueType.DOUBLE:
            return _double(attribute, written)
        case ValueType.BOOL:
            return _bool(attribute, written)
        case ValueType.DATETIME:
            return _moment(attribute, written)


def text(attribute: Attribute, written: nodes.Written) -> str:
    if not isinstance(written, nodes.Literal) or not isinstance(written.value, str):
        raise QueryError(f"{attribute.name} is compared with a text in quotes", written.position)
    if re.search(r"[\0\ud800-\udfff]", written.value):
        raise QueryError("a text cannot hold NUL or half a character", written.position)
    if len(written.value.encode(errors="surrogatepass")) > VALUE_BYTES_MAX:
        message = f"this text is longer than {VALUE_BYTES_MAX} bytes, the longest of any value"
        raise QueryError(message, written.position)
    return written.value


def _keyword(attribute: Attribute, written: nodes.Literal) -> str:
    if attribute.column != "status":
        return text(attribute, written)
    given = written.value
    if isinstance(given, int) and 0 < given < len(STATUSES):
        return STATUSES[given]
    if given in STATUSES[1:]:
        return str(given)
    hint = nearest(str(given), STATUSES[1:]) or f"one of: {', '.join(STATUSES[1:])}"
    raise QueryError(f"{given!r} is no status of an execution", written.position, hint)


def _int(attribute: Attribute, written: nodes.Literal) -> int:
    given = written.value
    if isinstance(given, str) and re.fullmatch(r"[+-]?\d{1,40}", given, re.ASCII):
        given = int(given)
    if not isinstance(given, int) or isinstance(given, bool):
        raise QueryError(f"{attribute.name} is compared with a whole number", written.position)
    return _within_int64(given, written)


def _within_int64(given: int, written: nodes.Written) -> int:
    if not INT_MIN <= given <= INT_MAX:
        raise QueryError("this number does not fit into 64 bits", written.position)
    return given


def _double(attribute: Attribute, written: nodes.Literal) -> float:
    given = written.value
    try:
        number = math.nan if isinstance(given, bool) else float(given)
    except (ValueError, OverflowError):
        number = math.nan
    if not math.isfinite(number):
        raise QueryError(f"{attribute.name} is compared with a number", written.position)
    return number


def _bool(attribute: Attribute, written: nodes.Literal) -> bool:
    given = str(written.value).lower()
    if given not in {"true", "false"}:
        raise QueryError(f"{attribute.name} is compared with true or false", written.position)
    return given == "true"


def _moment(attribute: Attribute, written: nodes.Literal) -> datetime:
    """An RFC 3339 time, or nanoseconds since the epoch."""
    given = written.value
    if isinstance(given, str) and re.fullmatch(r"\d{1,40}", given, re.ASCII):
        given = int(given)
    moment = None
    if isinstance(given, str):
        moment = instant(given)
    elif isinstance(given, int) and not isinstance(given, bool):
        moment = EPOCH + timedelta(microseconds=_within_int64(given, written) // 1_000)
    if moment is None:
        hint = "like '2024-01-01T00:00:00Z', or now() - '24h'"
        raise QueryError(f"{attribute.name} is compared with a time", written.position, hint)
    return moment


def _relative(attribute: Attribute, written: nodes.Now, now: datetime) -> datetime:
    if attribute.type is not ValueType.DATETIME:
        raise QueryError(f"{attribute.name} is no time, now() is one", written.position)
    if written.distance is None:
        return now
    distance = timedelta(microseconds=_nanoseconds(written.distance) // 1_000)
    return now - distance if written.sign == "-" else now + distance


_NANOSECONDS: Mapping[str, int] = {
    "ns": 1,
    "us": 1_000,
    "µs": 1_000,
    "ms": 1_000_000,
    "s": 1_000_000_000,
    "m": 60 * 1_000_000_000,
    "h": 3_600 * 1_000_000_000,
    "d": 86_400 * 1_000_000_000,
    "w": 7 * 86_400 * 1_000_000_000,
}
_PART = r"(\d{1,18}(?:\.\d{1,9})?)(ns|us|µs|ms|s|m|h|d|w)"
_DURATION = re.compile(rf"[+-]?(?:{_PART})+", re.ASCII)
_CLOCK = re.compile(r"(\d{1,6}):(\d\d):(\d\d)", re.ASCII)


def _nanoseconds(written: nodes.Written) -> int:
    """'1h30m', '90s', '7d', '01:30:00', or a number of nanoseconds."""
    given = written.value if isinstance(written, nodes.Literal) else None
    if isinstance(given, int) and not isinstance(given, bool):
        return _within_int64(given, written)
    spelled = str(given)
    if re.fullmatch(r"[+-]?\d{1,40}", spelled, re.ASCII):
        return _within_int64(int(spelled), written)
    if clock := _CLOCK.fullmatch(spelled):
        hours, minutes, seconds = (int(part) for part in clock.groups())
        return ((hours * 60 + minutes) * 60 + seconds) * 1_000_000_000
    if not _DURATION.fullmatch(spelled):
        raise QueryError("this is no duration", written.position, "like '90s', '1h30m' or '7d'")
    total = sum(_part(number, unit) for number, unit in re.findall(_PART, spelled, re.ASCII))
    return _within_int64(-total if spelled[0] == "-" else total, written)


def _part(number: str, unit: str) -> int:
    whole, _, fraction = number.partition(".")
    scale = _NANOSECONDS[unit]
    return int(whole) * scale + int((fraction or "0").ljust(9, "0")) * scale // 10**9


BUCKET_SECONDS_MIN, BUCKET_SECONDS_MAX = 1, 3_660 * 86_400


def bucket_micros(written: nodes.Written) -> int:
    micros = _nanoseconds(written) // 1_000
    if not BUCKET_SECONDS_MIN * 1_000_000 <= micros <= BUCKET_SECONDS_MAX * 1_000_000:
        raise QueryError("this is no width for a bucket", written.position, "from '1s' to '3660d'")
    return micros
