"""A schema -> the fields of a form, and what was typed -> a value.

text, number, moment     one line
choice                   one of some: an enum, or yes and no
lines                    a list of texts or numbers, one a line
json                     what cannot be drawn: a list of objects, a schema that is not supported
group                    an object, its fields below it
filled                   the console says it: who asks, why, and the id of the activity log
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from console.offering import schema as schemas
from console.offering.references import plain
from console.offering.schema import Path, Problem, Schema, Unsupported
from console.ui import typed

ABSENT = object()
FILLS = {"person": "you", "reason": "the reason below", "audit": "the id of the activity log"}
SCALARS = frozenset({"string", "integer", "number"})


@dataclass(slots=True)
class Node:
    name: str
    path: Path
    kind: str
    label: str
    schema: Schema
    required: bool
    hint: str = ""
    text: str = ""
    choices: list[tuple[str, str]] = field(default_factory=list)
    children: list["Node"] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    @property
    def type(self) -> str:
        return schemas.type_of(self.schema)

    def everyone(self) -> Iterator["Node"]:
        yield self
        for child in self.children:
            yield from child.everyone()


def drawn(given: Any, name: str, label: str, default: Any = ABSENT) -> Node:
    """One argument of an action. A schema that is not supported gives a field for JSON."""
    try:
        node = _node(schemas.usable(plain(given)), name, (), label, required=True, default=default)
    except Unsupported as why:
        said = f"Its schema {why}, which the console does not draw: write JSON."
        return Node(name, (), "json", label, {"type": "any"}, True, said)
    if sum(1 for _ in node.everyone()) > schemas.FIELDS_MAX:
        said = f"Its schema has more than {schemas.FIELDS_MAX} fields: write JSON."
        return Node(name, (), "json", label, given, True, said)
    return node


def _node(
    schema: Schema, name: str, path: Path, label: str, *, required: bool, default: Any = ABSENT
) -> Node:
    default = schema.get("default", ABSENT) if default is ABSENT else default
    node = Node(
        name=name,
        path=path,
        kind=_kind(schema),
        label=str(schema.get("title") or label),
        schema=schema,
        required=required,
        hint=_hint(schema),
        choices=_choices(schema),
    )
    if node.kind == "group":
        node.children = list(_children(node, default if isinstance(default, dict) else {}))
    elif default is not ABSENT and default is not None:
        node.text = _written(node, default)
    return node


def _children(node: Node, defaults: Mapping[str, Any]) -> Iterator[Node]:
    """In the order of `required`: an SDK may sort the names of a memo, and leaves lists alone."""
    inside, needed = node.schema.get("properties", {}), node.schema.get("required", ())
    names = [*(one for one in needed if one in inside), *inside]
    for number, name in enumerate(dict.fromkeys(names)):
        schema = inside[name]
        yield _node(
            schema,
            f"{node.name}.{number}",
            (*node.path, name),
            name.replace("_", " ").capitalize(),
            required=name in needed,
            default=defaults.get(name, ABSENT),
        )


def _kind(schema: Schema) -> str:
    if schema.get("x-perdure") in FILLS:
        return "filled"
    of_type = schemas.type_of(schema)
    if "enum" in schema or "const" in schema or of_type == "boolean":
        return "choice"
    if of_type == "array":
        return "lines" if _is_scalar(schema.get("items", {})) else "json"
    if of_type == "object":
        return "group" if schema.get("properties") else "json"
    if schema.get("format") == "date-time":
        return "moment"
    return "number" if of_type in {"integer", "number"} else "text"


def _is_scalar(schema: Schema) -> bool:
    return schemas.type_of(schema) in SCALARS and "enum" not in schema


def _hint(schema: Schema) -> str:
    says = [str(schema["description"])] if schema.get("description") else []
    if schema.get("x-perdure") in FILLS:
        says.append(f"The console fills it in: {FILLS[schema['x-perdure']]}.")
    if schemas.type_of(schema) == "array" and _is_scalar(schema.get("items", {})):
        says.append("One a line.")
    if schema.get("format") == "date-time":
        says.append("In UTC.")
    # One character or more is what "required" says.
    told = {name: limit for name, limit in schema.items() if (name, limit) != ("minLength", 1)}
    limits = [word.format(told[name]) for name, word in LIMIT_WORDS.items() if name in told]
    if limits:
        says.append(", ".join(limits).capitalize() + ".")
    return " ".join(says)


LIMIT_WORDS = {
    "minimum": "at least {}", "maximum": "at most {}", "exclusiveMinimum": "more than {}",
    "exclusiveMaximum": "less than {}", "multipleOf": "in steps of {}",
    "minLength": "{} characters or more", "maxLength": "{} characters or less",
    "minItems": "{} or more of them", "maxItems": "{} or less of them",
}  # fmt: skip


def _choices(schema: Schema) -> list[tuple[str, str]]:
    """(what the form sends, word). What is sent is JSON, so that 1 and "1" stay apart."""
    if "const" in schema:
        return [(json.dumps(schema["const"]), _word(schema["const"]))]
    if "enum" in schema:
        return [(json.dumps(one), _word(one)) for one in schema["enum"]]
    if schemas.type_of(schema) == "boolean":
        return [("true", "yes"), ("false", "no")]
    return []


def _word(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _written(node: Node, value: Any) -> str:
    if node.kind == "choice":
        return json.dumps(value)
    if node.kind == "lines" and isinstance(value, list):
        return "\n".join(map(_word, value))
    if node.kind == "json":
        return typed.pretty(value)
    return _word(value)


def take(node: Node, given: Mapping[str, str]) -> None:
    """What was typed stands in the fields again."""
    for one in node.everyone():
        one.text = given.get(one.name, "").replace("\r\n", "\n")


def value_of(node: Node, fills: Mapping[str, Any]) -> Any:
    """What the fields say; ABSENT when nothing. A text that is no such value is an error of its
    field, and nothing to check any more."""
    if node.kind == "filled":
        return fills[node.schema["x-perdure"]]
    if node.kind == "group":
        return _group(node, fills)
    if not node.text.strip():
        return None if node.required and schemas.may_be_null(node.schema) else ABSENT
    try:
        return READERS[node.kind](node, node.text)
    except (typed.NotJson, ValueError) as error:
        says = str(error) if isinstance(error, typed.NotJson) else SAYS[node.kind]
        node.errors.append(says)
        return ABSENT


def _group(node: Node, fills: Mapping[str, Any]) -> Any:
    """An object that nobody asked for is not sent, even if the console would fill in a part."""
    values = [(child, value_of(child, fills)) for child in node.children]
    was_typed = any(value is not ABSENT and child.kind != "filled" for child, value in values)
    if not (was_typed or node.required or any(child.errors for child in node.children)):
        return ABSENT
    return {str(child.path[-1]): value for child, value in values if value is not ABSENT}


def _number(node: Node, text: str) -> Any:
    return int(text.strip()) if node.type == "integer" else typed.parse(text.strip())


def _moment(_node: Node, text: str) -> str:
    at = datetime.fromisoformat(text.strip())
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).isoformat()


def _lines(node: Node, text: str) -> list[Any]:
    each = [line.strip() for line in text.splitlines() if line.strip()]
    of_type = schemas.type_of(node.schema["items"])
    readers: dict[str, Callable[[str], Any]] = {"integer": int, "number": typed.parse}
    return [readers.get(of_type, str)(line) for line in each]


READERS: Mapping[str, Callable[[Node, str], Any]] = {
    "text": lambda _node, text: text,
    "number": _number,
    "moment": _moment,
    "choice": lambda _node, text: typed.parse(text),
    "lines": _lines,
    "json": lambda _node, text: typed.parse(text),
}
SAYS = {
    "number": "This is not such a number.",
    "moment": "This is not a date with a time, such as 2026-01-31 09:00.",
    "lines": "A line is not such a number.",
}


def blame(node: Node, found: Iterable[Problem]) -> None:
    """Each problem stands at the field that is nearest to its place, and once."""
    for path, says in found:
        near = max(
            (one for one in node.everyone() if one.path == path[: len(one.path)]),
            key=lambda one: len(one.path),
        )
        if not near.errors:
            near.errors.append(says)
