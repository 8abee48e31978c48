"""The part of JSON Schema that the console draws and checks."""

from time import process_time
from typing import Any

import pytest

from console.offering import nodes, offers
from console.offering.nodes import ABSENT, Node
from console.offering.schema import Unsupported, problems, slow, usable
from examples.fulfilment import forms as fulfilment
from examples.subscription import forms as subscription

ORDER = {
    "type": "object",
    "title": "Order",
    "properties": {
        "name": {"type": "string", "minLength": 2, "maxLength": 5, "pattern": "^[a-z]+$"},
        "count": {"type": "integer", "minimum": 1, "maximum": 9, "default": 3},
        "price": {"type": "number", "exclusiveMinimum": 0, "multipleOf": 0.01},
        "gift": {"type": "boolean"},
        "size": {"enum": ["S", "M", 1]},
        "due": {"type": "string", "format": "date-time"},
        "tags": {"type": "array", "items": {"type": "string"}, "maxItems": 2, "uniqueItems": True},
        "numbers": {"type": "array", "items": {"type": "integer"}},
        "lines": {
            "type": "array",
            "items": {"type": "object", "properties": {"sku": {"type": "string"}}},
        },
        "address": {
            "type": "object",
            "properties": {
                "city": {"type": "string"},
                "who": {"type": "string", "x-perdure": "person"},
            },
            "required": ["city"],
        },
    },
    "required": ["name", "count", "gift"],
    "additionalProperties": False,
}
FILLS = {"person": "bob@example.com", "reason": "why", "audit": "42"}


def filled(schema: Any, **typed: str) -> tuple[Any, dict[str, list[str]]]:
    """Types into the fields by their properties; the value, and the errors by label."""
    node = nodes.drawn(schema, "a0", "Argument 1")
    inputs = {
        one.name: typed.get("_".join(map(str, one.path)) or "it", "") for one in node.everyone()
    }
    nodes.take(node, inputs)
    value = nodes.value_of(node, FILLS)
    if not any(one.errors for one in node.everyone()):
        nodes.blame(node, problems(node.schema, value))
    return value, {one.label: one.errors for one in node.everyone() if one.errors}


def child(node: Node, name: str) -> Node:
    return next(one for one in node.everyone() if one.path == (name,))


def test_each_type_has_its_field_with_label_hint_and_default() -> None:
    node = nodes.drawn(ORDER, "a0", "Argument 1")

    assert (node.kind, node.label) == ("group", "Order")
    kinds = {str(one.path[0]): one.kind for one in node.children}
    assert kinds == {
        "name": "text",
        "count": "number",
        "price": "number",
        "gift": "choice",
        "size": "choice",
        "due": "moment",
        "tags": "lines",
        "numbers": "lines",
        "lines": "json",
        "address": "group",
    }
    assert child(node, "count").text == "3"
    assert child(node, "count").hint == "At least 1, at most 9."
    assert child(node, "gift").choices == [("true", "yes"), ("false", "no")]
    assert child(node, "size").choices == [('"S"', "S"), ('"M"', "M"), ("1", "1")]


def test_the_required_fields_come_first_and_in_their_order() -> None:
    some = {name: {"type": "string"} for name in ("a", "b", "c", "d")}
    schema = {"type": "object", "properties": some, "required": ["d", "b"]}

    node = nodes.drawn(schema, "a0", "Argument 1")

    assert [one.path for one in node.children] == [("d",), ("b",), ("a",), ("c",)]
    assert [one.required for one in node.children] == [True, True, False, False]


def test_what_is_typed_becomes_a_value_of_its_types() -> None:
    value, errors = filled(
        ORDER,
        name="ada",
        count="7",
        price="9.99",
        gift="false",
        size="1",
        due="2026-01-31 09:00",
        tags="a\nb\n",
        numbers="1\n2",
        lines='[{"sku": "x"}]',
        address_city="Oslo",
    )

    assert errors == {}
    assert value == {
        "name": "ada",
        "count": 7,
        "price": 9.99,
        "gift": False,
        "size": 1,
        "due": "2026-01-31T09:00:00+00:00",
        "tags": ["a", "b"],
        "numbers": [1, 2],
        "lines": [{"sku": "x"}],
        "address": {"city": "Oslo", "who": "bob@example.com"},
    }


def test_an_object_that_may_be_left_out_is_not_sent_for_what_the_console_fills_in() -> None:
    value, errors = filled(ORDER, name="ada", count="1", gift="true")

    assert errors == {}
    assert value == {"name": "ada", "count": 1, "gift": True}


