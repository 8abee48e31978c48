"""Rows on their way to an index, and rows that it refused, without an index."""

from datetime import datetime

import psycopg

from search import outbox
from tests.support.visibility import NOON


def append(database: str, *run_ids: str, at: datetime = NOON) -> None:
    with psycopg.connect(database) as connection:
        for run_id in run_ids:
            connection.execute(
                "insert into visibility_outbox (shard_id, run_id, version, appended_at, record)"
                " values (3, %s, 1, %s, %s)",
                (run_id, at, b"\xc1 no record"),
            )


def park(database: str, *run_ids: str, error: str = "refused") -> list[int]:
    """The seq of each."""
    append(database, *run_ids)
    with psycopg.connect(database) as connection:
        seqs = [row.seq for row in outbox.claim(connection, NOON).rows]
        outbox.park(connection, dict.fromkeys(seqs, error), NOON)
        return seqs
