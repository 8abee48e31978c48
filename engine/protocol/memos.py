"""The words of a memo, for a search: of what lies in it in the clear and is not too long."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec
from temporalio.api.common.v1 import Memo, Payload

from search import attributes

#: Of one memo no more is read; a value that would go beyond is left out, whole.
READ_BYTES_MAX = 32 * 1024
#: What the console itself is told there: schemas, whose words say nothing of the run.
OF_THE_CONSOLE = "perdure."
_JSON = frozenset({b"json/plain", b"json/protobuf"})
_TEXT = b"text/plain"
#: Numbers as they are written: 12.50 has the words 12 and 50.
_decode = msgspec.json.Decoder(float_hook=str).decode


def words(memo: Mapping[str, Payload]) -> list[str]:
    """Of values, not of their names. Encrypted ones and plain bytes have none."""
    return attributes.words(" ".join(_texts(memo)))


def stored_words(memo: bytes) -> list[str]:
    """The same, of a memo as its record has it."""
    return words(Memo.FromString(memo).fields)


def _texts(memo: Mapping[str, Payload]) -> Iterator[str]:
    left = READ_BYTES_MAX
    for name in sorted(memo):
        payload = memo[name]
        encoding = payload.metadata.get("encoding", b"")
        is_read = encoding in _JSON or encoding == _TEXT
        if not is_read or name.startswith(OF_THE_CONSOLE) or len(payload.data) > left:
            continue
        left -= len(payload.data)
        if encoding == _TEXT:
            yield payload.data.decode(errors="replace")
        else:
            yield from _within(payload.data)


def _within(json: bytes) -> Iterator[str]:
    """Texts and numbers, however deep. What is no JSON says nothing, and is no fault here."""
    try:
        waiting = [_decode(json)]
    except (ValueError, RecursionError):
        return
    while waiting:
        match waiting.pop():
            case dict() as held:
                waiting += held.values()
            case list() as held:
                waiting += held
            case bool() | None:
                continue
            case found:
                yield str(found)
