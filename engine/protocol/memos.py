"""What a search finds of a memo: the words that lie there in the clear, and the names of their
fields.

Who does not see a field looks among the memos that have none of its name, so no name is left out:
one that cannot be told is OPAQUE.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import NamedTuple

import msgspec
from temporalio.api.common.v1 import Memo, Payload

from search import attributes

#: Of one memo no more is read; a value that would go beyond is left out, whole.
READ_BYTES_MAX = 32 * 1024
#: What the console itself is told there: schemas, whose words say nothing of the run.
OF_THE_CONSOLE = "perdure."
#: Any field may lie there: a text that is no JSON, or none that could be taken apart.
OPAQUE = "*"
FIELDS_MAX = 100
FIELD_CHARACTERS_MAX = 100
_JSON = frozenset({b"json/plain", b"json/protobuf"})
_TEXT = b"text/plain"
#: Numbers as they are written: 12.50 has the words 12 and 50.
_decode = msgspec.json.Decoder(float_hook=str).decode


class Told(NamedTuple):
    #: Of values, not of their names. Encrypted ones and plain bytes have none.
    words: list[str]
    #: The folded names of all that the words are of, inner ones as well.
    fields: list[str]


def told(memo: Mapping[str, Payload]) -> Told:
    texts: list[str] = []
    names: set[str] = set()
    for name, payload in _read(memo):
        names.add(name)
        if payload.metadata["encoding"] == _TEXT:
            texts.append(payload.data.decode(errors="replace"))
            names.add(OPAQUE)
            continue
        # What is no JSON says nothing, and is no fault here.
        with suppress(ValueError, RecursionError):
            _take(_decode(payload.data), texts, names)
    words = attributes.words(" ".join(texts))
    return Told(words, _fields(names) if words else [])


def stored(memo: bytes) -> Told:
    """The same, of a memo as its record has it."""
    return told(Memo.FromString(memo).fields)


def _read(memo: Mapping[str, Payload]) -> Iterator[tuple[str, Payload]]:
    left = READ_BYTES_MAX
    for name in sorted(memo):
        payload = memo[name]
        encoding = payload.metadata.get("encoding", b"")
        is_read = encoding in _JSON or encoding == _TEXT
        if is_read and not name.startswith(OF_THE_CONSOLE) and len(payload.data) <= left:
            left -= len(payload.data)
            yield name, payload


def _take(held: object, texts: list[str], names: set[str]) -> None:
    """Texts and numbers, however deep. Of JSON that stands in a text only the names are new."""
    waiting = [held]
    while waiting:
        match waiting.pop():
            case dict() as inner:
                names.update(inner)
                waiting += inner.values()
            case list() as inner:
                waiting += inner
            case bool() | None:
                continue
            case found:
                texts.append(text := str(found))
                if text.lstrip()[:1] in {"{", "["}:
                    names |= _names_within(text)


def _names_within(text: str) -> set[str]:
    names: set[str] = set()
    try:
        _take(json.loads(text, object_pairs_hook=_once), [], names)
    except (ValueError, RecursionError):
        return {OPAQUE}
    return names


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """Of two under one name the first would be lost, and its words are not."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError
    return found


def _fields(names: set[str]) -> list[str]:
    folded = {name.casefold() for name in names}
    is_odd = any(len(name) > FIELD_CHARACTERS_MAX or not name.isprintable() for name in folded)
    return [OPAQUE] if is_odd or len(folded) > FIELDS_MAX else sorted(folded)
