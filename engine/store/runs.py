"""Loading of runs: the row, the snapshot, and the facts after it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, LiteralString, NamedTuple
from uuid import UUID

from temporalio.api.history.v1 import History, HistoryEvent

from engine.core.keys import RunKey
from engine.core.marks import Mark, StartedBy
from engine.core.replay import load
from engine.core.state import RunState
from engine.store.codec import decode_marks, decode_state
from engine.store.pool import Connection


class Loaded(NamedTuple):
    """`asked` is the key as it was asked for; `state.key` names the run that it stands for."""

    asked: RunKey
    state: RunState
    wake_at: int
    facts_since_snapshot: int
    snapshot_bytes: int


# Each part reads one row by an index of its own, and the first part that has one ends the search:
# the run that is named; the running one; the one that was started last.
_find: LiteralString = """
    select asked.number, found.run_id::text, found.request_id, found.wake_at, found.snapshot,
        found.snapshot_event_id, found.snapshot_mark, found.created_at
    from unnest(%s::integer[], %s::text[], %s::text[], %s::uuid[])
        as asked (number, namespace_id, workflow_id, run_id)
    cross join lateral (
        (select * from runs
         where runs.run_id = asked.run_id
           and runs.namespace_id = asked.namespace_id and runs.workflow_id = asked.workflow_id)
        union all
        (select * from runs
         where asked.run_id is null and runs.status = 1
           and runs.namespace_id = asked.namespace_id and runs.workflow_id = asked.workflow_id)
        union all
        (select * from runs
         where asked.run_id is null
           and runs.namespace_id = asked.namespace_id and runs.workflow_id = asked.workflow_id
         order by runs.created_at desc
         limit 1)
        limit 1
    ) as found
"""
_facts: LiteralString = """
    select asked.number, 0, history.first_event_id, history.events
    from unnest(%s::integer[], %s::uuid[], %s::bigint[]) as asked (number, run_id, after)
    join history on history.run_id = asked.run_id and history.first_event_id > asked.after
    union all
    select asked.number, 1, marks.first_mark, marks.marks
    from unnest(%s::integer[], %s::uuid[], %s::bigint[]) as asked (number, run_id, after)
    join marks on marks.run_id = asked.run_id and marks.first_mark > asked.after
    order by 1, 2, 3
"""


async def find(connection: Connection, keys: Sequence[RunKey]) -> list[Loaded]:
    """The runs that exist among `keys`; an empty run id asks for the current or last run."""
    keys = [key for key in keys if _is_possible(key.run_id)]
    if not keys:
        return []
    columns: list[list[Any]] = [
        list(range(len(keys))),
        [key.namespace_id for key in keys],
        [key.workflow_id for key in keys],
        [key.run_id or None for key in keys],
    ]
    rows = await (await connection.execute(_find, columns)).fetchall()
    if not rows:
        return []
    return await _with_facts(connection, keys, rows)


def _is_possible(run_id: str) -> bool:
    """Callers name runs as they like; what is no id of ours names none."""
    try:
        return not run_id or str(UUID(run_id)) == run_id
    except ValueError:
        return False


async def _with_facts(
    connection: Connection, keys: Sequence[RunKey], rows: list[tuple[Any, ...]]
) -> list[Loaded]:
    numbers = [row[0] for row in rows]
    run_ids = [row[1] for row in rows]
    columns = [
        numbers, run_ids, [row[5] for row in rows],
        numbers, run_ids, [row[6] for row in rows],
    ]  # fmt: skip
    events: dict[int, list[HistoryEvent]] = {number: [] for number in numbers}
    marks: dict[int, list[tuple[int, Mark]]] = {number: [] for number in numbers}
    for row in await (await connection.execute(_facts, columns)).fetchall():
        number, kind, _, stored = row
        if kind == 0:
            events[number].extend(History.FromString(stored).events)  # type: ignore[index, arg-type]
        else:
            marks[number].extend(decode_marks(stored))  # type: ignore[index, arg-type]
    return [_load(keys[row[0]], row, events[row[0]], marks[row[0]]) for row in rows]


def _load(
    asked: RunKey, row: tuple[Any, ...], events: list[HistoryEvent], marks: list[tuple[int, Mark]]
) -> Loaded:
    _, run_id, request_id, wake_at, snapshot, _, _, created_at = row
    if snapshot is not None:
        state = decode_state(snapshot)
    else:
        state = RunState(key=RunKey(asked.namespace_id, asked.workflow_id, run_id))
        marks = [(0, StartedBy(request_id=request_id, at=created_at)), *marks]
    load(state, events, marks)
    state.armed_at = wake_at or 0
    return Loaded(asked, state, wake_at or 0, len(events) + len(marks), len(snapshot or b""))


_due: LiteralString = """
    select namespace_id, workflow_id, run_id::text, wake_at from runs
    where shard_id = any(%(shards)s) and wake_at is not null
      and wake_at <= %(until)s
    order by wake_at
    limit %(rows)s
"""


class Sleeper(NamedTuple):
    key: RunKey
    wake_at: int


async def due(
    connection: Connection, shards: Sequence[int], until: int, rows: int
) -> list[Sleeper]:
    """The runs to be woken up to `until`, soonest first."""
    cursor = await connection.execute(_due, {"shards": list(shards), "until": until, "rows": rows})
    found: list[tuple[Any, ...]] = await cursor.fetchall()
    return [Sleeper(RunKey(row[0], row[1], row[2]), row[3]) for row in found]


_expired: LiteralString = """
    select namespace_id, workflow_id, run_id::text from runs
    where namespace_id = %(namespace_id)s and closed_at < %(before)s
    order by closed_at
    limit %(rows)s
"""


async def expired(
    connection: Connection, namespace_id: str, before: int, rows: int
) -> list[RunKey]:
    """Runs that closed before then, longest ago first."""
    cursor = await connection.execute(
        _expired, {"namespace_id": namespace_id, "before": before, "rows": rows}
    )
    found: list[tuple[Any, ...]] = await cursor.fetchall()
    return [RunKey(*row) for row in found]
