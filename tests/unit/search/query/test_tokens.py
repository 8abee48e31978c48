"""Page tokens: what one holds, and which are refused."""

from datetime import UTC, datetime

import msgspec
import pytest

from search.attributes import ValueType
from search.query import nodes, tokens
from search.query.check import check
from search.query.errors import BadPageToken
from search.query.parser import parse
from tests.support.visibility import MINUTE, NOON, a_record

MINE = tokens.digest("namespace", "query")


def order(text: str = "") -> tuple[nodes.OrderKey, ...]:
    return check(parse(text), {"Amount": ValueType.INT}, datetime(2026, 1, 1, tzinfo=UTC)).order


def test_no_token_is_the_first_page() -> None:
    assert tokens.read(b"", MINE, order()) is None


def test_a_token_brings_back_the_place_of_a_run() -> None:
    place = tokens.place_of(a_record("run-1", close_time=NOON + MINUTE), order())

    assert place == (1772452860000000, 1772452800000000, "run-1")
    assert tokens.read(tokens.write(MINE, place), MINE, order()) == place


def test_a_missing_value_has_a_place_too() -> None:
    assert tokens.place_of(a_record("run-1"), order())[0] is None
    assert tokens.place_of(a_record("run-1"), order("ORDER BY Amount"))[0] is None


def test_a_custom_attribute_is_placed_by_its_sortable_text() -> None:
    record = a_record("run-1", custom={"Int": {"Amount": "8000000000000001"}})

    assert tokens.place_of(record, order("ORDER BY Amount")) == ("8000000000000001", "run-1")


@pytest.mark.parametrize(
    "token",
    [
        b"x",
        b"\xff\xff\xff",
        b"\x93\x01",
        msgspec.msgpack.encode((1, MINE, ("a", "b", "c"))),
        msgspec.msgpack.encode((1, MINE, (1, 2))),
        msgspec.msgpack.encode((1, MINE, (1, 2, "a\0"))),
        msgspec.msgpack.encode((1, MINE, (2**63, 2, "a"))),
        msgspec.msgpack.encode((1, MINE, (True, False, ["a"]))),
        msgspec.msgpack.encode((2, MINE, (1, 2, "a"))),
        msgspec.msgpack.encode((1, MINE, (1, 2, "a" * 20_000))),
    ],
)
def test_a_token_that_we_did_not_write_is_refused(token: bytes) -> None:
    with pytest.raises(BadPageToken):
        tokens.read(token, MINE, order())


def test_a_token_of_another_query_or_namespace_is_refused() -> None:
    place = tokens.place_of(a_record("run-1"), order())

    for other in (("namespace", "other"), ("other", "query"), ("names", "pacequery")):
        with pytest.raises(BadPageToken, match="another query"):
            tokens.read(tokens.write(tokens.digest(*other), place), MINE, order())
