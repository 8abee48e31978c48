"""Apply the numbered SQL files of engine and search, in order, each once; then what SQL cannot say.

Two that migrate at the same time take turns: the second finds nothing to do.
"""

from __future__ import annotations

from pathlib import Path
from typing import LiteralString

import psycopg

from engine.protocol import memos
from search.postgres import table

FOLDERS = {
    "engine": Path(__file__).parent / "schema",
    "search": Path(__file__).parents[2] / "search" / "schema",
}
SERVER_VERSION_MIN = 150_000
LOCK = 0x4D494752

_take_turn: LiteralString = "select pg_advisory_xact_lock(%(lock)s)"
_ledger: LiteralString = """
    create table if not exists schema_files (
        folder text not null,
        name text not null,
        primary key (folder, name)
    )
"""
_applied: LiteralString = "select folder, name from schema_files"
_note: LiteralString = """
    insert into schema_files (folder, name) values (%(folder)s, %(name)s)
    on conflict do nothing
"""
_found: LiteralString = """
    insert into engine_facts (shard_count, database_number, database_count)
    values (%(shards)s, %(number)s, %(databases)s)
    on conflict do nothing
"""
_facts: LiteralString = "select shard_count, database_number, database_count from engine_facts"


class CannotMigrate(Exception):
    """The database does not suit; the message says what to do."""


def migrate(urls: tuple[str, ...], shard_count: int) -> list[str]:
    """Bring every shard database to this release; the names of the files applied."""
    done = []
    for number, url in enumerate(urls):
        done += _migrate_one(url, number, len(urls), shard_count)
        done += _fill(url)
    return done


def _migrate_one(url: str, number: int, databases: int, shard_count: int) -> list[str]:
    done = []
    with _connected(url, number) as connection:
        _check_version(connection)
        connection.execute(_take_turn, {"lock": LOCK})
        connection.execute(_ledger)
        applied = set(connection.execute(_applied).fetchall())
        for folder, directory in FOLDERS.items():
            for file in sorted(directory.glob("*.sql")):
                if (folder, file.name) not in applied:
                    connection.execute(file.read_text().encode())
                    connection.execute(_note, {"folder": folder, "name": file.name})
                    done.append(f"{folder}/{file.name}")
        wanted = {"shards": shard_count, "number": number, "databases": databases}
        connection.execute(_found, wanted)
        _check_facts(connection, wanted)
    return done


#: In the ledger, beside the files.
MEMO_WORDS = "words and fields of memos"


def _fill(url: str) -> list[str]:
    """Rows of an older release have a memo and not its words, or not of which fields they are.

    A page at a time, each held for a moment; killed, it goes on where it is called again.
    """
    note = {"folder": "search", "name": MEMO_WORDS}
    with psycopg.connect(url, autocommit=True) as connection:
        if ("search", MEMO_WORDS) in set(connection.execute(_applied).fetchall()):
            return []
        filled = table.give_memo_words(connection, memos.stored)
        connection.execute(_note, note)
    return [f"search/{MEMO_WORDS}: {filled}"] if filled else []


def _connected(url: str, number: int) -> psycopg.Connection[tuple[object, ...]]:
    try:
        return psycopg.connect(url)
    except psycopg.OperationalError as refused:
        # Its number, since a URL has a password in it.
        raise CannotMigrate(
            f"DATABASE_URL, number {number + 1}, cannot be reached: "
            f"{' '.join(str(refused).split())}: correct it, or start the server"
        ) from None


def _check_version(connection: psycopg.Connection[tuple[object, ...]]) -> None:
    if connection.info.server_version < SERVER_VERSION_MIN:
        raise CannotMigrate(
            f"PostgreSQL {connection.info.server_version // 10_000} is too old: "
            f"use {SERVER_VERSION_MIN // 10_000} or newer."
        )


def _check_facts(
    connection: psycopg.Connection[tuple[object, ...]], wanted: dict[str, int]
) -> None:
    row = connection.execute(_facts).fetchone()
    if row != tuple(wanted.values()):
        raise CannotMigrate(
            f"this database was made for (shards, number, databases) = {row}, "
            f"but the configuration says {tuple(wanted.values())}: "
            "put ENGINE_SHARDS and DATABASE_URL back to what they were."
        )
