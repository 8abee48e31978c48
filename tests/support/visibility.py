"""Visibility records with plausible values; a test names only what it is about."""

import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg

from search.attributes import ValueType, sortable, words
from search.postgres import table
from search.records import VisibilityRecord

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
NAMESPACE = "6f3a2f4e-0000-4000-8000-000000000001"

CUSTOM = {
    "Customer": ValueType.KEYWORD,
    "Tags": ValueType.KEYWORD_LIST,
    "Amount": ValueType.INT,
    "Rate": ValueType.DOUBLE,
    "Vip": ValueType.BOOL,
    "Due.At": ValueType.DATETIME,
    "Notes": ValueType.TEXT,
}

#: Few, so that runs share them; odd, so that each backend is tempted to read them its own way.
TEXTS = ["", "a", "A", "a b", "B.*", "50%", "a_b", "äöü", "'q'", 'x"y', "back\\slash", "{}", "🙂z"]
SENTENCES = ["card declined", "Card 4242 DECLINED: retry", "timeout after 5s", "…", "Straße ẞ"]
INTS = [-(2**63), -5, 0, 1, 7, 50, 10_000, 2**63 - 1]
FLOATS = [-1e300, -2.5, -0.0, 0.0, 0.1, 3.0, 1e300]


def a_record(run_id: str = "run-1", **fields: Any) -> VisibilityRecord:
    workflow_id = fields.pop("workflow_id", f"workflow-of-{run_id}")
    known: dict[str, Any] = {
        "namespace_id": NAMESPACE,
        "workflow_id": workflow_id,
        "run_id": run_id,
        "version": 1,
        "workflow_type": "Subscription",
        "task_queue": "subscriptions",
        "status": "Running",
        "start_time": NOON,
        "execution_time": NOON,
        "root_workflow_id": workflow_id,
        "root_run_id": run_id,
        "first_run_id": run_id,
    }
    return VisibilityRecord(**{**known, **fields})


def odd_records(count: int, seed: int = 1) -> list[VisibilityRecord]:
    """Runs in every state, with values that are missing, equal, or odd."""
    chance = random.Random(seed)
    return [_odd_record(chance, number) for number in range(count)]


def _odd_record(chance: random.Random, number: int) -> VisibilityRecord:
    closed = chance.random() < 0.6
    start = NOON + chance.choice([0, 1, 59, 60, 3_600, 90_000]) * timedelta(seconds=1)
    taken = chance.choice([0, 1, 1_000, 3_600_000_000]) * timedelta(microseconds=1)
    return a_record(
        f"run-{number:04}",
        workflow_id=chance.choice([*TEXTS, f"workflow-{number}"]),
        workflow_type=chance.choice(["Subscription", "Order", "subscription"]),
        status=chance.choice(["Completed", "Failed", "TimedOut"]) if closed else "Running",
        start_time=start,
        close_time=start + taken if closed else None,
        execution_duration_ns=taken // timedelta(microseconds=1) * 1_000 if closed else None,
        history_length=chance.choice([3, 11, 51_200]),
        parent_workflow_id=chance.choice([None, *TEXTS]),
        failing_activity_count=chance.choice([0, 0, 1, 2]),
        failing_activity_types=_some(chance, ["Charge", "Refund", "Mail"]),
        waiting_on=_some(chance, ["activity", "timer"]),
        last_failure_message=chance.choice([None, *SENTENCES]),
        memo_words=words(chance.choice(["", *SENTENCES])),
        memo_fields=_some(chance, ["card", "note", "*"]),
        next_retry_time=chance.choice([None, NOON, NOON + MINUTE]),
        custom=_odd_attributes(chance),
    )


def _some(chance: random.Random, values: Sequence[str]) -> list[str]:
    return chance.sample(values, chance.randrange(len(values) + 1))


def _odd_attributes(chance: random.Random) -> dict[str, dict[str, str | list[str]]]:
    choices: dict[str, Any] = {
        "Customer": chance.choice(TEXTS),
        "Tags": _some(chance, TEXTS),
        "Amount": sortable(chance.choice(INTS)),
        "Rate": sortable(chance.choice(FLOATS)),
        "Vip": sortable(chance.random() < 0.5),
        "Due.At": sortable(NOON + chance.choice([-1, 0, 1]) * MINUTE),
        "Notes": words(chance.choice(SENTENCES)),
    }
    found: dict[str, dict[str, str | list[str]]] = {}
    for name, value in choices.items():
        if value != [] and chance.random() < 0.7:
            found.setdefault(CUSTOM[name].value, {})[name] = value
    return found


async def store(database: str, records: Sequence[VisibilityRecord]) -> None:
    """As the engine's commit does."""
    async with await psycopg.AsyncConnection.connect(database) as connection:
        await table.upsert(connection, records)
