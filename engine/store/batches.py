"""Batches and their targets.

A batch is advanced under a claim: a number that grows each time that somebody takes it, and that
every write of theirs names. Who was slow, and whose batch another node took, writes nothing. It may
be stopped meanwhile; what was done by then is counted still.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, LiteralString, NamedTuple

from engine.store.pool import Connection

DONE, REFUSED = 1, 2


class Batch(NamedTuple):
    namespace_id: str
    job_id: str
    id: str
    request: bytes
    started_at: int
    closed_at: int | None
    failed: bool
    page_token: bytes
    is_frozen: bool
    total: int
    completed: int
    failures: int
    end_reason: str
    ended_by: str
    claim: int

    @classmethod
    def new(cls, namespace_id: str, job_id: str, own_id: str, request: bytes, at: int) -> Batch:
        return cls(
            namespace_id, job_id, own_id, request, at, None, False, b"", False, 0, 0, 0, "", "", 0
        )


class Target(NamedTuple):
    workflow_id: str
    run_id: str
    tries: int = 0


class Outcome(NamedTuple):
    """`outcome` 0: to be tried again."""

    target: Target
    outcome: int
    refusal: str = ""


_columns: LiteralString = """
    namespace_id, job_id, id, request, started_at, closed_at, failed, page_token, is_frozen,
    total, completed, failures, end_reason, ended_by, claim
"""
# Refused where there is one of that id, or one of the namespace that has not ended.
_add: LiteralString = """
    insert into batches (namespace_id, job_id, id, request, started_at, next_at)
    values (%(namespace_id)s, %(job_id)s, %(id)s, %(request)s, %(started_at)s,
        %(started_at)s)
    on conflict do nothing
"""
_read: LiteralString = (
    "select "
    + _columns
    + "from batches where namespace_id = %(namespace_id)s and job_id = %(job_id)s"
)
_page: LiteralString = (
    "select "
    + _columns
    + """from batches
    where namespace_id = %(namespace_id)s
      and (started_at, job_id) < (%(started_at)s, %(job_id)s)
    order by started_at desc, job_id desc limit %(rows)s
"""
)
_has_open: LiteralString = """
    select exists (
        select from batches where namespace_id = %(namespace_id)s and closed_at is null
    )
"""
# Another node that looks at the same moment takes others; one that dies lets go of it in time.
_claim: LiteralString = """
    update batches set claim = claim + 1, next_at = %(until)s
    where (namespace_id, job_id) in (
        select namespace_id, job_id from batches
        where next_at <= %(at)s order by next_at limit %(rows)s for update skip locked
    )
    returning
        namespace_id, job_id, id, request, started_at, closed_at, failed, page_token, is_frozen,
        total, completed, failures, end_reason, ended_by, claim
"""
_nearest: LiteralString = """
    select next_at from batches where next_at is not null order by next_at limit 1
"""
_freeze: LiteralString = """
    insert into batch_targets (namespace_id, job_id, workflow_id, run_id, number)
    select %(namespace_id)s, %(job_id)s, workflow_id, run_id, %(first)s + number
    from unnest(%(workflow_ids)s::text[], %(run_ids)s::text[])
        with ordinality as given (workflow_id, run_id, number)
    on conflict do nothing
"""
_frozen: LiteralString = """
    update batches set page_token = %(page_token)s, is_frozen = %(is_frozen)s,
        total = total + %(added)s,
        next_at = case when closed_at is null then %(next_at)s end
    where namespace_id = %(namespace_id)s and job_id = %(job_id)s and claim = %(claim)s
"""
_waiting: LiteralString = """
    select workflow_id, run_id, tries from batch_targets
    where namespace_id = %(namespace_id)s and job_id = %(job_id)s and outcome = 0
    order by tries, number limit %(rows)s
"""
_record: LiteralString = """
    update batch_targets as target
    set outcome = given.outcome, refusal = given.refusal, tries = target.tries + 1
    from unnest(%(workflow_ids)s::text[], %(run_ids)s::text[], %(outcomes)s::smallint[],
        %(refusals)s::text[]) as given (workflow_id, run_id, outcome, refusal)
    where target.namespace_id = %(namespace_id)s and target.job_id = %(job_id)s
      and target.workflow_id = given.workflow_id and target.run_id = given.run_id
"""
_advance: LiteralString = """
    update batches set completed = completed + %(completed)s, failures = failures + %(failures)s,
        next_at = case when closed_at is null then %(next_at)s end
    where namespace_id = %(namespace_id)s and job_id = %(job_id)s and claim = %(claim)s
"""
_close: LiteralString = """
    update batches set closed_at = %(at)s, failed = %(failed)s, next_at = null,
        end_reason = %(reason)s, ended_by = %(identity)s
    where namespace_id = %(namespace_id)s and job_id = %(job_id)s and closed_at is null
