"""Rows that an index has refused, without an index."""

import psycopg

from search import outbox
from tests.support.visibility import NOON


def park(database: str, *run_ids: str, error: str = "refused") -> list[int]:
    """The seq of each."""
    with psycopg.connect(database) as connection:
        for run_id in run_ids:
            connection.execute(
                "insert into visibility_outbox (shard_id, run_id, version, appended_at, record)"
                " values (3, %s, 1, %s, %s)",
                (run_id, NOON, b"\xc1 no record"),
            )
        seqs = [row.seq for row in outbox.claim(connection, NOON)]
        outbox.park(connection, dict.fromkeys(seqs, error), NOON)
        return seqs
