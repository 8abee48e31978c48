"""The same query gives the same rows: PostgreSQL, Elasticsearch, and a third reading of it."""

from collections import Counter
from collections.abc import AsyncIterator

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from search.config import SearchConfig
from search.elastic import reader as elastic
from search.postgres import reader as postgres
from search.query import nodes
from search.query.answers import LOOKED_THROUGH_MAX, merged
from search.query.check import check
from search.query.errors import QueryError
from search.query.parser import parse
from search.reader import VisibilityReader
from search.records import VisibilityRecord
from search.relay.drain import Index
from search.relay.rebuild import rebuild
from tests.support import oracle
from tests.support.visibility import (
    CUSTOM,
    FLOATS,
    INTS,
    NAMESPACE,
    NOON,
    SENTENCES,
    TEXTS,
    a_record,
    odd_records,
    store,
)

pytestmark = pytest.mark.slow

RECORDS = odd_records(120)
#: Of its own type each, but for three of one: more than a backend looks through.
OF_MANY = "a-namespace-of-many-types"
MANY = [
    a_record(
        f"of-many-{number:05}",
        namespace_id=OF_MANY,
        workflow_type="Often" if number < 3 else f"Type{number:05}",
        status="Completed" if number < 3 else "Running",
    )
    for number in range(LOOKED_THROUGH_MAX + 3)
]
Readers = tuple[VisibilityReader, VisibilityReader]


@pytest.fixture(scope="module")
async def readers(search_config: SearchConfig, index: Index) -> AsyncIterator[Readers]:
    elsewhere = a_record("elsewhere", namespace_id="another-namespace")
    await store(search_config.home, [*RECORDS, elsewhere, *MANY])
    rebuild(search_config, index)
    both = (
        await postgres.open_reader(search_config, lambda: NOON),
        await elastic.open_reader(search_config, lambda: NOON),
    )
    yield both
    for reader in both:
        await reader.close()


def literal(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "''") + "'"


TIMES = [f"'{NOON.isoformat()}'", "'2026-03-02T12:01:00Z'", "now() + '1h'", "now() - '60s'"]
VALUES = {
    "WorkflowId": TEXTS,
    "ParentWorkflowId": TEXTS,
    "Customer": TEXTS,
    "Tags": TEXTS,
    "FailingActivityTypes": ["Charge", "Refund", "Nothing"],
    "WorkflowType": ["Order", "Subscription"],
    "Notes": [text for text in SENTENCES if text != "…"],
    "LastFailureMessage": ["declined card", "4242", "STRASSE", "after nothing"],
    "MemoText": ["declined card", "4242", "STRASSE", "after nothing"],
    "MemoFields": ["card", "note", "*"],
}
NUMBERS = {
    "HistoryLength": [3, 11, 100],
    "ExecutionDuration": [0, 1_000, 3_600_000_000_000],
    "FailingActivityCount": [0, 1],
    "Amount": INTS,
    "Rate": [f"{number:.1f}" for number in FLOATS if abs(number) < 100],
}
LISTS = {"Tags", "FailingActivityTypes", "MemoFields"}
FULL_TEXTS = {"Notes", "LastFailureMessage", "MemoText"}


def predicates() -> st.SearchStrategy[str]:
    return st.one_of(
        _of_texts(),
        _of_numbers(),
        st.builds(
            "{} {} {}".format,
            st.sampled_from(["StartTime", "CloseTime", "NextRetryTime", "`Due.At`"]),
            st.sampled_from(["=", "!=", "<", "<=", ">", ">="]),
            st.sampled_from(TIMES),
        ),
        st.builds(
            "{} {}".format,
            st.sampled_from([*VALUES, *NUMBERS, "`Due.At`", "Vip", "CloseTime", "BuildIds"]),
            st.sampled_from(["IS NULL", "IS NOT NULL"]),
        ),
        st.sampled_from(["Vip = true", "Vip != false", "ExecutionStatus = 'Running'"]),
        st.sampled_from(["ExecutionStatus IN ('Failed', 2)", "ExecutionStatus != 'Completed'"]),
    )


