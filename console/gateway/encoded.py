"""Failures whose words an SDK was told to encode: they lie in a payload of their own."""

from collections.abc import Iterable, Iterator
from typing import Any

from google.protobuf.message import Message
from temporalio.api.failure.v1 import Failure as FailureMessage

from console.gateway import sight
from console.gateway.events import Event


def prepare_failures(some: Iterable[Event]) -> None:
    """As `prepare`, of the words of failures alone: a list of events shows no more."""
    if sight.current().decodes:
        sight.prepare(
            *(one.encoded_attributes for event in some for one in _failures(event.attributes))
        )


def _failures(message: Any) -> Iterator[FailureMessage]:
    for descriptor, value in message.ListFields() if isinstance(message, Message) else ():
        if isinstance(value, FailureMessage):
            yield value
            yield from _failures(value)
        elif descriptor.name == "outcome":
            yield from _failures(value)
