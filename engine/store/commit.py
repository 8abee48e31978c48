"""What a batch carries, written in one transaction.

Sent as one pipeline on the connection that holds the shard locks, so that the batch costs one
round trip and one fsync, and a node that has lost its locks cannot write at all. Lock order: runs,
history, marks, attempts, transfer
tasks, visibility. A statement without rows is not sent.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, LiteralString, cast

from engine.store import pipeline
from engine.store.pipeline import Recorded
from engine.store.pool import Connection
from search import outbox
from search.postgres import table
from search.records import VisibilityRecord

SECOND = 1_000_000_000
Columns = list[tuple[Any, ...]]
#: What a queue's task has as payload that goes to the ramping version, whatever its share.
PREFERS_RAMP = b"\x01"


@dataclass(slots=True)
class ShardWrite:
    """Rows by statement; each row in the order of the statement's columns."""

    closed: Columns = field(default_factory=list)
    started: Columns = field(default_factory=list)
    woken: Columns = field(default_factory=list)
    snapshots: Columns = field(default_factory=list)
    history: Columns = field(default_factory=list)
    marks: Columns = field(default_factory=list)
    marks_gone: list[str] = field(default_factory=list)
    attempts: Columns = field(default_factory=list)
    tasks: Columns = field(default_factory=list)
    tasks_gone: Columns = field(default_factory=list)
    runs_gone: list[str] = field(default_factory=list)
    # Each with its shard.
    records: list[tuple[int, VisibilityRecord]] = field(default_factory=list)
    # Whether there is an index beside the visibility table that is to be told.
    outbox: bool = False

    @property
    def is_empty(self) -> bool:
        return not any(
            (self.closed, self.started, self.woken, self.snapshots, self.history, self.marks,
             self.marks_gone, self.attempts, self.tasks, self.tasks_gone, self.runs_gone,
             self.records)
        )  # fmt: skip


_close: LiteralString = """
    update runs set status = given.status, closed_at = given.closed_at, wake_at = null,
        snapshot = given.snapshot, snapshot_event_id = given.event_id,
        snapshot_mark = given.mark
    from unnest(%s::uuid[], %s::smallint[], %s::bigint[], %s::bytea[], %s::bigint[], %s::bigint[])
        as given (run_id, status, closed_at, snapshot, event_id, mark)
    where runs.run_id = given.run_id
"""
_start: LiteralString = """
    insert into runs (shard_id, namespace_id, workflow_id, run_id, request_id, status,
        created_at, closed_at, wake_at)
    select * from unnest(%s::integer[], %s::text[], %s::text[], %s::uuid[], %s::text[],
        %s::smallint[], %s::bigint[], %s::bigint[], %s::bigint[])
"""
_wake: LiteralString = """
    update runs set wake_at = given.wake_at
    from unnest(%s::uuid[], %s::bigint[]) as given (run_id, wake_at)
    where runs.run_id = given.run_id
"""
_snapshot: LiteralString = """
    update runs set snapshot = given.snapshot, snapshot_event_id = given.event_id,
        snapshot_mark = given.mark
    from unnest(%s::uuid[], %s::bytea[], %s::bigint[], %s::bigint[])
        as given (run_id, snapshot, event_id, mark)
    where runs.run_id = given.run_id
"""
_append_history: LiteralString = """
    insert into history (run_id, first_event_id, events)
    select * from unnest(%s::uuid[], %s::bigint[], %s::bytea[])
"""
_append_marks: LiteralString = """
    insert into marks (run_id, first_mark, marks)
    select * from unnest(%s::uuid[], %s::bigint[], %s::bytea[])
"""
_drop_marks: LiteralString = "delete from marks where run_id = any(%s::uuid[])"
_keep_attempts: LiteralString = """
    insert into attempts (run_id, scheduled_event_id, slot, attempt, started_at, failed_at,
        retry_at, identity, failure)
    select * from unnest(%s::uuid[], %s::bigint[], %s::integer[], %s::integer[], %s::bigint[],
        %s::bigint[], %s::bigint[], %s::text[], %s::bytea[])
    on conflict (run_id, scheduled_event_id, slot) do update set
        attempt = excluded.attempt, started_at = excluded.started_at,
        failed_at = excluded.failed_at, retry_at = excluded.retry_at,
        identity = excluded.identity, failure = excluded.failure
"""
_offer_tasks: LiteralString = """
    insert into transfer_tasks (shard_id, run_id, kind, event_id, namespace_id, workflow_id,
        attempt, queue, priority, fairness_key, fairness_weight, sticky, offered_at, payload)
    select * from unnest(%s::integer[], %s::uuid[], %s::text[], %s::bigint[], %s::text[],
        %s::text[], %s::integer[], %s::text[], %s::smallint[], %s::text[], %s::real[],
        %s::boolean[], %s::bigint[], %s::bytea[])
    on conflict (run_id, kind, event_id) do update set
        attempt = excluded.attempt, queue = excluded.queue, priority = excluded.priority,
        fairness_key = excluded.fairness_key, fairness_weight = excluded.fairness_weight,
        sticky = excluded.sticky, offered_at = excluded.offered_at, payload = excluded.payload
"""
_drop_tasks: LiteralString = """
    delete from transfer_tasks
    using unnest(%s::uuid[], %s::text[], %s::bigint[]) as given (run_id, kind, event_id)
    where transfer_tasks.run_id = given.run_id and transfer_tasks.kind = given.kind
      and transfer_tasks.event_id = given.event_id
"""
_drop_runs: LiteralString = "delete from runs where run_id = any(%s::uuid[])"
_drop_history: LiteralString = "delete from history where run_id = any(%s::uuid[])"
_drop_attempts: LiteralString = "delete from attempts where run_id = any(%s::uuid[])"
_drop_run_tasks: LiteralString = """
    delete from transfer_tasks where run_id = any(%s::uuid[]) and kind <> 'deliver'
"""


async def commit(connection: Connection, write: ShardWrite, at: int) -> None:
    """Store all of it, or nothing and raise."""
    recorded = Recorded()
    for statement, rows in _in_lock_order(write):
        if rows:
            await recorded.execute(statement, _by_column(rows))
    if write.marks_gone:
        await recorded.execute(_drop_marks, [write.marks_gone])
    if write.runs_gone:
        for statement in (_drop_runs, _drop_history, _drop_marks, _drop_attempts, _drop_run_tasks):
            await recorded.execute(statement, [write.runs_gone])
    if write.records:
        await _show(recorded, write, at)
    await pipeline.run(connection, recorded.statements)


def _in_lock_order(write: ShardWrite) -> tuple[tuple[LiteralString, Columns], ...]:
    """A closing run goes first: the one that follows it takes its place as the running one."""
    return (
        (_close, write.closed),
        (_start, write.started),
        (_wake, write.woken),
        (_snapshot, write.snapshots),
        (_append_history, write.history),
        (_append_marks, write.marks),
        (_keep_attempts, write.attempts),
        (_offer_tasks, write.tasks),
        (_drop_tasks, write.tasks_gone),
    )


def _by_column(rows: Columns) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)]


async def _show(recorded: Recorded, write: ShardWrite, at: int) -> None:
    # Search writes to its own tables, through what looks to it like the connection.
    connection = cast(Connection, recorded)
    await table.upsert(connection, [record for _, record in write.records])
    if write.outbox:
        moment = datetime.fromtimestamp(at / SECOND, tz=UTC)
        await outbox.append(connection, write.records, moment)
