"""Python lists as PostgreSQL arrays, in their text form, quickly.

A batch is sent column by column, so most of what a commit costs on this side is here. No type is
declared: each statement casts its parameters, and so stays one prepared statement whatever its
columns hold.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from psycopg.adapt import Buffer, Dumper


def _text(value: str) -> str:
    if "\\" in value or '"' in value:
        value = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{value}"'


def _bytes(value: bytes) -> str:
    return f'"\\\\x{value.hex()}"'


def _truth(value: bool) -> str:
    return "t" if value else "f"


_ELEMENTS: dict[type, Callable[[Any], str]] = {
    str: _text,
    bytes: _bytes,
    int: str,
    float: str,
    bool: _truth,
    datetime: lambda value: f'"{value.isoformat()}"',
    type(None): lambda _: "NULL",
}


def array(values: list[Any]) -> bytes:
    """The literal of a one-dimensional array."""
    elements = _ELEMENTS
    return ("{" + ",".join([elements[type(value)](value) for value in values]) + "}").encode()


class ArrayDumper(Dumper):
    """psycopg's way in: registered for `list` on the connection of a writer."""

    def dump(self, obj: list[Any]) -> Buffer:
        return array(obj)
