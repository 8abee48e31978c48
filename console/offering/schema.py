"""The part of JSON Schema that is drawn and checked: a value against it -> what is wrong, where.

A schema comes from a run's memo, so from whoever may start runs: it can neither make the console
slow (patterns that could are refused, see `slow`) nor deep (DEPTH_MAX).
"""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

Schema = Mapping[str, Any]
Path = tuple[str | int, ...]
Problem = tuple[Path, str]

DEPTH_MAX = 4
FIELDS_MAX = 100
TYPES = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "boolean": (bool,),
    "null": (type(None),),
    "integer": (int,),
    "number": (int, float),
}
#: what only describes
ANNOTATIONS = frozenset(
    {"title", "description", "default", "examples", "$schema", "$id", "$comment", "deprecated"}
    | {"readOnly", "writeOnly", "x-perdure"}
)
LIMITS = frozenset(
    {"type", "enum", "const", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"}
    | {"multipleOf", "minLength", "maxLength", "pattern", "format", "items", "minItems", "maxItems"}
    | {"uniqueItems", "properties", "required", "additionalProperties"}
)
PATTERN_LENGTH_MAX = 200
PATTERN_TEXT_MAX = 1_000
#: Where it repeats more than once.
PATTERN_TEXT_LESS = 300
#: Of a pattern: each repeat takes as much longer as the text is long, each `?` twice as long.
REPEATS_MAX, OPTIONAL_MAX = 2, 4


class Unsupported(Exception):
    """Why this schema cannot be drawn, as the rest of a sentence."""


def usable(schema: Any, depth: int = 0) -> Schema:
    """The schema itself. Raises Unsupported."""
    if not isinstance(schema, dict):
        raise Unsupported("is no object")
    if depth > DEPTH_MAX:
        raise Unsupported(f"is nested deeper than {DEPTH_MAX} levels")
    if others := [name for name in schema if name not in ANNOTATIONS | LIMITS]:
        raise Unsupported(f"uses {others[0]}")
    _usable_type(schema)
    if isinstance(schema.get("pattern"), str) and (why := slow(schema["pattern"])):
        raise Unsupported(f"has a pattern that {why}")
    for each in _inside(schema):
        usable(each, depth + 1)
    return schema


def _usable_type(schema: Schema) -> None:
    if type_of(schema) not in TYPES and "enum" not in schema and "const" not in schema:
        raise Unsupported("names no type that the console knows")
    shapes: dict[str, type | tuple[type, ...]] = {
        "properties": dict, "required": list, "enum": list, "pattern": str, "title": str,
        "description": str, "minimum": (int, float), "maximum": (int, float),
        "exclusiveMinimum": (int, float), "exclusiveMaximum": (int, float),
        "multipleOf": (int, float), "minLength": int, "maxLength": int, "minItems": int,
        "maxItems": int, "additionalProperties": bool, "x-perdure": str,
    }  # fmt: skip
    for name, shape in shapes.items():
        if name in schema and not isinstance(schema[name], shape):
            raise Unsupported(f"has a {name} of the wrong kind")
    if not all(isinstance(name, str) for name in schema.get("required", ())):
        raise Unsupported("has a required of the wrong kind")
    if schema.get("multipleOf", 1) <= 0:
        raise Unsupported("has a multipleOf that is not above zero")


def _inside(schema: Schema) -> Iterator[Any]:
    yield from schema.get("properties", {}).values()
    if "items" in schema:
        yield schema["items"]


def type_of(schema: Schema) -> str:
    """The one type beside null; "" where an enum alone says what may stand."""
    given = schema.get("type", "object" if "properties" in schema else "")
    if isinstance(given, list):
        others = [one for one in given if one != "null"]
        return str(others[0]) if len(others) == 1 else "several"
    return str(given)


def may_be_null(schema: Schema) -> bool:
    given = schema.get("type")
    return given == "null" or (isinstance(given, list) and "null" in given)


def slow(pattern: str) -> str:
    """Why Python's expressions could take long over it; "" when they cannot."""
    if len(pattern) > PATTERN_LENGTH_MAX:
        return "is too long"
    if re.search(r"\)[*+?{]", pattern) or re.search(r"\\[1-9]|\(\?", pattern):
        return "repeats a group or looks back"
    if _repeats(pattern) > REPEATS_MAX:
        return "repeats more than twice"
    if pattern.count("?") > OPTIONAL_MAX:
        return "leaves out more than four times"
    try:
        re.compile(pattern)
    except (re.error, OverflowError):
        return "cannot be read"
    return ""


def _repeats(pattern: str) -> int:
    return len(re.findall(r"[*+]|\{[0-9]*,[0-9]*\}", pattern))


def problems(schema: Schema, value: Any, path: Path = ()) -> Iterator[Problem]:
    """Every place where the value is not what the schema says."""
    if value is None and may_be_null(schema):
        return
    if not _has_type(schema, value):
        yield path, f"It must be {ARTICLES.get(type_of(schema), type_of(schema))}."
        return
    if "enum" in schema and not any(_same(value, one) for one in schema["enum"]):
        yield path, "It is none of those that are allowed."
    if "const" in schema and not _same(value, schema["const"]):
        yield path, f"It must be {schema['const']}."
    for kind, check in CHECKS.items():
        if isinstance(value, kind) and not isinstance(value, bool):
            yield from check(schema, value, path)


ARTICLES = {
    "object": "an object", "array": "a list", "string": "a text", "boolean": "yes or no",
    "integer": "a whole number", "number": "a number", "null": "null",
}  # fmt: skip


def _has_type(schema: Schema, value: Any) -> bool:
    wanted = type_of(schema)
    if wanted not in TYPES:
        return True
    if isinstance(value, bool):
        return wanted == "boolean"
    if wanted == "integer" and isinstance(value, float):
        return value.is_integer()
    return isinstance(value, TYPES[wanted])


def _same(one: Any, other: Any) -> bool:
    """1 is 1.0 in JSON, and true is not 1."""
    return isinstance(one, bool) == isinstance(other, bool) and bool(one == other)


def _number(schema: Schema, value: float, path: Path) -> Iterator[Problem]:
    limits: tuple[tuple[str, Callable[[Any], bool], str], ...] = (
        ("minimum", lambda limit: value >= limit, "at least"),
        ("maximum", lambda limit: value <= limit, "at most"),
        ("exclusiveMinimum", lambda limit: value > limit, "more than"),
        ("exclusiveMaximum", lambda limit: value < limit, "less than"),
    )
    for name, holds, says in limits:
        if name in schema and not holds(schema[name]):
            yield path, f"It must be {says} {schema[name]}."
    step = schema.get("multipleOf")
    if step and not _is_multiple(value, step):
        yield path, f"It must be a multiple of {step}."


def _is_multiple(value: float, step: float) -> bool:
    try:
        return abs(value / step - round(value / step)) <= 1e-9
    except (OverflowError, ValueError):
        return value % step == 0


def _text(schema: Schema, value: str, path: Path) -> Iterator[Problem]:
    least, most = schema.get("minLength", 0), schema.get("maxLength")
    if len(value) < least:
        yield path, f"It must have at least {least} characters."
    if most is not None and len(value) > most:
        yield path, f"It must have at most {most} characters."
    if pattern := schema.get("pattern"):
        room = PATTERN_TEXT_MAX if _repeats(pattern) <= 1 else PATTERN_TEXT_LESS
        if len(value) > room:
            yield path, f"It must have at most {room} characters."
        elif not re.search(pattern, value):
            yield path, f"It must match {pattern}."
    if schema.get("format") == "date-time" and not _is_moment(value):
        yield path, "It must be a date with time and zone, such as 2026-01-31T09:00:00Z."


def _is_moment(value: str) -> bool:
    try:
        return datetime.fromisoformat(value).tzinfo is not None
    except ValueError:
        return False


def _list(schema: Schema, value: list[Any], path: Path) -> Iterator[Problem]:
    least, most = schema.get("minItems", 0), schema.get("maxItems")
    if len(value) < least:
        yield path, f"It must have at least {least} of them."
    if most is not None and len(value) > most:
        yield path, f"It must have at most {most} of them."
    if schema.get("uniqueItems") and any(one in value[:at] for at, one in enumerate(value)):
        yield path, "One stands there twice."
    if "items" in schema:
        for at, one in enumerate(value):
            yield from problems(schema["items"], one, (*path, at))


def _object(schema: Schema, value: dict[str, Any], path: Path) -> Iterator[Problem]:
    inside = schema.get("properties", {})
    for name in schema.get("required", ()):
        if name not in value:
            yield (*path, name), "This is required."
    for name, one in value.items():
        if name in inside:
            yield from problems(inside[name], one, (*path, name))
        elif schema.get("additionalProperties") is False:
            yield path, f"{name} does not belong here."


CHECKS: Mapping[Any, Callable[[Schema, Any, Path], Iterator[Problem]]] = {
    (int, float): _number,
    str: _text,
    list: _list,
    dict: _object,
}