"""
_forget: LiteralString = """
    delete from batches where (namespace_id, job_id) in (
        select namespace_id, job_id from batches
        where namespace_id = %(namespace_id)s and closed_at < %(before)s limit %(rows)s
    )
"""
_forget_all: LiteralString = """
    delete from batches where namespace_id = %(namespace_id)s
"""


async def _batches(connection: Connection, statement: LiteralString, **given: Any) -> list[Batch]:
    found: list[tuple[Any, ...]] = await (await connection.execute(statement, given)).fetchall()
    return [Batch(*row) for row in found]


async def add(connection: Connection, batch: Batch) -> bool:
    """Whether it was added: nothing of it has been done."""
    return (await connection.execute(_add, batch._asdict())).rowcount == 1


async def has_open(connection: Connection, namespace_id: str) -> bool:
    cursor = await connection.execute(_has_open, {"namespace_id": namespace_id})
    row: tuple[Any, ...] | None = await cursor.fetchone()
    return row is not None and bool(row[0])


async def read(connection: Connection, namespace_id: str, job_id: str) -> Batch | None:
    found = await _batches(connection, _read, namespace_id=namespace_id, job_id=job_id)
    return found[0] if found else None


async def page(
    connection: Connection, namespace_id: str, started_at: int, job_id: str, rows: int
) -> list[Batch]:
    """The newest first, from after the place given."""
    return await _batches(
        connection, _page, namespace_id=namespace_id, started_at=started_at, job_id=job_id,
        rows=rows,
    )  # fmt: skip


async def claim(connection: Connection, at: int, until: int, rows: int) -> list[Batch]:
    """Take those that are due; unless they are advanced by then, they are due again at `until`."""
    return await _batches(connection, _claim, at=at, until=until, rows=rows)


async def nearest(connection: Connection) -> int | None:
    row: tuple[Any, ...] | None = await (await connection.execute(_nearest)).fetchone()
    return int(row[0]) if row else None


async def freeze(
    connection: Connection,
    batch: Batch,
    targets: Sequence[tuple[str, str]],
    page_token: bytes,
    next_at: int,
) -> None:
    """Write down a page of targets, each once; without a token it was the last."""
    async with connection.transaction():
        given = {
            "namespace_id": batch.namespace_id, "job_id": batch.job_id, "first": batch.total,
            "workflow_ids": [workflow_id for workflow_id, _ in targets],
            "run_ids": [run_id for _, run_id in targets],
        }  # fmt: skip
        added = (await connection.execute(_freeze, given)).rowcount
        given = {
            **_named(batch), "added": added, "page_token": page_token, "next_at": next_at,
            "is_frozen": not page_token,
        }  # fmt: skip
        await _held(connection, _frozen, given)


async def waiting(connection: Connection, batch: Batch, rows: int) -> list[Target]:
    cursor = await connection.execute(_waiting, {**_named(batch), "rows": rows})
    found: list[tuple[Any, ...]] = await cursor.fetchall()
    return [Target(*row) for row in found]


async def advance(
    connection: Connection, batch: Batch, outcomes: Sequence[Outcome], next_at: int
) -> None:
    """What came of these targets."""
    async with connection.transaction():
        counts = [each.outcome for each in outcomes]
        given = {
            **_named(batch), "next_at": next_at,
            "completed": counts.count(DONE), "failures": counts.count(REFUSED),
        }  # fmt: skip
        await _held(connection, _advance, given)
        given = {
            **_named(batch), "outcomes": counts,
            "workflow_ids": [each.target.workflow_id for each in outcomes],
            "run_ids": [each.target.run_id for each in outcomes],
            "refusals": [each.refusal for each in outcomes],
        }  # fmt: skip
        await connection.execute(_record, given)


class Lost(Exception):
    """Another has the batch now: the transaction is rolled back."""


def _named(batch: Batch) -> dict[str, Any]:
    return {
        "namespace_id": batch.namespace_id, "job_id": batch.job_id, "claim": batch.claim,
    }  # fmt: skip


async def _held(connection: Connection, statement: LiteralString, given: dict[str, Any]) -> None:
    if (await connection.execute(statement, given)).rowcount != 1:
        raise Lost


async def close(
    connection: Connection, namespace_id: str, job_id: str, at: int, *,
    failed: bool, reason: str = "", identity: str = "",
) -> bool:  # fmt: skip
    """Whether it was still open."""
    given = {
        "namespace_id": namespace_id, "job_id": job_id, "at": at, "failed": failed,
        "reason": reason, "identity": identity,
    }  # fmt: skip
    return (await connection.execute(_close, given)).rowcount == 1


async def forget(connection: Connection, namespace_id: str, before: int, rows: int) -> int:
    """Those that ended before; how many."""
    given = {"namespace_id": namespace_id, "before": before, "rows": rows}
    return (await connection.execute(_forget, given)).rowcount


async def forget_all(connection: Connection, namespace_id: str) -> None:
    await connection.execute(_forget_all, {"namespace_id": namespace_id})
