"""Many plausible records, given to the relay as the engine would give them: table and outbox."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any
from uuid import UUID

import psycopg
from temporalio.api.enums.v1 import IndexedValueType

from search import outbox
from search.attributes import sortable
from search.postgres import table
from search.records import VisibilityRecord

ROWS_PER_COMMIT = 2_000
TYPES = {"Subscription": 0.6, "Order": 0.25, "Transfer": 0.1, "Shipment": 0.05}
ENDS = ("Completed",) * 8 + ("Failed", "Canceled", "Terminated", "TimedOut")
PLANS = ("starter", "team", "scale")
FAILURES = (
    ("CardProcessorTimeout", "POST /v2/charges: no answer in 20 s"),
    ("CardDeclined", "the issuer declined card •••• 4242 (insufficient_funds)"),
    ("AddressUnknown", "no depot serves postcode 90402"),
)
SPAN = timedelta(days=90)


def records(namespace_id: str, count: int, seed: int = 1) -> Iterator[VisibilityRecord]:
    """Nine in ten are closed; of the open ones, one in twenty has a failing activity."""
    chance = random.Random(seed)
    newest = datetime(2026, 11, 1, tzinfo=UTC)
    kinds, weights = list(TYPES), list(TYPES.values())
    for number in range(count):
        kind = chance.choices(kinds, weights)[0]
        begun = newest - chance.random() * SPAN
        yield _record(chance, namespace_id, kind, number, begun)


def _record(
    chance: random.Random, namespace_id: str, kind: str, number: int, begun: datetime
) -> VisibilityRecord:
    run_id = str(UUID(int=chance.getrandbits(128), version=4))
    workflow_id = f"{kind.lower()}/cus_{number:07x}"
    fields: dict[str, Any] = {"status": "Running", "pending_activity_count": 1}
    if chance.random() < 0.9:
        took = timedelta(seconds=chance.expovariate(1 / 3_600))
        fields = {
            "status": chance.choice(ENDS),
            "close_time": begun + took,
            "execution_duration_ns": took // timedelta(microseconds=1) * 1_000,
        }
    elif chance.random() < 0.05:
        fields |= _failing(chance)
    return VisibilityRecord(
        namespace_id=namespace_id,
        workflow_id=workflow_id,
        run_id=run_id,
        version=2,
        workflow_type=kind,
        task_queue=f"{kind.lower()}s",
        start_time=begun,
        execution_time=begun,
        history_length=chance.randrange(5, 400),
        root_workflow_id=workflow_id,
        root_run_id=run_id,
        first_run_id=run_id,
        custom=_attributes(chance, number) if kind == "Subscription" else {},
        **fields,
    )


def _failing(chance: random.Random) -> dict[str, Any]:
    failure, message = chance.choice(FAILURES)
    return {
        "failing_activity_count": 1,
        "failing_activity_types": ["charge_card"],
        "activity_attempt_max": chance.randrange(2, 40),
        "last_failure_type": failure,
        "last_failure_message": message,
        "failure_fingerprint": f"charge_card {failure}",
        "waiting_on": ["activity"],
    }


#: What `_attributes` fills; a query may name only what is registered.
ATTRIBUTES = {
    "CustomerId": IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD,
    "Plan": IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD,
    "ChargeAmount": IndexedValueType.INDEXED_VALUE_TYPE_DOUBLE,
    "BillingPeriod": IndexedValueType.INDEXED_VALUE_TYPE_INT,
}


def _attributes(chance: random.Random, number: int) -> dict[str, dict[str, str | list[str]]]:
    return {
        "Keyword": {"CustomerId": f"cus_{number:07x}", "Plan": chance.choice(PLANS)},
        "Double": {"ChargeAmount": sortable(chance.choice((9.99, 29.0, 99.0)))},
        "Int": {"BillingPeriod": sortable(chance.randrange(1, 36))},
    }


async def commit(
    database: str, made: Iterator[VisibilityRecord], *, with_outbox: bool = True
) -> int:
    """As the engine does it, a few thousand in a transaction; how many there were.

    The outbox is for an index elsewhere.
    """
    count = 0
    async with await psycopg.AsyncConnection.connect(database) as connection:
        while rows := list(islice(made, ROWS_PER_COMMIT)):
            await table.upsert(connection, rows)
            if with_outbox:
                at = datetime.now(UTC)  # noqa: TID251  the bench's own clock
                await outbox.append(connection, [(0, record) for record in rows], at)
            await connection.commit()
            count += len(rows)
    return count
