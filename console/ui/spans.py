"""Lengths of time as a person types them: 30s, 5m, 1h30m, 2d, 250ms; a bare number is seconds."""

import re
from datetime import timedelta
from typing import Any

from django import forms

UNITS = {
    "d": timedelta(days=1),
    "h": timedelta(hours=1),
    "m": timedelta(minutes=1),
    "s": timedelta(seconds=1),
    "ms": timedelta(milliseconds=1),
}
PART = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,6})?)\s*(ms|d|h|m|s)\s*")
WHOLE = re.compile(rf"\s*(?:{PART.pattern})+")
SPAN_MAX = timedelta(days=3650)
EXAMPLE = "for example 30s, 5m, 1h30m, 2d"


def parse(text: str) -> timedelta:
    """Raises ValueError."""
    if re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,6})?", text.strip()):
        text = f"{text.strip()}s"
    if not WHOLE.fullmatch(text):
        raise ValueError(text)
    length = sum((UNITS[unit] * float(count) for count, unit in PART.findall(text)), timedelta())
    if length > SPAN_MAX:
        raise ValueError(text)
    return length


def exact(length: timedelta | None) -> str:
    """What `parse` reads back without a loss."""
    if length is None:
        return ""
    left, parts = length, []
    for unit, size in UNITS.items():
        count, left = divmod(left, size)
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts) or "0s"


class SpanField(forms.CharField):
    """Empty is None; `zero` says whether 0 may stand."""

    def __init__(self, *, zero: bool = False, **given: Any) -> None:
        super().__init__(
            required=False,
            max_length=40,
            widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
            **given,
        )
        self.zero = zero

    def prepare_value(self, value: Any) -> Any:
        return exact(value) if isinstance(value, timedelta) else value

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        if not text:
            return None
        try:
            length = parse(text)
        except ValueError as error:
            raise forms.ValidationError(f"Not a length of time; {EXAMPLE}.") from error
        if not length and not self.zero:
            raise forms.ValidationError("It must be longer than nothing.")
        return length
