"""A payload as text: pretty JSON, text, or a dump of its bytes, in bounded windows. Pure."""

import json
from dataclasses import dataclass

from temporalio.api.common.v1 import Payload

WINDOW_LETTERS = 32 * 1024
#: More is not made pretty: it would be parsed and written anew for each window.
PRETTY_BYTES_MAX = 4 * 1024 * 1024
DUMP_WIDTH = 16
#: encoding -> (content type of its file, how the file's name ends)
FILES = {
    "json/plain": ("application/json", "json"),
    "json/protobuf": ("application/json", "json"),
    "text/plain": ("text/plain; charset=utf-8", "txt"),
}
BYTES = ("application/octet-stream", "bin")


@dataclass(frozen=True, slots=True)
class Window:
    text: str
    first: int
    total: int

    @property
    def last(self) -> int:
        return self.first + len(self.text)

    @property
    def before(self) -> int | None:
        return max(self.first - WINDOW_LETTERS, 0) if self.first else None

    @property
    def after(self) -> int | None:
        return self.last if self.last < self.total else None


def window(payload: Payload, first: int) -> Window:
    text = whole(payload)
    first = min(max(first, 0), max(len(text) - 1, 0))
    return Window(text[first : first + WINDOW_LETTERS], first, len(text))


def beginning(payload: Payload, letters: int) -> str:
    """Without parsing more than it shows."""
    some = payload.data[: letters * 4]
    if is_text(payload):
        return some.decode("utf-8", "ignore")[:letters]
    return _dump(some[: letters // 5])


def whole(payload: Payload) -> str:
    if not is_text(payload):
        return _dump(payload.data)
    text = payload.data.decode("utf-8", "replace")
    if is_json(payload) and len(payload.data) <= PRETTY_BYTES_MAX:
        try:
            return json.dumps(json.loads(text), indent=2, ensure_ascii=False)
        except (ValueError, RecursionError):
            return text
    return text


def kind(payload: Payload) -> str:
    named = payload.metadata.get("messageType", b"").decode("utf-8", "replace")
    if named:
        return f"a {named}, as bytes"
    return "text" if is_text(payload) else "bytes"


def file_of(payload: Payload) -> tuple[str, str]:
    """(content type, how the file's name ends)"""
    return FILES.get(payload.metadata.get("encoding", b"").decode("utf-8", "replace"), BYTES)


def is_json(payload: Payload) -> bool:
    return payload.metadata.get("encoding", b"").startswith(b"json/")


def is_text(payload: Payload) -> bool:
    """What reads as UTF-8 without control characters, at its beginning at least."""
    if is_json(payload):
        return True
    try:
        text = payload.data[:4096].decode("utf-8")
    except UnicodeDecodeError as error:
        if error.start < 4090:
            return False
        text = payload.data[: error.start].decode("utf-8")
    return all(one.isprintable() or one in "\n\r\t" for one in text)


def _dump(given: bytes) -> str:
    rows = (given[at : at + DUMP_WIDTH] for at in range(0, len(given), DUMP_WIDTH))
    return "\n".join(
        f"{number * DUMP_WIDTH:08x}  {row.hex(' '):<{DUMP_WIDTH * 3}} {_letters(row)}"
        for number, row in enumerate(rows)
    )


def _letters(row: bytes) -> str:
    return "".join(chr(one) if 32 <= one < 127 else "." for one in row)
