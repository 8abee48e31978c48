"""The visibility table: written in the engine's transaction, scanned by a rebuild."""

from collections.abc import Callable, Iterator, Sequence
from operator import attrgetter
from typing import Any, LiteralString

import msgspec
import psycopg
from psycopg.rows import TupleRow

from search.attributes import stored_slots, taken_apart
from search.records import VisibilityRecord, newest_of_each_run

SCAN_PAGE_ROWS = 1_000

# In the order of `_upsert` and `SELECT_LIST`; slots come after them.
_COLUMNS = (
    "run_id",
    "namespace_id",
    "workflow_id",
    "workflow_type",
    "task_queue",
    "status",
    "version",
    "start_time",
    "execution_time",
    "close_time",
    "history_length",
    "history_size_bytes",
    "state_transition_count",
    "execution_duration_ns",
    "parent_workflow_id",
    "parent_run_id",
    "root_workflow_id",
    "root_run_id",
    "first_run_id",
    "pending_activity_count",
    "failing_activity_count",
    "activity_attempt_max",
    "next_retry_time",
    "last_failure_type",
    "last_failure_message",
    "failure_fingerprint",
    "next_timer_time",
    "memo",
    "search_attributes",
)
_values = attrgetter(*_COLUMNS)
_json = msgspec.json.Encoder(order="deterministic").encode

SELECT_LIST: LiteralString = """
    run_id, namespace_id, workflow_id, workflow_type, task_queue, status, version, start_time,
    execution_time, close_time, history_length, history_size_bytes, state_transition_count,
    execution_duration_ns, parent_workflow_id, parent_run_id, root_workflow_id, root_run_id,
    first_run_id, pending_activity_count, failing_activity_count, activity_attempt_max,
    next_retry_time, last_failure_type, last_failure_message, failure_fingerprint,
    next_timer_time, memo, search_attributes, slots
"""

_upsert: LiteralString = """
    insert into visibility (
        run_id, namespace_id, workflow_id, workflow_type, task_queue, status, version,
        start_time, execution_time, close_time, history_length, history_size_bytes,
        state_transition_count, execution_duration_ns, parent_workflow_id, parent_run_id,
        root_workflow_id, root_run_id, first_run_id, pending_activity_count,
        failing_activity_count, activity_attempt_max, next_retry_time, last_failure_type,
        last_failure_message, failure_fingerprint, next_timer_time, memo, search_attributes,
        slots
    )
    select * from unnest(
        %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::bigint[],
        %s::timestamptz[], %s::timestamptz[], %s::timestamptz[], %s::bigint[], %s::bigint[],
        %s::bigint[], %s::bigint[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[],
        %s::bigint[], %s::bigint[], %s::bigint[], %s::timestamptz[], %s::text[], %s::text[],
        %s::text[], %s::timestamptz[], %s::bytea[], %s::bytea[], %s::jsonb[]
    )
    on conflict (run_id) do update set
        workflow_id = excluded.workflow_id, workflow_type = excluded.workflow_type,
        task_queue = excluded.task_queue, status = excluded.status, version = excluded.version,
        start_time = excluded.start_time, execution_time = excluded.execution_time,
        close_time = excluded.close_time, history_length = excluded.history_length,
        history_size_bytes = excluded.history_size_bytes,
        state_transition_count = excluded.state_transition_count,
        execution_duration_ns = excluded.execution_duration_ns,
        parent_workflow_id = excluded.parent_workflow_id,
        parent_run_id = excluded.parent_run_id, root_workflow_id = excluded.root_workflow_id,
        root_run_id = excluded.root_run_id, first_run_id = excluded.first_run_id,
        pending_activity_count = excluded.pending_activity_count,
        failing_activity_count = excluded.failing_activity_count,
        activity_attempt_max = excluded.activity_attempt_max,
        next_retry_time = excluded.next_retry_time,
        last_failure_type = excluded.last_failure_type,
        last_failure_message = excluded.last_failure_message,
        failure_fingerprint = excluded.failure_fingerprint,
        next_timer_time = excluded.next_timer_time, memo = excluded.memo,
        search_attributes = excluded.search_attributes, slots = excluded.slots
    where visibility.version < excluded.version
"""
_delete: LiteralString = "delete from visibility where run_id = any(%(run_ids)s::text[])"


