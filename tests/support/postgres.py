"""One real PostgreSQL for the whole run, and a fresh database for each test module."""

import itertools
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import LiteralString, cast
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
from psycopg import sql

from engine import embedded

REPOSITORY = Path(__file__).parents[2]
SCHEMAS = (REPOSITORY / "engine/store/schema", REPOSITORY / "search/schema")

# What a crash would lose is lost with the directory anyway.
_fast: LiteralString = """
    alter system set fsync = off;
    alter system set synchronous_commit = off;
    alter system set full_page_writes = off;
"""
_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    directory = Path(tempfile.mkdtemp(prefix="perdure-postgres-"))
    try:
        with embedded.postgres(directory) as server:
            with psycopg.connect(server.url, autocommit=True) as connection:
                for statement in _fast.strip().split("\n"):
                    connection.execute(cast(LiteralString, statement))
                connection.execute("select pg_reload_conf()")
            yield server.url
    finally:
        shutil.rmtree(directory, ignore_errors=True)


@contextmanager
def fresh_database(server_url: str) -> Iterator[str]:
    name = f"test_{next(_numbers)}"
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(
            sql.SQL("create database {} strategy file_copy").format(sql.Identifier(name))
        )
        yield urlunsplit(urlsplit(server_url)._replace(path=f"/{name}"))
        drop = sql.SQL("drop database {} with (force)")
        connection.execute(drop.format(sql.Identifier(name)))


@pytest.fixture(scope="module")
def database(postgres_url: str) -> Iterator[str]:
    """The URL of an empty database, gone after the module."""
    with fresh_database(postgres_url) as url:
        yield url


@pytest.fixture(scope="module")
def migrated_database(database: str) -> str:
    """A database with all tables of engine and search."""
    apply_schemas(database)
    return database


def apply_schemas(url: str, *directories: Path) -> None:
    with psycopg.connect(url) as connection:
        for directory in directories or SCHEMAS:
            for file in sorted(directory.glob("*.sql")):
                connection.execute(cast(LiteralString, file.read_text()))
