"""The fields that custom search attributes have, by the names that a namespace gives to them.

On a server over SQL an attribute is a name for one of a few columns: `Keyword01` and so on. Here it
needs none (`search/attributes.py`); it is given the number of one all the same, and keeps it, for
the tools that name attributes by their fields. There is no last number.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping

from engine.core.limits import Limits
from engine.errors import InvalidArgument
from engine.frontend import checks
from engine.namespaces import Namespace
from search.attributes import PREDEFINED, SYSTEM, ValueType

CUSTOM_ATTRIBUTES_MAX = 100
_FIELD = re.compile(r"([A-Za-z]+)(\d\d+)")
_KINDS = {kind.value: kind for kind in ValueType}


def by_field(namespace: Namespace) -> dict[str, str]:
    fields = {name: at for name, at in namespace.fields.items() if name in namespace.custom}
    for name, kind in namespace.custom.items():
        if name not in fields:
            numbered = (f"{kind.value}{number:02}" for number in itertools.count(1))
            fields[name] = next(each for each in numbered if each not in fields.values())
    return {field: name for name, field in fields.items()}


def with_custom(namespace: Namespace, custom: Mapping[str, ValueType]) -> Namespace:
    """What it has already keeps its field."""
    return _kept(namespace, custom, {name: field for field, name in by_field(namespace).items()})


def _kept(
    namespace: Namespace, custom: Mapping[str, ValueType], fields: Mapping[str, str]
) -> Namespace:
    if len(custom) > CUSTOM_ATTRIBUTES_MAX:
        raise InvalidArgument(
            f"Unable to create search attributes: a namespace cannot have more than"
            f" {CUSTOM_ATTRIBUTES_MAX}."
        )
    changed = namespace.with_changes(custom=dict(custom), fields=dict(fields))
    return changed.with_changes(fields={name: field for field, name in by_field(changed).items()})


def upserted(namespace: Namespace, given: Mapping[str, str], limits: Limits) -> Namespace:
    """`given`: names by fields; an empty one takes the field's name from it."""
    known = by_field(namespace)
    custom, fields = dict(namespace.custom), {name: field for field, name in known.items()}
    for field, name in given.items():
        if not name:
            custom.pop(known.get(field, ""), None)
        elif name in custom:
            # As the official server: it is a name already, of this field or of another.
            continue
        elif field in known:
            raise InvalidArgument("Custom search attribute field name already allocated.")
        else:
            check_name(name, limits)
            custom[name], fields[name] = _kind(field), field
    return _kept(namespace, custom, fields)


def _kind(field: str) -> ValueType:
    match = _FIELD.fullmatch(field)
    if match is None or match[1] not in _KINDS or not int(match[2]):
        raise InvalidArgument(f"{field} is no field of a custom search attribute.")
    return _KINDS[match[1]]


def check_name(name: str, limits: Limits) -> None:
    checks.named("SearchAttribute name", name, limits)
    if name in SYSTEM or name in PREDEFINED:
        raise InvalidArgument(f"Search attribute {name} is reserved by system.")
