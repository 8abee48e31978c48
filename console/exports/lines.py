"""Runs -> lines of a file. Pure."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from console.exports.models import Form
from console.gateway import columns as named
from console.gateway import lists
from console.gateway.lists import Listed
from console.ui import sheets

#: What the page tells in one cell, a file has in cells of their own.
OF_PROBLEM = ("FailingActivityTypes", "WaitingOn", "LastFailureType", "LastFailureMessage")


def columns(text: str) -> tuple[str, ...]:
    """Of a file, from those of an address."""
    found: list[str] = []
    for name in named.parse(text):
        found += OF_PROBLEM if name == named.PROBLEM else [name]
    return tuple(dict.fromkeys(found))


def head(form: str, names: Sequence[str]) -> bytes:
    return _csv_line(names) if form == Form.CSV else b""


def line(form: str, names: Sequence[str], one: Listed, at: datetime) -> bytes:
    found = {name: _plain(lists.value(one, name, at)) for name in names}
    if form == Form.CSV:
        return _csv_line([_cell(value) for value in found.values()])
    return (json.dumps(found, ensure_ascii=False, separators=(",", ":")) + "\n").encode(
        errors="replace"
    )


def _plain(value: Any) -> Any:
    """What JSON knows: a time in RFC 3339, a duration in seconds."""
    match value:
        case datetime():
            return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
        case timedelta():
            return value.total_seconds()
        case list() | tuple():
            return [_plain(one) for one in value]
        case dict():
            return {name: _plain(one) for name, one in value.items()}
        case _:
            return value


def _cell(value: Any) -> object:
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case int() | float() | str():
            return value
        case list() if all(isinstance(one, str) for one in value):
            return "; ".join(sheets.plain(one) for one in value)
        case _:
            return json.dumps(value, ensure_ascii=False)


def _csv_line(cells: Sequence[object]) -> bytes:
    return sheets.line(cells).encode(errors="replace")
