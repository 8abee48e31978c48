"""The attempts of an activity that failed and were tried again, each with its failure.

The first ATTEMPTS_FIRST of them stay for good; of the later ones as many as there are slots left.
"""

from __future__ import annotations

from typing import Any, LiteralString

from temporalio.api.failure.v1 import Failure

from engine.core.marks import ActivityRetried
from engine.ports import FailedAttempt
from engine.protocol import failures
from engine.store.pool import Connection

ATTEMPTS_FIRST, ATTEMPTS_KEPT_MAX = 20, 200
FAILURE_BYTES_MAX = 64 * 1024

Row = tuple[Any, ...]

_read: LiteralString = """
    select attempt, started_at, failed_at, retry_at, identity, failure
    from attempts
    where run_id = %(run_id)s and scheduled_event_id = %(scheduled_event_id)s
      and attempt < %(before)s
    order by attempt desc
    limit %(rows)s
"""


def rows_of(run_id: str, retried: list[ActivityRetried]) -> list[Row]:
    """One a slot, as a batch may hold more attempts than there are slots."""
    rows = {(mark.scheduled_event_id, _slot(mark.attempt - 1)): mark for mark in retried}
    return [_row(run_id, slot, mark) for (_, slot), mark in rows.items()]


def _slot(attempt: int) -> int:
    if attempt <= ATTEMPTS_FIRST:
        return attempt
    return (
        ATTEMPTS_FIRST + 1 + (attempt - ATTEMPTS_FIRST - 1) % (ATTEMPTS_KEPT_MAX - ATTEMPTS_FIRST)
    )


def _row(run_id: str, slot: int, mark: ActivityRetried) -> Row:
    failure = failures.truncated(mark.failure, FAILURE_BYTES_MAX)
    return (
        run_id, mark.scheduled_event_id, slot, mark.attempt - 1, mark.attempt_started_at,
        mark.failed_at, mark.retry_at, mark.identity.replace("\0", "\ufffd"),
        failure.SerializeToString(),
    )  # fmt: skip


async def read(
    connection: Connection, run_id: str, scheduled_event_id: int, before: int, rows: int
) -> list[FailedAttempt]:
    """The newest first, of those before attempt `before`."""
    given = {
        "run_id": run_id,
        "scheduled_event_id": scheduled_event_id,
        "before": before,
        "rows": rows,
    }
    found: list[Row] = await (await connection.execute(_read, given)).fetchall()
    return [
        FailedAttempt(
            attempt=row[0],
            started_at=row[1],
            failed_at=row[2],
            retry_at=row[3],
            identity=row[4],
            failure=Failure.FromString(row[5]),
        )
        for row in found
    ]
