"""Claim -> bulk -> ack, for one database, until a batch has room left.

What has come since brings a word of its own (nudge.py). To stay for it would make batches of
a few rows, one after the other, while the engine is busy: each costs the index as much as a
hundred rows do, and none is seen before the index's next refresh.

Rows are claimed first, and the generations asked for after that. So a rebuild that begins
in between is safe: either its generation is among those written, or it began later than
these rows were committed, and reads them from the table.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from elasticsearch import Elasticsearch

from search import outbox
from search.elastic import writer
from search.elastic.writer import BulkTooLarge, IndexAway
from search.postgres.databases import connected
from search.records import Claimed, VisibilityRecord
from search.relay import bulk

BATCHES_MAX = 200

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Index:
    """The index, as the relay reaches it, and the time."""

    client: Elasticsearch
    alias: str
    clock: Callable[[], datetime]


def drain(url: str, index: Index) -> int:
    """The number of rows that left the outbox."""
    moved = 0
    for _ in range(BATCHES_MAX):
        try:
            rows, is_full = _one_batch(url, index)
        except IndexAway as away:
            log.warning("the index is away: %s", away)
            with connected(url) as connection:
                outbox.postpone(connection, str(away)[: bulk.ERROR_LENGTH_MAX], index.clock())
            return moved
        moved += rows
        if not is_full:
            return moved
    return moved


def _one_batch(url: str, index: Index) -> tuple[int, bool]:
    """How many rows have left, and whether more are waiting."""
    with connected(url) as connection:
        batch = outbox.claim(connection, index.clock())
        if not batch.rows:
            return 0, False
        outcome = deliver(batch.rows, index)
        outbox.ack(connection, outcome.done)
        if outcome.poison:
            log.error(
                "parked %d rows: %s", len(outcome.poison), next(iter(outcome.poison.values()))
            )
            outbox.park(connection, outcome.poison, index.clock())
        if outcome.later:
            outbox.postpone(connection, next(iter(outcome.later.values())), index.clock())
        else:
            outbox.resume(connection)
        return len(outcome.done) + len(outcome.poison), batch.is_full


def deliver(rows: Sequence[Claimed], index: Index) -> bulk.Outcome:
    generations = writer.generations(index.client, index.alias)
    if not generations:
        raise IndexAway("there is no index yet")
    batch = bulk.read(rows)
    outcome = write_all(list(batch.records.items()), generations, index)
    outcome.done.extend(batch.overtaken)
    outcome.poison.update(batch.unreadable)
    return outcome


Numbered = tuple[int, VisibilityRecord]


def write_all(
    records: Sequence[Numbered], generations: Sequence[str], index: Index
) -> bulk.Outcome:
    if not records:
        return bulk.Outcome()
    seqs = [seq for seq, _ in records]
    operations = list(bulk.operations((record for _, record in records), generations))
    try:
        items = writer.bulk(index.client, operations)
    except BulkTooLarge as refused:
        if len(records) == 1:
            return bulk.Outcome(poison={seqs[0]: str(refused)[: bulk.ERROR_LENGTH_MAX]})
        return _in_halves(records, generations, index)
    return bulk.outcome(seqs, len(generations), items)


def _in_halves(
    records: Sequence[Numbered], generations: Sequence[str], index: Index
) -> bulk.Outcome:
    middle = len(records) // 2
    first = write_all(records[:middle], generations, index)
    second = write_all(records[middle:], generations, index)
    return bulk.Outcome(
        first.done + second.done, first.poison | second.poison, first.later | second.later
    )
