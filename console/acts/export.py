"""The entries as CSV, row by row: neither the database nor this process holds all of them."""

import json
from collections.abc import Iterator
from typing import Any

from django.db.models import QuerySet

from console.audit.models import AuditEntry, OtherAct
from console.audit.rows import UNKNOWN
from console.ui import sheets

ROWS_MAX = 100_000
CHUNK_ROWS = 1_000
COLUMNS = (
    "at", "id", "who", "verb", "namespace", "workflow_id", "run_id", "target", "reason", "before",
    "asked", "after", "result", "says", "event_id",
)  # fmt: skip
CUT = f"Cut at {ROWS_MAX:,} rows. Narrow the filters to get the rest."


def lines(entries: QuerySet[AuditEntry], rows_max: int = ROWS_MAX) -> Iterator[str]:
    yield sheets.line(COLUMNS)
    found = entries[: rows_max + 1].iterator(chunk_size=CHUNK_ROWS)
    for number, entry in enumerate(found):
        if number == rows_max:
            yield sheets.line([CUT])
            return
        yield sheets.line(_row(entry))


def other_lines(acts: QuerySet[OtherAct], rows_max: int = ROWS_MAX) -> Iterator[str]:
    """In the same columns: what is not known of them is empty."""
    yield sheets.line(COLUMNS)
    found = acts[: rows_max + 1].iterator(chunk_size=CHUNK_ROWS)
    for number, act in enumerate(found):
        if number == rows_max:
            yield sheets.line([CUT])
            return
        held: dict[str, Any] = {
            "at": act.at.isoformat(timespec="milliseconds"), "who": act.who, "verb": act.verb,
            "namespace": act.namespace, "workflow_id": act.workflow_id, "run_id": act.run_id,
            "target": act.name, "reason": act.reason, "result": "unattested",
            "event_id": act.event_id,
        }  # fmt: skip
        yield sheets.line(held.get(column, "") for column in COLUMNS)


def _row(entry: AuditEntry) -> tuple[Any, ...]:
    outcome = getattr(entry, "outcome", None)
    return (
        entry.at.isoformat(timespec="milliseconds"),
        entry.id,
        entry.who,
        entry.verb,
        entry.namespace,
        entry.workflow_id,
        (outcome.run_id if outcome else "") or entry.run_id,
        entry.target,
        entry.reason,
        _json(entry.before),
        _json(entry.asked),
        _json(outcome.after) if outcome else "",
        outcome.result if outcome else UNKNOWN,
        outcome.says if outcome else "",
        outcome.event_id if outcome and outcome.event_id is not None else "",
    )


def _json(value: Any) -> str:
    return "" if value is None else json.dumps(value, ensure_ascii=False, sort_keys=True)
