"""Conditions of the query language, written so that any name and any value can stand in them."""

import re
from typing import Any

PLAIN_NAME = re.compile(r"[A-Za-z_]\w*")


def named(attribute: str) -> str:
    return attribute if PLAIN_NAME.fullmatch(attribute) else f"`{attribute}`"


def quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def equals(attribute: str, value: Any) -> str:
    match value:
        case None:
            return f"{named(attribute)} IS NULL"
        case bool():
            return f"{named(attribute)} = {str(value).lower()}"
        case int() | float():
            return f"{named(attribute)} = {value}"
        case _:
            return f"{named(attribute)} = {quoted(str(value))}"