@pytest.mark.parametrize(
    ("typed", "label", "says"),
    [
        ({"name": ""}, "Name", "This is required."),
        ({"name": "a"}, "Name", "It must have at least 2 characters."),
        ({"name": "adalovelace"}, "Name", "It must have at most 5 characters."),
        ({"name": "ADA"}, "Name", "It must match ^[a-z]+$."),
        ({"count": "0"}, "Count", "It must be at least 1."),
        ({"count": "10"}, "Count", "It must be at most 9."),
        ({"count": "1.5"}, "Count", "This is not such a number."),
        ({"price": "0"}, "Price", "It must be more than 0."),
        ({"price": "0.001"}, "Price", "It must be a multiple of 0.01."),
        ({"price": "NaN"}, "Price", "This is not JSON: it has no NaN."),
        ({"gift": ""}, "Gift", "This is required."),
        ({"size": '"L"'}, "Size", "It is none of those that are allowed."),
        ({"due": "soon"}, "Due", "This is not a date with a time, such as 2026-01-31 09:00."),
        ({"tags": "a\na"}, "Tags", "One stands there twice."),
        ({"tags": "a\nb\nc"}, "Tags", "It must have at most 2 of them."),
        ({"numbers": "1\nx"}, "Numbers", "A line is not such a number."),
        ({"lines": '[{"sku": 1}]'}, "Lines", "It must be a text."),
        ({"lines": "[1"}, "Lines", "This is not JSON: Expecting ',' delimiter, line 1, column 3."),
    ],
)
def test_what_is_wrong_stands_at_its_field(typed: dict[str, str], label: str, says: str) -> None:
    usual = {"name": "ada", "count": "1", "gift": "true"}

    _, errors = filled(ORDER, **(usual | typed))

    assert errors == {label: [says]}


def test_a_value_that_may_be_null_is_null_when_nothing_is_typed() -> None:
    value, errors = filled({"type": ["string", "null"]})
    assert (value, errors) == (None, {})
    assert filled({"type": "string"})[0] is ABSENT


@pytest.mark.parametrize(
    "schema",
    [
        {"oneOf": [{"type": "string"}]},
        {"$ref": "#/x"},
        {"type": "object", "properties": {"a": {"anyOf": []}}},
        {"type": ["string", "integer"]},
        {"type": "string", "pattern": "(a+)+$"},
        {"type": "string", "minLength": "3"},
        {"type": "number", "multipleOf": 0},
        {"type": "string", "x-perdure": ["person"]},
        {"type": "object", "properties": {"a": {"type": "string"}}, "required": [["a"]]},
        "no schema",
        {},
    ],
)
def test_a_schema_that_is_not_supported_gives_a_field_for_json(schema: Any) -> None:
    with pytest.raises(Unsupported):
        usable(schema)
    node = nodes.drawn(schema, "a0", "Argument 1")

    assert node.kind == "json"
    assert node.hint.endswith("which the console does not draw: write JSON.")
    nodes.take(node, {"a0": '{"a": 1}'})
    assert nodes.value_of(node, FILLS) == {"a": 1}


#: as Pydantic says it of a class with an enum, an optional object and an optional text
OF_CLASSES = {
    "$defs": {
        "Size": {"enum": ["S", "M"], "title": "Size", "type": "string"},
        "Address": {
            "type": "object",
            "title": "Address",
            "properties": {"city": {"type": "string"}, "zip": {"$ref": "#/$defs/a~1b c"}},
            "required": ["city"],
        },
        "a~1b c": {"type": "integer", "minimum": 1},
    },
    "type": "object",
    "title": "Order",
    "properties": {
        "size": {"allOf": [{"$ref": "#/$defs/Size"}], "default": "M", "title": "How large"},
        "address": {"$ref": "#/$defs/Address"},
        "gift_to": {"anyOf": [{"$ref": "#/$defs/Address"}, {"type": "null"}], "default": None},
        "note": {"anyOf": [{"type": "string", "maxLength": 5}, {"type": "null"}]},
        "lines": {"type": "array", "items": {"$ref": "#/$defs/Address"}},
    },
    "required": ["size", "address", "note"],
}


