"""Connections to the shard databases, for the relay and for those who ask after it (sync)."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, LiteralString

import psycopg
from psycopg_pool import ConnectionPool

CONNECTIONS_MAX = 8
#: Of advisory locks; shards have others.
LOCK_SPACE = 0x5EA4C4


_pools: dict[str, ConnectionPool[psycopg.Connection[Any]]] = {}
_opening = threading.Lock()


def _pool(url: str) -> ConnectionPool[psycopg.Connection[Any]]:
    with _opening:
        if url not in _pools:
            settings = {"application_name": "perdure relay"}
            _pools[url] = ConnectionPool(
                url, kwargs=settings, min_size=0, max_size=CONNECTIONS_MAX, open=True
            )
        return _pools[url]


@contextmanager
def connected(url: str) -> Iterator[psycopg.Connection[Any]]:
    """A connection and one transaction: committed at the end, undone by an exception."""
    with _pool(url).connection() as connection:
        yield connection


def close() -> None:
    """All connections of this process; the next to ask opens new ones."""
    with _opening:
        for pool in _pools.values():
            pool.close()
        _pools.clear()


_lock: LiteralString = "select pg_try_advisory_xact_lock(%(space)s, hashtext(%(name)s))"


@contextmanager
def only_one(url: str, name: str) -> Iterator[bool]:
    """Whether nobody else does what is named so, on any machine, until the end of the block."""
    with psycopg.connect(url) as connection:
        row = connection.execute(_lock, {"space": LOCK_SPACE, "name": name}).fetchone()
        yield row is not None and bool(row[0])