@st.composite
def _of_texts(draw: st.DrawFn) -> str:
    name = draw(st.sampled_from(list(VALUES)))
    value = literal(draw(st.sampled_from(VALUES[name])))
    other = literal(draw(st.sampled_from(VALUES[name])))
    forms = [f"{name} = {value}", f"{name} != {value}", f"{name} IN ({value}, {other})"]
    if value != "''":
        forms.append(f"{name} CONTAINS {value}")
    if name not in FULL_TEXTS:
        forms.append(f"{name} STARTS_WITH {value}")
    if name not in FULL_TEXTS | LISTS:
        forms += [f"{name} {operator} {value}" for operator in ("<", "<=", ">", ">=")]
        forms.append(f"{name} NOT BETWEEN {value} AND {other}")
    return draw(st.sampled_from(forms))


@st.composite
def _of_numbers(draw: st.DrawFn) -> str:
    name = draw(st.sampled_from(list(NUMBERS)))
    numbers = st.sampled_from(NUMBERS[name])
    first, second = draw(numbers), draw(numbers)
    operator = draw(st.sampled_from(["=", "!=", "<", "<=", ">", ">="]))
    forms = [f"{name} {operator} {first}", f"{name} NOT IN ({first}, {second})"]
    return draw(st.sampled_from([*forms, f"{name} BETWEEN {first} AND {second}"]))


def conditions() -> st.SearchStrategy[str]:
    return st.recursive(
        predicates(),
        lambda inner: st.one_of(
            st.builds("({} AND {})".format, inner, inner),
            st.builds("({} OR {})".format, inner, inner),
            st.builds("NOT ({})".format, inner),
        ),
        max_leaves=5,
    )


SORTABLE = [
    *("StartTime", "CloseTime", "WorkflowId", "ParentWorkflowId", "ExecutionDuration"),
    *("NextRetryTime", "Customer", "Amount", "Rate", "Vip", "`Due.At`", "RunId"),
]


def orders() -> st.SearchStrategy[str]:
    key = st.builds("{} {}".format, st.sampled_from(SORTABLE), st.sampled_from(["ASC", "DESC"]))
    return st.lists(key, max_size=2).map(
        lambda keys: f" ORDER BY {', '.join(keys)}" if keys else ""
    )


def searched(query: str) -> nodes.Search:
    return check(parse(query), CUSTOM, NOON)


def expected(query: str) -> list[VisibilityRecord]:
    search = searched(query)
    says = oracle.matches(search.meaning)
    return merged([[record for record in RECORDS if says(record)]], search.order)


async def all_pages(reader: VisibilityReader, query: str, page_size: int) -> list[VisibilityRecord]:
    found: list[VisibilityRecord] = []
    token = b""
    while True:
        page = await reader.list(NAMESPACE, query, page_size, token, CUSTOM)
        found += page.records
        token = page.next_page_token
        if not token:
            return found
        assert len(page.records) == page_size


