"""JSON as a person types it into a form."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any

from django import forms

TEXT_LENGTH_MAX = 2 * 1024 * 1024


class NotJson(Exception):
    """A sentence for the field."""


def parse(text: str) -> Any:
    try:
        return json.loads(text, parse_constant=_no_such_number, parse_float=_finite)
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise NotJson(f"This is not JSON: {error.msg}, {where}.") from error
    except RecursionError as error:
        raise NotJson("This is nested too deeply.") from error
    except ValueError as error:
        raise NotJson("A number in it has more digits than the console reads.") from error


def _no_such_number(name: str) -> Any:
    raise NotJson(f"This is not JSON: it has no {name}.")


def _finite(written: str) -> float:
    number = float(written)
    if not isfinite(number):
        raise NotJson(f"{written} is larger than the console can say.")
    return number


def pretty(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)


def area(rows: int = 3) -> forms.Textarea:
    return forms.Textarea(attrs={"rows": rows, "class": "mono", "spellcheck": "false"})


class JsonField(forms.CharField):
    """Its clean value is a list: of the one value, or empty when nothing was typed."""

    def __init__(self, *, rows: int = 3, **given: Any) -> None:
        super().__init__(max_length=TEXT_LENGTH_MAX, widget=area(rows), **given)

    def clean(self, value: Any) -> Any:
        text = super().clean(value).strip()
        if not text:
            return []
        try:
            return [parse(text)]
        except NotJson as error:
            raise forms.ValidationError(str(error)) from error


class NamesField(JsonField):
    """Its clean value is a dict; empty, an empty one."""

    def __init__(self, **given: Any) -> None:
        super().__init__(required=False, **given)

    def clean(self, value: Any) -> Any:
        said = super().clean(value)
        if said and not isinstance(said[0], dict):
            raise forms.ValidationError("Write a JSON object: names with values.")
        return said[0] if said else {}


ROWS_MAX = 20


@dataclass(slots=True)
class Row:
    """One of several arguments, each in a field of its own."""

    number: int
    text: str
    error: str = ""
    note: str = ""

    @property
    def lines(self) -> int:
        return min(max(self.text.count("\n") + 1, 2), 16)


def rows(texts: Sequence[str], more: bool = False) -> list[Row]:
    """At least one; `more`: and an empty one behind them."""
    shown = [*texts[:ROWS_MAX], *([""] if more or not texts else [])]
    return [Row(number, text) for number, text in enumerate(shown, 1)][:ROWS_MAX]


def values(found: Sequence[Row]) -> list[Any]:
    """Empty fields at the end say nothing; one before another argument is a mistake."""
    last = max((row.number for row in found if row.text.strip()), default=0)
    return [value(row) for row in found if row.number <= last]


def value(row: Row) -> Any:
    if not row.text.strip():
        row.error = "An argument follows: write null if this one is nothing."
        return None
    try:
        return parse(row.text)
    except NotJson as error:
        row.error = str(error)
        return None
