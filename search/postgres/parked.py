"""What the index refused, sent once more."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import psycopg

from search import outbox
from search.postgres import table


async def retry(
    connection: psycopg.AsyncConnection[Any], seqs: Sequence[int] | None, now: datetime
) -> int:
    """Send what the runs are now (all, where none are named); a run that is gone needs nothing.

    In the caller's transaction: a row is neither lost nor sent twice.
    """
    taken = await outbox.unpark(connection, seqs)
    current = await table.current(connection, [run_id for _, run_id in taken])
    of_shards = dict.fromkeys(taken)
    there = [(shard_id, current[run_id]) for shard_id, run_id in of_shards if run_id in current]
    if there:
        await outbox.append(connection, there, now)
    return len(taken)