thorough = settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@thorough
@given(condition=conditions(), order=orders(), page_size=st.sampled_from([1, 7, 50, 1000]))
async def test_a_list_has_the_same_rows_in_the_same_order(
    readers: Readers, condition: str, order: str, page_size: int
) -> None:
    query = condition + order
    wanted = [record.run_id for record in expected(query)]

    for reader in readers:
        found = await all_pages(reader, query, max(page_size, len(wanted) // 5 + 1))
        assert [record.run_id for record in found] == wanted
        assert await reader.count(NAMESPACE, query, CUSTOM) == len(wanted)


GROUPABLE = [
    *("ExecutionStatus", "WorkflowType", "ParentWorkflowId", "Customer", "Tags", "Vip"),
    *("FailingActivityTypes", "BUCKET(StartTime, '1h')", "BUCKET(CloseTime, '7s')"),
]


@thorough
@given(
    condition=conditions(),
    keys=st.lists(st.sampled_from(GROUPABLE), min_size=1, max_size=2, unique=True),
)
@example(condition="Tags CONTAINS 'a'", keys=["Tags"])
async def test_groups_have_the_same_counts(
    readers: Readers, condition: str, keys: list[str]
) -> None:
    query = f"{condition} GROUP BY {', '.join(keys)}"

    first, second = [await reader.group(NAMESPACE, query, CUSTOM) for reader in readers]

    assert first == second
    if not {"Tags", "FailingActivityTypes"} & set(keys):
        assert first.total == sum(one.count for one in first.groups) == len(expected(condition))


@thorough
@given(
    condition=conditions(),
    keys=st.lists(st.sampled_from(GROUPABLE), min_size=1, max_size=2, unique=True),
    limit=st.sampled_from([1, 2, 3, 5, 1_000]),
)
@example(condition="Tags CONTAINS 'a'", keys=["Tags"], limit=2)
@example(condition="", keys=["Tags", "FailingActivityTypes"], limit=5)
async def test_the_largest_groups_are_the_first_of_all_of_them(
    readers: Readers, condition: str, keys: list[str], limit: int
) -> None:
    query = f"{condition} GROUP BY {', '.join(keys)}"
    for reader in readers:
        every = await reader.group(NAMESPACE, query, CUSTOM)

        found = await reader.group(
            NAMESPACE, f"{query} ORDER BY COUNT(*) DESC LIMIT {limit}", CUSTOM
        )

        assert found.groups == every.groups[:limit]
        assert found.total == len(expected(condition))


async def test_of_very_many_values_the_largest_are_told(readers: Readers) -> None:
    largest = "ORDER BY COUNT(*) DESC LIMIT"
    for reader in readers:
        with pytest.raises(QueryError, match="more than 1000 groups") as refused:
            await reader.group(OF_MANY, "GROUP BY WorkflowType", CUSTOM)
        assert "ORDER BY COUNT(*) DESC LIMIT 1000" in refused.value.hint

        found = await reader.group(OF_MANY, f"GROUP BY WorkflowType {largest} 1000", CUSTOM)

        assert found.total == len(MANY)
        wanted = [("Often", 3), *((f"Type{number:05}", 1) for number in range(3, 1_002))]
        assert [(group.values[0], group.count) for group in found.groups] == wanted


async def test_among_too_many_pairs_of_values_none_is_called_the_largest(readers: Readers) -> None:
    both = "GROUP BY WorkflowType, ExecutionStatus ORDER BY COUNT(*) DESC LIMIT 2"
    for reader in readers:
        with pytest.raises(QueryError, match="more than 10000 groups to find the largest among"):
            await reader.group(OF_MANY, both, CUSTOM)

        found = await reader.group(OF_MANY, f"WorkflowType > 'Type00003' {both}", CUSTOM)

        assert found.total == LOOKED_THROUGH_MAX - 1
        assert [group.values for group in found.groups] == [
            ("Type00004", "Running"),
            ("Type00005", "Running"),
        ]


async def test_a_record_comes_back_whole(readers: Readers) -> None:
    for reader in readers:
        found = await all_pages(reader, "", 50)
        assert sorted(found, key=lambda record: record.run_id) == RECORDS


async def test_a_page_token_goes_on_with_either_backend(readers: Readers) -> None:
    first, second = readers
    page = await first.list(NAMESPACE, "", 10, b"", CUSTOM)

    assert await second.list(NAMESPACE, "", 10, page.next_page_token, CUSTOM) == await first.list(
        NAMESPACE, "", 10, page.next_page_token, CUSTOM
    )


async def test_a_list_attribute_counts_in_each_of_its_values(readers: Readers) -> None:
    wanted = Counter(kind for record in RECORDS for kind in record.failing_activity_types)

    for reader in readers:
        found = await reader.group(NAMESPACE, "GROUP BY FailingActivityTypes", CUSTOM)
        assert {one.values[0]: one.count for one in found.groups if one.values[0]} == wanted


async def test_without_group_by_the_whole_is_one_group(readers: Readers) -> None:
    for reader in readers:
        found = await reader.group(NAMESPACE, "", CUSTOM)
        assert (found.total, [one.values for one in found.groups]) == (len(RECORDS), [()])


async def test_each_refuses_what_it_is_not_for(readers: Readers) -> None:
    for reader in readers:
        with pytest.raises(QueryError, match="for counting"):
            await reader.list(NAMESPACE, "GROUP BY Vip", 10, b"", CUSTOM)
        with pytest.raises(QueryError, match="a count for each group"):
            await reader.count(NAMESPACE, "GROUP BY Vip", CUSTOM)


async def test_the_deepest_and_widest_query_allowed_is_answered(readers: Readers) -> None:
    deep = "RunId != 'x'"
    for _ in range(5):
        deep = f"NOT (RunId = 'y' OR {deep})"
    ids = ", ".join(f"'run-{number:04}'" for number in range(990))
    wide = " OR ".join(f"Customer = 'c{number}'" for number in range(495))
    for reader in readers:
        await reader.count(NAMESPACE, deep, CUSTOM)
        assert await reader.count(NAMESPACE, f"RunId IN ({ids})", CUSTOM) == len(RECORDS)
        assert await reader.count(NAMESPACE, f"Tags IN ({ids})", CUSTOM) == 0
        assert await reader.count(NAMESPACE, wide, CUSTOM) == 0
