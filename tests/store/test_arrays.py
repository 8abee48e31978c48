"""Lists as the writer sends them: PostgreSQL reads back what was given."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.store.pool import Connection

NUMBERS = st.integers(-(2**63), 2**63 - 1)
# PostgreSQL has no NUL in its texts; halves of characters do not arrive in protobuf messages.
TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))
MOMENTS = st.datetimes(datetime(1, 1, 1), datetime(9999, 12, 31), timezones=st.just(UTC))
COLUMNS = {
    "bigint[]": NUMBERS,
    "float8[]": st.floats(allow_nan=False),
    "text[]": TEXTS,
    "bytea[]": st.binary(),
    "boolean[]": st.booleans(),
    "timestamptz[]": MOMENTS,
    "uuid[]": st.uuids().map(str),
}


async def echoed(store: Connection, kind: str, values: list[Any]) -> list[Any]:
    shown = "::text[]" if kind == "uuid[]" else ""
    cursor = await store.execute(f"select %s::{kind}{shown}".encode(), [values])
    row: tuple[Any, ...] | None = await cursor.fetchone()
    assert row is not None
    return list(row[0])


@pytest.mark.parametrize("kind", COLUMNS)
@given(drawn=st.data())
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
async def test_what_was_sent_is_what_is_stored(
    store: Connection, kind: str, drawn: st.DataObject
) -> None:
    values = drawn.draw(st.lists(st.none() | COLUMNS[kind], max_size=8))

    assert await echoed(store, kind, values) == values


@pytest.mark.parametrize(
    "text", ["", "NULL", "null", " ", "{}", ",", '"', "\\", '\\"', "\n", "é日"]
)
async def test_a_text_that_looks_like_syntax_is_a_text(store: Connection, text: str) -> None:
    assert await echoed(store, "text[]", [text, None, text]) == [text, None, text]


async def test_no_list_is_sent_as_an_empty_array(store: Connection) -> None:
    assert await echoed(store, "bytea[]", []) == []
