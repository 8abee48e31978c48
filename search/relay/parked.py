"""What the index refused, for a person to look at; and how far behind the index is."""

from collections.abc import Callable, Sequence
from datetime import datetime

from search import outbox
from search.outbox import Lag, Parked
from search.postgres import table
from search.postgres.databases import connected


def lag(url: str, clock: Callable[[], datetime]) -> Lag:
    with connected(url) as connection:
        return outbox.lag(connection, clock())


def parked(url: str, after: int = 0) -> list[Parked]:
    """A page of them in the order in which they came, after the seq of the last one seen."""
    with connected(url) as connection:
        return outbox.parked(connection, after)


def retry(url: str, clock: Callable[[], datetime], seqs: Sequence[int] | None = None) -> int:
    """Send what the runs are now (all, where none are named); a run that is gone needs nothing."""
    with connected(url) as connection:
        taken = outbox.unpark(connection, seqs)
        current = table.current(connection, [run_id for _, run_id in taken])
        of_shards = dict.fromkeys(taken)
        there = [(shard_id, current[run_id]) for shard_id, run_id in of_shards if run_id in current]
        outbox.put_back(connection, there, clock())
        return len(taken)


def drop(url: str, seqs: Sequence[int]) -> int:
    with connected(url) as connection:
        return outbox.drop(connection, list(seqs))
