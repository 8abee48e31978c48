"""Bringing databases to this release, and refusing those that cannot be."""

import asyncio
import json

import psycopg
import pytest
from temporalio.api.common.v1 import Memo, Payload

from engine.store import migrate
from engine.store.migrate import CannotMigrate
from search.postgres import table
from tests.support.postgres import fresh_database
from tests.support.sessions import seen_waiting, session
from tests.support.visibility import a_record, store


def test_each_file_is_applied_once(url: str) -> None:
    files = {
        f"{folder}/{file.name}"
        for folder, directory in migrate.FOLDERS.items()
        for file in directory.glob("*.sql")
    }

    assert set(migrate.migrate((url,), 8)) == files
    assert migrate.migrate((url,), 8) == []


async def test_runs_of_an_older_release_get_the_words_of_their_memo(url: str) -> None:
    migrate.migrate((url,), 8)
    note = Payload(metadata={"encoding": b"json/plain"}, data=json.dumps("Call BACK").encode())
    memo = Memo(fields={"note": note}).SerializeToString()
    records = [a_record("plain"), a_record("noted", memo=memo), a_record("closed", memo=b"")]
    custom = {"Text": {"Notes": ["a"]}, "Keyword": {"Customer": "c"}}
    records.append(a_record("worded", memo=memo, memo_words=["back", "call"]))
    await store(url, [*records, a_record("more", memo=memo, custom=custom)])
    with psycopg.connect(url) as connection:
        connection.execute("delete from schema_files where name = %s", [migrate.MEMO_WORDS])

    done = migrate.migrate((url,), 8)

    assert done == ["search/words and fields of memos: 3"]
    with psycopg.connect(url) as connection:
        found = {record.run_id: record for page in table.scan(connection) for record in page}
    told = {run_id for run_id, record in found.items() if record.memo_words == ["back", "call"]}
    assert told == {"noted", "worded", "more"}
    assert told == {run_id for run_id, record in found.items() if record.memo_fields == ["note"]}
    assert found["plain"].memo_words == found["closed"].memo_words == []
    assert found["more"].custom == custom
    assert migrate.migrate((url,), 8) == []


def test_another_number_of_shards_is_refused(url: str) -> None:
    migrate.migrate((url,), 8)

    with pytest.raises(CannotMigrate, match="ENGINE_SHARDS"):
        migrate.migrate((url,), 16)


def test_a_database_more_than_before_is_refused(url: str, postgres_url: str) -> None:
    migrate.migrate((url,), 8)

    with fresh_database(postgres_url) as added, pytest.raises(CannotMigrate, match="DATABASE_URL"):
        migrate.migrate((url, added), 8)


def test_an_older_server_is_refused_by_name(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(migrate, "SERVER_VERSION_MIN", 990_000)

    with pytest.raises(CannotMigrate, match="too old"):
        migrate.migrate((url,), 8)


def test_a_server_that_is_away_is_named_in_one_line() -> None:
    with pytest.raises(CannotMigrate, match=r"^DATABASE_URL, number 1, cannot be reached: [^\n]*$"):
        migrate.migrate(("postgresql://x@127.0.0.1:1/x",), 8)


async def test_two_that_migrate_at_once_take_turns(url: str) -> None:
    async with session(url) as first:
        await first.execute("select pg_advisory_lock(%s)", [migrate.LOCK])
        second = asyncio.create_task(asyncio.to_thread(migrate.migrate, (url,), 8))
        assert await seen_waiting(first) == ["advisory"]
        assert not second.done()

    await second
    assert await asyncio.to_thread(migrate.migrate, (url,), 8) == []
