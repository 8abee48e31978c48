"""Carrying fields from one message over to another that names them alike."""

from __future__ import annotations

from collections.abc import Iterable

from google.protobuf.message import Message


def copy_set(source: Message, target: Message, names: Iterable[str]) -> None:
    """Those of the message fields `names` that `source` has set."""
    for name in names:
        if source.HasField(name):
            getattr(target, name).CopyFrom(getattr(source, name))
