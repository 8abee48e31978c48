"""Search attributes that cannot be taken: refused in the words of the protocol's own server."""

import json

import pytest
from temporalio.api.common.v1 import Payload, SearchAttributes

from engine.core.limits import DEFAULT
from engine.errors import InvalidArgument
from engine.frontend import attributes
from engine.namespaces import Namespace
from search.attributes import ValueType

HERE = Namespace(
    id="1", name="shop", retention_seconds=1, created_at=0, custom={"Amount": ValueType.INT}
)


def given(value: object, name: str = "Amount") -> SearchAttributes:
    payload = Payload(metadata={"encoding": b"json/plain"}, data=json.dumps(value).encode())
    return SearchAttributes(indexed_fields={name: payload})


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("two words", "two words"),
        (1.5, "1.5"),
        (0.0001, "0.0001"),
        (1e20, "1e+20"),
        (1_234_567.5, "1.2345675e+06"),
        (-0.00001, "-1e-05"),
        (True, "true"),
        ([1, "a", None], "[1 a <nil>]"),
        ({"b": 100, "a": [0]}, "map[a:[0] b:100]"),
    ],
)
def test_who_starts_a_run_is_told_which_value_it_was(value: object, told: str) -> None:
    with pytest.raises(InvalidArgument) as refused:
        attributes.typed(given(value), HERE, DEFAULT)

    assert refused.value.message == (
        f"invalid value for search attribute Amount of type Int: {told}"
    )


def test_a_history_does_not_say_the_value() -> None:
    with pytest.raises(InvalidArgument) as refused:
        attributes.stamped(given("secret"), HERE, DEFAULT)

    assert refused.value.message == "invalid value for search attribute Amount of type Int"


def test_an_unknown_attribute_is_unknown_to_the_namespace() -> None:
    with pytest.raises(InvalidArgument) as refused:
        attributes.stamped(given(1, "Colour"), HERE, DEFAULT)

    assert refused.value.message == (
        "Namespace shop has no mapping defined for search attribute Colour"
    )
