"""Bringing databases to this release, and refusing those that cannot be."""

import asyncio

import pytest

from engine.store import migrate
from engine.store.migrate import CannotMigrate
from tests.support.postgres import fresh_database
from tests.support.sessions import seen_waiting, session


def test_each_file_is_applied_once(url: str) -> None:
    files = {
        f"{folder}/{file.name}"
        for folder, directory in migrate.FOLDERS.items()
        for file in directory.glob("*.sql")
    }

    assert set(migrate.migrate((url,), 8)) == files
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
