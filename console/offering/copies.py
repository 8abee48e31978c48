"""Arguments of what is started by hand, some of them copied.

A payload that was copied and not changed is sent as it came, whatever its encoding.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from django.http import QueryDict
from django.utils.crypto import get_random_string

from console.gateway.starting import Parcel
from console.ui import typed, words
from console.ui.typed import Row


def fresh_id() -> str:
    return f"by-hand-{get_random_string(12, 'abcdefghijkmnpqrstuvwxyz23456789')}"


def told(parcel: Parcel) -> str:
    value = parcel.value
    return f"{value.encoding}, {words.size(value.size)}: {value.note}"


def text_of(parcel: Parcel) -> str:
    return typed.pretty(parcel.value.content) if parcel.value.readable else ""


def rows(parcels: Sequence[Parcel], given: QueryDict | None) -> list[Row]:
    if given is None:
        found = typed.rows([text_of(one) for one in parcels])
    else:
        texts = [text.replace("\r\n", "\n") for text in given.getlist("argument")]
        found = typed.rows(texts, given.get("step") == "more")
    for row, parcel in zip(found, parcels, strict=False):
        if not parcel.value.readable:
            row.note = f"Empty: copied as it is ({told(parcel)})."
    behind = _behind(found, parcels)
    if behind:
        found[-1].note += f" {len(behind)} more go along behind it as they are."
    return found


def _behind(found: Sequence[Row], parcels: Sequence[Parcel]) -> Sequence[Parcel]:
    """Of what is copied, those for which the form has no field."""
    return parcels[typed.ROWS_MAX :] if len(found) == typed.ROWS_MAX else ()


def arguments(found: Sequence[Row], parcels: Sequence[Parcel]) -> list[Any]:
    """What the rows say; what cannot be read is an error of its row."""
    unchanged = {
        row.number: parcel
        for row, parcel in zip(found, parcels, strict=False)
        if row.text == text_of(parcel)
    }
    behind = _behind(found, parcels)
    said = [row.number for row in found if behind or row.text.strip() or row.number in unchanged]
    shown = found[: max(said, default=0)]
    return [*(unchanged.get(row.number) or typed.value(row) for row in shown), *behind]


def named_text(parcels: Mapping[str, Parcel]) -> str:
    """A memo or headers, as the JSON of a field; what cannot be shown is not in it."""
    shown = {name: one.value.content for name, one in parcels.items() if one.value.readable}
    return typed.pretty(shown) if shown else ""


def unshown(parcels: Mapping[str, Parcel]) -> list[str]:
    """What is copied as it is, since it cannot be shown as JSON."""
    return [
        f"{name} ({told(parcel)})" for name, parcel in parcels.items() if not parcel.value.readable
    ]


def named(said: Mapping[str, Any], parcels: Mapping[str, Parcel]) -> dict[str, Any]:
    """What was not changed goes as it came; so does what could not be shown."""
    wanted = dict(said)
    for name, parcel in parcels.items():
        if not parcel.value.readable or (name in wanted and wanted[name] == parcel.value.content):
            wanted[name] = parcel
    return wanted


#: characters of arguments that the activity log keeps
KEPT_MAX = 16_000


def kept(sent: Sequence[Any]) -> Any:
    """As the activity log keeps them: large ones stand with what was started alone."""
    shown = [_shown(one) for one in sent]
    size = len(json.dumps(shown, default=str))
    return shown if size <= KEPT_MAX else f"{len(shown)}, {size} characters"


def _shown(value: Any) -> Any:
    if not isinstance(value, Parcel):
        return value
    return value.value.content if value.value.readable else f"copied, {value.value.encoding}"
