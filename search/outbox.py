"""The outbox, whole: records on their way to Elasticsearch, and those it refused.

    append ──▶ waiting ──claim──▶ (held by one relay) ──ack────▶ gone
                  ▲                      │       └────park──▶ parked ──unpark, drop──▶ gone
                  │                      └ connection lost: waiting again     │
                  └────────── put_back: what the run is now ─────────────────┘

A claim is a row lock: it lasts as long as the relay's transaction, and dies with it. So two
relays never hold the same row, and nothing has to find out that one of them is dead.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, LiteralString, NamedTuple

import psycopg
from psycopg.rows import class_row

from search.records import Claimed, VisibilityRecord, encode

BATCH_ROWS_MAX = 1_000
#: The record of one run rarely exceeds 2 KiB; of a run with a large memo, 100.
BATCH_BYTES_MAX = 8 * 1024 * 1024
PARKED_PAGE_ROWS_MAX = 200
RETRY_ROWS_MAX = 1_000


class Parked(NamedTuple):
    seq: int
    shard_id: int
    run_id: str
    version: int
    error: str
    parked_at: datetime


class Lag(NamedTuple):
    """How far the index is behind."""

    waiting: int
    parked: int
    oldest_seconds: float
    #: Since when the index cannot be reached, and why; None while it can.
    away_since: datetime | None
    error: str | None


OfShard = tuple[int, VisibilityRecord]

_append: LiteralString = """
    insert into visibility_outbox (shard_id, run_id, version, appended_at, record)
    select shard_id, run_id, version, %s, record
    from unnest(%s::integer[], %s::text[], %s::bigint[], %s::bytea[])
        as given (shard_id, run_id, version, record)
"""


async def append(
    connection: psycopg.AsyncConnection[Any], records: Sequence[OfShard], at: datetime
) -> None:
    """In the engine's transaction; `at` is the moment of its batch."""
    await connection.execute(_append, _appended(records, at))


def _appended(records: Sequence[OfShard], at: datetime) -> tuple[object, ...]:
    shards = [shard_id for shard_id, _ in records]
    run_ids = [record.run_id for _, record in records]
    versions = [record.version for _, record in records]
    return at, shards, run_ids, versions, [encode(record) for _, record in records]


_claim: LiteralString = """
    select seq, run_id, version, record from visibility_outbox
    where not exists (select from visibility_relay where retry_at > %(now)s)
    order by seq limit %(limit)s for update skip locked
"""


class Batch(NamedTuple):
    rows: list[Claimed]
    #: There were more than a batch holds.
    is_full: bool


def claim(connection: psycopg.Connection[Any], now: datetime) -> Batch:
    """The oldest rows that no other relay holds, locked until the transaction ends.

    None while the index is known to be away: see `postpone`.
    """
    with connection.cursor(row_factory=class_row(Claimed)) as cursor:
        rows = cursor.execute(_claim, {"now": now, "limit": BATCH_ROWS_MAX}).fetchall()
    taken: list[Claimed] = []
    size = 0
    for row in rows:
        size += len(row.record)
        if taken and size > BATCH_BYTES_MAX:
            break
        taken.append(row)
    return Batch(taken, len(taken) < len(rows) or len(rows) == BATCH_ROWS_MAX)


_ack: LiteralString = "delete from visibility_outbox where seq = any(%(seqs)s::bigint[])"


def ack(connection: psycopg.Connection[Any], seqs: Iterable[int]) -> None:
    connection.execute(_ack, {"seqs": list(seqs)})


_park: LiteralString = """
    with refused as (
        select * from unnest(%(seqs)s::bigint[], %(errors)s::text[]) as given (seq, error)
    ), taken as (
        delete from visibility_outbox using refused
        where visibility_outbox.seq = refused.seq
        returning visibility_outbox.*, refused.error
    )
    insert into visibility_parked
        (seq, shard_id, run_id, version, appended_at, record, error, parked_at)
    select seq, shard_id, run_id, version, appended_at, record, error, %(now)s from taken
"""


