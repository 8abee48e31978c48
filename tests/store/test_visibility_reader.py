"""Lists over several shard databases, and a database that does not answer."""

from collections.abc import AsyncIterator, Iterator

import psycopg
import pytest

from search.config import SearchConfig
from search.postgres import reader as postgres
from search.postgres.reader import PostgresReader
from search.query.errors import BadPageToken, SearchUnavailable
from search.records import VisibilityRecord
from tests.support.postgres import apply_schemas, fresh_database
from tests.support.visibility import CUSTOM, MINUTE, NAMESPACE, NOON, a_record, odd_records, store

RECORDS = odd_records(60)


@pytest.fixture(scope="module")
def second_database(postgres_url: str) -> Iterator[str]:
    with fresh_database(postgres_url) as url:
        apply_schemas(url)
        yield url


@pytest.fixture(scope="module")
async def databases(migrated_database: str, second_database: str) -> tuple[str, str]:
    await store(migrated_database, RECORDS[::2])
    await store(second_database, RECORDS[1::2])
    return migrated_database, second_database


@pytest.fixture
async def reader(databases: tuple[str, str]) -> AsyncIterator[PostgresReader]:
    opened = await postgres.open_reader(SearchConfig(databases), lambda: NOON)
    yield opened
    await opened.close()


async def all_pages(reader: PostgresReader, query: str) -> list[VisibilityRecord]:
    found: list[VisibilityRecord] = []
    token = b""
    while True:
        page = await reader.list(NAMESPACE, query, 7, token, CUSTOM)
        found += page.records
        token = page.next_page_token
        if not token:
            return found


async def test_a_list_is_one_order_over_all_databases(reader: PostgresReader) -> None:
    found = await all_pages(reader, "ORDER BY StartTime DESC")

    wanted = sorted(RECORDS, key=lambda record: record.run_id)
    wanted.sort(key=lambda record: record.start_time, reverse=True)
    assert found == wanted


async def test_open_runs_come_first_over_all_databases(reader: PostgresReader) -> None:
    closed = [record.close_time is not None for record in await all_pages(reader, "")]

    assert closed == sorted(closed)


async def test_counts_and_groups_are_sums(reader: PostgresReader) -> None:
    groups = await reader.group(NAMESPACE, "GROUP BY ExecutionStatus", CUSTOM)

    assert await reader.count(NAMESPACE, "", CUSTOM) == 60
    assert groups.total == sum(group.count for group in groups.groups) == 60
    assert len({group.values for group in groups.groups}) == len(groups.groups)


async def test_the_largest_groups_are_those_of_all_databases_together(
    reader: PostgresReader,
) -> None:
    every = await reader.group(NAMESPACE, "GROUP BY Customer", CUSTOM)

    found = await reader.group(
        NAMESPACE, "GROUP BY Customer ORDER BY COUNT(*) DESC LIMIT 3", CUSTOM
    )

    assert found.total == 60
    assert found.groups == every.groups[:3]


async def test_a_broken_page_token_is_refused(reader: PostgresReader) -> None:
    with pytest.raises(BadPageToken):
        await reader.list(NAMESPACE, "", 10, b"broken", CUSTOM)


async def test_a_page_holds_a_thousand_rows_at_most(
    reader: PostgresReader, databases: tuple[str, str]
) -> None:
    elsewhere = [a_record(f"many-{number}", namespace_id="many") for number in range(1_100)]
    await store(databases[0], elsewhere)

    page = await reader.list("many", "", 1_000_000, b"", CUSTOM)

    assert len(page.records) == 1_000
    assert page.next_page_token


async def test_a_run_that_closes_between_two_pages_shifts_nothing_else(
    reader: PostgresReader, databases: tuple[str, str]
) -> None:
    runs = [a_record(f"shift-{number}", namespace_id="shift") for number in range(6)]
    await store(databases[0], runs)
    first = await reader.list("shift", "", 3, b"", CUSTOM)

    closed = a_record("shift-0", namespace_id="shift", version=2, close_time=NOON + MINUTE)
    await store(databases[0], [closed])
    second = await reader.list("shift", "", 10, first.next_page_token, CUSTOM)

    found = [record.run_id for record in second.records]
    assert found == ["shift-3", "shift-4", "shift-5", "shift-0"]


async def test_a_search_that_takes_too_long_is_given_up(
    databases: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres, "STATEMENT_SECONDS_MAX", 0.2)
    opened = await postgres.open_reader(SearchConfig(databases[:1]), lambda: NOON)
    try:
        async with await psycopg.AsyncConnection.connect(databases[0]) as blocker:
            await blocker.execute("lock table visibility in access exclusive mode")
            with pytest.raises(SearchUnavailable, match="took longer than"):
                await opened.count(NAMESPACE, "", CUSTOM)
    finally:
        await opened.close()


async def test_a_database_that_is_away_makes_search_unavailable(
    databases: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres, "WAIT_SECONDS_MAX", 0.2)
    nowhere = "postgresql://nobody@127.0.0.1:1/none"
    opened = await postgres.open_reader(SearchConfig((databases[0], nowhere)), lambda: NOON)
    try:
        with pytest.raises(SearchUnavailable, match="does not answer"):
            await opened.count(NAMESPACE, "", CUSTOM)
    finally:
        await opened.close()


async def test_the_default_order_is_read_from_its_index(databases: tuple[str, str]) -> None:
    many = [a_record(f"plan-{number}", namespace_id="plan") for number in range(2_000)]
    await store(databases[0], many)
    async with await psycopg.AsyncConnection.connect(databases[0]) as connection:
        await connection.execute("analyze visibility")
        cursor = await connection.execute(
            "explain select run_id from visibility where namespace_id = %s"
            " order by coalesce(close_time, 'infinity') desc, start_time desc,"
            " run_id asc nulls last limit 50",
            ("plan",),
        )
        plan = "\n".join(row[0] for row in await cursor.fetchall())

    assert "visibility_by_order" in plan
    assert "Incremental Sort" in plan
