"""Search attributes as callers give them: checked, and stamped with their type.

The stamp (`type` in a payload's metadata) travels with the payload through events and lists,
so that whoever reads one needs no registry.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from temporalio.api.common.v1 import Payload, SearchAttributes

from engine.core.limits import Limits
from engine.errors import InvalidArgument
from engine.namespaces import Namespace
from search import attributes
from search.attributes import BadAttribute, UnknownAttribute, WrongValue

#: As the protocol's own server tells a number: from here on with an exponent.
DIGITS_MAX = 6


def typed(given: SearchAttributes, namespace: Namespace, limits: Limits) -> SearchAttributes:
    """What is unset (null, an empty list) is left out: a new run has nothing to unset.

    The caller is told which value it was that cannot be taken.
    """
    try:
        checked = _stamped(given, namespace, limits)
    except WrongValue as wrong:
        raise InvalidArgument(f"{wrong}: {_told(wrong.given)}") from wrong
    held = attributes.slots(checked.indexed_fields, namespace.custom)
    set_names = {name for values in held.values() for name in values}
    for name in set(checked.indexed_fields) - set_names:
        del checked.indexed_fields[name]
    return checked


def stamped(given: SearchAttributes, namespace: Namespace, limits: Limits) -> SearchAttributes:
    """A refusal is written into a history, which more people read than may see the value."""
    try:
        return _stamped(given, namespace, limits)
    except WrongValue as wrong:
        raise InvalidArgument(str(wrong)) from wrong


def _stamped(given: SearchAttributes, namespace: Namespace, limits: Limits) -> SearchAttributes:
    _check_sizes(given, limits)
    try:
        attributes.slots(given.indexed_fields, namespace.custom)
    except UnknownAttribute as unknown:
        raise InvalidArgument(
            f"Namespace {namespace.name} has no mapping defined for search attribute {unknown.name}"
        ) from unknown
    except WrongValue:
        raise
    except BadAttribute as bad:
        raise InvalidArgument(str(bad)) from bad
    answer = SearchAttributes()
    for name, payload in given.indexed_fields.items():
        found = attributes.find(name, namespace.custom)
        assert found is not None
        answer.indexed_fields[name].CopyFrom(payload)
        answer.indexed_fields[name].metadata["type"] = found.type.value.encode()
    return answer


def _told(value: Any) -> str:
    """A value of JSON in the words of the protocol's own server."""
    match value:
        case bool():
            return str(value).lower()
        case int() | float():
            return _number(value)
        case list():
            return f"[{' '.join(map(_told, value))}]"
        case dict():
            pairs = (f"{name}:{_told(value[name])}" for name in sorted(value))
            return f"map[{' '.join(pairs)}]"
        case None:
            return "<nil>"
        case _:
            return str(value)


def _number(value: float) -> str:
    """All numbers of JSON are floating ones there."""
    exact = Decimal(repr(float(value))).normalize()
    if -5 < exact.adjusted() < DIGITS_MAX or not value:
        return f"{exact:f}"
    digits, exponent = f"{exact:e}".split("e")
    return f"{digits}e{int(exponent):+03d}"


def _check_sizes(given: SearchAttributes, limits: Limits) -> None:
    count = len(given.indexed_fields)
    if count > limits.search_attributes_count_max:
        raise InvalidArgument(
            f"number of search attributes {count} exceeds limit"
            f" {limits.search_attributes_count_max}"
        )
    for name, payload in given.indexed_fields.items():
        _check_size(name, payload, limits)
    if given.ByteSize() > limits.search_attributes_bytes_max:
        raise InvalidArgument(
            f"total size of search attributes {given.ByteSize()} exceeds size limit"
            f" {limits.search_attributes_bytes_max}"
        )


def _check_size(name: str, payload: Payload, limits: Limits) -> None:
    if len(payload.data) > limits.search_attribute_value_bytes_max:
        raise InvalidArgument(
            f"search attribute {name} value size {len(payload.data)} exceeds size limit"
            f" {limits.search_attribute_value_bytes_max}"
        )
