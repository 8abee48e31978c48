"""Search attributes as callers give them: checked, and stamped with their type.

The stamp (`type` in a payload's metadata) travels with the payload through events and lists,
so that whoever reads one needs no registry.
"""

from __future__ import annotations

from temporalio.api.common.v1 import Payload, SearchAttributes

from engine.core.limits import Limits
from engine.errors import InvalidArgument
from search import attributes
from search.attributes import BadAttribute, CustomAttributes


def typed(given: SearchAttributes, custom: CustomAttributes, limits: Limits) -> SearchAttributes:
    """What is unset (null, an empty list) is left out: a new run has nothing to unset."""
    checked = stamped(given, custom, limits)
    held = attributes.slots(checked.indexed_fields, custom)
    set_names = {name for values in held.values() for name in values}
    for name in set(checked.indexed_fields) - set_names:
        del checked.indexed_fields[name]
    return checked


def stamped(given: SearchAttributes, custom: CustomAttributes, limits: Limits) -> SearchAttributes:
    _check_sizes(given, limits)
    try:
        attributes.slots(given.indexed_fields, custom)
    except BadAttribute as bad:
        raise InvalidArgument(str(bad)) from bad
    answer = SearchAttributes()
    for name, payload in given.indexed_fields.items():
        found = attributes.find(name, custom)
        assert found is not None
        answer.indexed_fields[name].CopyFrom(payload)
        answer.indexed_fields[name].metadata["type"] = found.type.value.encode()
    return answer


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