def park(connection: psycopg.Connection[Any], errors: dict[int, str], now: datetime) -> None:
    """Put rows aside, each with the reason why the index refuses it."""
    given = {"seqs": list(errors), "errors": list(errors.values()), "now": now}
    connection.execute(_park, given)


_parked: LiteralString = """
    select seq, shard_id, run_id, version, error, parked_at from visibility_parked
    where seq > %(after)s order by seq limit %(limit)s
"""


async def parked(
    connection: psycopg.AsyncConnection[Any], after: int = 0, limit: int = PARKED_PAGE_ROWS_MAX
) -> list[Parked]:
    """A page of them in the order in which they came, after the seq of the last one seen."""
    async with connection.cursor(row_factory=class_row(Parked)) as cursor:
        await cursor.execute(_parked, {"after": after, "limit": min(limit, PARKED_PAGE_ROWS_MAX)})
        return await cursor.fetchall()


_unpark: LiteralString = """
    delete from visibility_parked
    where seq in (select seq from visibility_parked
                  where %(seqs)s::bigint[] is null or seq = any(%(seqs)s::bigint[])
                  order by seq limit %(limit)s for update skip locked)
    returning shard_id, run_id
"""


async def unpark(
    connection: psycopg.AsyncConnection[Any], seqs: Sequence[int] | None = None
) -> list[tuple[int, str]]:
    """Take rows out (all, up to RETRY_ROWS_MAX, where none are named): (shard, run) of each.

    The caller puts back what the runs are now. Their old records are of no use: the index
    may have forgotten by now that a run was deleted.
    """
    given = {"seqs": None if seqs is None else list(seqs), "limit": RETRY_ROWS_MAX}
    return await (await connection.execute(_unpark, given)).fetchall()


def put_back(connection: psycopg.Connection[Any], records: Sequence[OfShard], at: datetime) -> None:
    connection.execute(_append, _appended(records, at))


_drop: LiteralString = "delete from visibility_parked where seq = any(%(seqs)s::bigint[])"


async def drop(connection: psycopg.AsyncConnection[Any], seqs: Sequence[int]) -> int:
    return (await connection.execute(_drop, {"seqs": list(seqs)})).rowcount


_postpone: LiteralString = """
    update visibility_relay set
        failures = failures + 1,
        retry_at = %(now)s + least(power(2, least(failures, 20)) * %(first)s, %(longest)s)
                             * interval '1 second',
        away_since = coalesce(away_since, %(now)s),
        error = %(error)s
    where retry_at is null or retry_at <= %(now)s
"""
RETRY_SECONDS_FIRST = 0.5
RETRY_SECONDS_MAX = 15.0


def postpone(connection: psycopg.Connection[Any], error: str, now: datetime) -> None:
    """The index is away: no claims for twice as long as the last time.

    Another relay may have come to the same end in the same moment: one of them counts.
    """
    given = {
        "now": now,
        "error": error,
        "first": RETRY_SECONDS_FIRST,
        "longest": RETRY_SECONDS_MAX,
    }
    connection.execute(_postpone, given)


_resume: LiteralString = """
    update visibility_relay set failures = 0, retry_at = null, away_since = null, error = null
    where failures > 0
"""


def resume(connection: psycopg.Connection[Any]) -> None:
    connection.execute(_resume)


_lag: LiteralString = """
    select
        (select count(*) from visibility_outbox),
        (select count(*) from visibility_parked),
        coalesce(extract(epoch from %(now)s
            - (select appended_at from visibility_outbox order by seq limit 1)), 0)::float8,
        away_since, error
    from visibility_relay
"""


async def lag(connection: psycopg.AsyncConnection[Any], now: datetime) -> Lag:
    row = await (await connection.execute(_lag, {"now": now})).fetchone()
    assert row is not None, "visibility_relay has its one row from the start"
    return Lag(*row)