def test_parts_that_a_schema_names_are_drawn_where_it_names_them() -> None:
    node = nodes.drawn(OF_CLASSES, "a0", "Argument 1")
    given = {"size": '"S"', "address_city": "Oslo", "address_zip": "150", "lines": '[{"city": 1}]'}

    value, errors = filled(OF_CLASSES, **given)
    right, none = filled(OF_CLASSES, **(given | {"lines": "", "note": "hello"}))
    _, wrong = filled(OF_CLASSES, **(given | {"note": "too long", "address_zip": "0"}))

    kinds = {str(one.path[0]): (one.kind, one.label, one.text) for one in node.children}
    assert kinds["size"] == ("choice", "How large", '"M"')
    assert kinds["address"] == ("group", "Address", "")
    assert (kinds["gift_to"][:2], kinds["note"][0]) == (("group", "Gift to"), "text")
    assert value["note"] is None
    assert errors == {"Lines": ["It must be a text."]}
    assert right == {
        "size": "S",
        "address": {"city": "Oslo", "zip": 150},
        "note": "hello",
    }
    assert none == {}
    assert wrong == {
        "Zip": ["It must be at least 1."],
        "Note": ["It must have at most 5 characters."],
        "Lines": ["It must be a text."],
    }


def test_a_part_that_names_itself_or_is_named_too_often_is_not_drawn() -> None:
    itself = {"$defs": {"a": {"$ref": "#/$defs/a"}}, "$ref": "#/$defs/a"}
    tree = {"type": "object", "properties": {"left": {"$ref": "#/$defs/tree"}}}
    wide = {"type": "object", "properties": {f"p{n}": {"$ref": "#/$defs/b"} for n in range(50)}}
    part = {"type": "object", "properties": {f"q{n}": {"type": "string"} for n in range(50)}}

    for schema, why in (
        (itself, "has more than 1000 parts"),
        ({"$defs": {"tree": tree}, "$ref": "#/$defs/tree"}, "is nested deeper than 4 levels"),
        ({"$defs": {"a": wide, "b": part}, "$ref": "#/$defs/a"}, "has more than 1000 parts"),
        ({"$ref": "https://schemas.example/a"}, "names a part that it has not"),
    ):
        node = nodes.drawn(schema, "a0", "Argument 1")
        assert node.kind == "json"
        assert why in node.hint


def test_objects_nest_to_a_depth_that_is_named() -> None:
    schema: dict[str, Any] = {"type": "string"}
    for _ in range(4):
        schema = {"type": "object", "properties": {"in": schema}}
    assert usable(schema)
    with pytest.raises(Unsupported, match="nested deeper than 4 levels"):
        usable({"type": "object", "properties": {"in": schema}})


@pytest.mark.parametrize(
    "pattern",
    [
        "(a*)*",
        "(a|b)+",
        r"(a)\1",
        "(?=a)",
        "a*b*c*",
        "[",
        "x" * 201,
        "a?" * 30 + "a" * 30,
        "a{99999999999}",
    ],
)
def test_a_pattern_that_could_take_long_is_not_run(pattern: str) -> None:
    assert slow(pattern)


def test_the_longest_text_is_looked_at_soon_by_the_worst_pattern() -> None:
    schema = {"type": "string", "pattern": "a?a?a?a?a*a*b"}
    assert not slow(str(schema["pattern"]))

    began = process_time()
    found = list(problems(schema, "a" * 300)), list(problems(schema, "a" * 301))

    assert process_time() - began < 5
    assert [says for [(_, says)] in found] == [
        "It must match a?a?a?a?a*a*b.", "It must have at most 300 characters.",
    ]  # fmt: skip


def test_true_is_not_one() -> None:
    assert list(problems({"enum": [1]}, True))
    assert list(problems({"type": "integer"}, True))
    assert not list(problems({"type": "integer"}, 1.0))


@pytest.mark.parametrize("actions", [subscription.actions("KWD"), fulfilment.actions("EUR")])
def test_the_forms_of_the_examples_are_drawn(actions: dict[str, Any]) -> None:
    schemas = [
        schema
        for kind in actions.values()
        for one in kind.values()
        for schema in (one["arguments"] if "arguments" in one else [one["result"]])
    ]
    results = offers.result_of({offers.MEMO: actions}, "charge_card")

    assert results in schemas
    assert all(usable(schema) for schema in schemas)


@pytest.mark.parametrize("memo", [{}, {"activities": []}, {"activities": {"charge_card": "x"}}])
def test_a_memo_that_says_nothing_of_a_result_is_no_form(memo: Any) -> None:
    assert offers.result_of({offers.MEMO: memo}, "charge_card") is None


def test_a_multiple_is_told_of_numbers_that_no_float_holds() -> None:
    schema = {"type": "integer", "multipleOf": 3}
    assert list(problems({"type": "number", "multipleOf": float("nan")}, 3))

    assert filled(schema, it="3" * 400)[1] == {}
    assert filled(schema, it="3" * 399 + "4")[1] == {"Argument 1": ["It must be a multiple of 3."]}
