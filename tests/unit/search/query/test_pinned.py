"""now() written out."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.query.check import check
from search.query.errors import QueryError
from search.query.parser import parse
from search.query.pinned import pinned

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
LATER = NOON + timedelta(days=400)
MOMENTS = st.builds(
    "now(){}".format,
    st.one_of(
        st.just(""),
        st.builds(
            " {} '{}{}'".format,
            st.sampled_from("+-"),
            st.integers(0, 5_000),
            st.sampled_from(["ms", "s", "m", "h", "d", "w"]),
        ),
    ),
)
PREDICATES = st.one_of(
    st.builds("StartTime {} {}".format, st.sampled_from([">", "<=", "=", "!="]), MOMENTS),
    st.builds("CloseTime NOT BETWEEN {} AND {}".format, MOMENTS, MOMENTS),
    st.builds("NextRetryTime IN ({}, {})".format, MOMENTS, MOMENTS),
    st.sampled_from(["WorkflowId = 'now() - \\'1h\\''", 'RunId != "now()"', "CloseTime IS NULL"]),
)
CONDITIONS = st.recursive(
    PREDICATES,
    lambda inner: st.one_of(
        st.builds("({} OR {})".format, inner, inner),
        st.builds("{} AND NOT ({})".format, inner, inner),
    ),
    max_leaves=6,
)


@given(CONDITIONS)
def test_it_means_later_what_it_meant_then(query: str) -> None:
    assert check(parse(pinned(query, NOON)), {}, LATER) == check(parse(query), {}, NOON)


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("StartTime > NOW ( ) -'24h'", "StartTime > '2026-03-01T12:00:00Z'"),
        ("StartTime > now()", "StartTime > '2026-03-02T12:00:00Z'"),
        ("snow = 'now()' AND `now` = 1", "snow = 'now()' AND `now` = 1"),
        ("", ""),
    ],
)
def test_the_rest_stays_as_it_was(query: str, text: str) -> None:
    assert pinned(query, NOON) == text


@pytest.mark.parametrize(
    ("query", "position"), [("StartTime > now() - 'soon'", 20), ("StartTime > now(", 16)]
)
def test_what_is_no_distance_is_refused_at_its_place(query: str, position: int) -> None:
    with pytest.raises(QueryError) as refused:
        pinned(query, NOON)

    assert refused.value.position == position