async def upsert(
    connection: psycopg.AsyncConnection[Any], records: Sequence[VisibilityRecord]
) -> None:
    """Keep the highest version of each run. One statement; a second where runs were deleted."""
    newest = newest_of_each_run(records)
    kept = [record for record in newest if not record.deleted]
    if kept:
        columns = zip(*(_row(record) for record in kept), strict=True)
        await connection.execute(_upsert, [list(column) for column in columns])
    if len(kept) < len(newest):
        gone = [record.run_id for record in newest if record.deleted]
        await connection.execute(_delete, {"run_ids": gone})


def _row(record: VisibilityRecord) -> tuple[object, ...]:
    slots = stored_slots(record)
    stored = _json(slots).decode().replace("\\u0000", "\\ufffd") if slots else None
    return (*map(_storable, _values(record)), stored)


def _storable(value: object) -> object:
    """A worker's failure message may hold a NUL, which PostgreSQL does not have in texts."""
    return value.replace("\0", "\ufffd") if type(value) is str and "\0" in value else value


def record_of(row: TupleRow) -> VisibilityRecord:
    """A row of SELECT_LIST (what a reader selects after it is left alone)."""
    columns = dict(zip(_COLUMNS, row, strict=False))
    return VisibilityRecord(**columns, **taken_apart(row[len(_COLUMNS)] or {}))


_select: LiteralString = "select " + SELECT_LIST + " from visibility "  # noqa: S608 (literals)
_scan: LiteralString = _select + "where run_id > %(after)s order by run_id limit %(limit)s"
_of_runs: LiteralString = _select + "where run_id = any(%(run_ids)s::text[])"


def scan(connection: psycopg.Connection[Any]) -> Iterator[list[VisibilityRecord]]:
    """All records, a page at a time, each page as it is committed when it is read."""
    after = ""
    while rows := connection.execute(_scan, {"after": after, "limit": SCAN_PAGE_ROWS}).fetchall():
        yield [record_of(row) for row in rows]
        after = rows[-1][0]


async def current(
    connection: psycopg.AsyncConnection[Any], run_ids: Sequence[str]
) -> dict[str, VisibilityRecord]:
    rows = await (await connection.execute(_of_runs, {"run_ids": list(run_ids)})).fetchall()
    return {row[0]: record_of(row) for row in rows}


_wordless: LiteralString = """
    select run_id, version, memo from visibility
    where run_id > %(after)s and memo <> '' and slots #> '{KeywordList,MemoFields}' is null
    order by run_id limit %(limit)s
"""
# Who has written the run meanwhile has given it its words as well.
_give_words: LiteralString = """
    update visibility set slots = coalesce(slots, '{}') || jsonb_build_object(
        'Text', coalesce(slots -> 'Text', '{}') || jsonb_build_object('MemoText', given.words),
        'KeywordList',
        coalesce(slots -> 'KeywordList', '{}') || jsonb_build_object('MemoFields', given.fields))
    from unnest(
        %(run_ids)s::text[], %(versions)s::bigint[], %(words)s::jsonb[], %(fields)s::jsonb[]
    ) as given (run_id, version, words, fields)
    where visibility.run_id = given.run_id and visibility.version = given.version
"""


def give_memo_words(
    connection: psycopg.Connection[Any],
    told: Callable[[bytes], tuple[list[str], list[str]]],
) -> int:
    """To rows of a release that kept none, or not of which fields they are, a page at a time; how
    many have some now. `told`: the words of a memo, and its fields."""
    after, given = "", 0
    while rows := connection.execute(
        _wordless, {"after": after, "limit": SCAN_PAGE_ROWS}
    ).fetchall():
        after = rows[-1][0]
        found = [(run_id, version, *told(memo)) for run_id, version, memo in rows]
        spoken = [one for one in found if one[2]]
        columns = {
            "run_ids": [run_id for run_id, *_ in spoken],
            "versions": [version for _, version, *_ in spoken],
            "words": [_json(words).decode() for _, _, words, _ in spoken],
            "fields": [_json(fields).decode() for *_, fields in spoken],
        }
        given += connection.execute(_give_words, columns).rowcount
    return given
