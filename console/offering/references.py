"""A schema as its tools write it -> the same in the words that are drawn.

What Pydantic and its like make of a class has its parts under `$defs`, names them by `$ref`, and
says "or null" by `anyOf`. A part that names itself has no end, and one that is named often could be
large beyond measure: so the parts that are put in are counted.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from console.offering.schema import DEPTH_MAX, Unsupported

#: schemas within one, those that are put in for a name among them
PARTS_MAX = 1_000
DEFINED = ("#/$defs/", "#/definitions/")


@dataclass(slots=True)
class _Whole:
    parts: Mapping[str, Any]
    seen: int = 0

    def count(self) -> None:
        self.seen += 1
        if self.seen > PARTS_MAX:
            raise Unsupported(f"has more than {PARTS_MAX} parts")


def plain(schema: Any) -> Any:
    """Without names of parts. What else is not drawn stays as it is. Raises Unsupported."""
    if not isinstance(schema, dict):
        return schema
    parts: dict[str, Any] = {}
    for prefix in DEFINED:
        given = schema.get(prefix[2:-1])
        if isinstance(given, dict):
            parts |= {f"{prefix}{name}": one for name, one in given.items()}
    own = {name: one for name, one in schema.items() if name not in {"$defs", "definitions"}}
    return _put_in(own, _Whole(parts), 0)


def _put_in(schema: Any, whole: _Whole, depth: int) -> Any:
    whole.count()
    if not isinstance(schema, dict) or depth > DEPTH_MAX:
        return schema
    schema = _nullable(_named(schema, whole), whole)
    put_in = dict(schema)
    if isinstance(inside := schema.get("properties"), dict):
        put_in["properties"] = {
            name: _put_in(one, whole, depth + 1) for name, one in inside.items()
        }
    if "items" in schema:
        put_in["items"] = _put_in(schema["items"], whole, depth + 1)
    return put_in


def _named(schema: Mapping[str, Any], whole: _Whole) -> dict[str, Any]:
    """What stands beside a name (a title, a default) goes before what the part says. Its title is
    that of a class: of two addresses it tells neither which.
    """
    found = dict(schema)
    while (name := _name(found)) is not None:
        whole.count()
        if not isinstance(part := whole.parts.get(unquote(name)), dict):
            raise Unsupported(f"names a part that it has not, {name}")
        beside = {key: one for key, one in found.items() if key not in {"$ref", "allOf"}}
        found = {key: one for key, one in part.items() if key != "title"} | beside
    return found


def _name(schema: Mapping[str, Any]) -> str | None:
    """By itself, or as the only one of `allOf`."""
    every = schema.get("allOf")
    if isinstance(every, list) and len(every) == 1 and isinstance(every[0], dict):
        schema = every[0] if [*every[0]] == ["$ref"] else {}
    name = schema.get("$ref")
    return name if isinstance(name, str) else None


def _nullable(schema: dict[str, Any], whole: _Whole) -> dict[str, Any]:
    """`anyOf` of one schema and null is that schema, which may be null."""
    some = schema.get("anyOf")
    if not isinstance(some, list) or len(some) != 2 or {"type": "null"} not in some:
        return schema
    [one] = [other for other in some if other != {"type": "null"}] or [None]
    if not isinstance(one, dict):
        return schema
    one = _named(one, whole)
    if not isinstance(one.get("type"), str):
        return schema
    beside = {key: other for key, other in schema.items() if key != "anyOf"}
    return one | {"type": [one["type"], "null"]} | beside
