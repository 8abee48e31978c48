"""Send a parked row once more, or drop it: call, audit."""

from collections.abc import Callable

from django.contrib.auth.models import User

from console.audit.record import record
from console.gateway import admin
from console.ui.refusals import Refusal

GONE = "The row is no longer parked: somebody else was quicker."


def retry(person: User, database: int, seq: int, run_id: str) -> None:
    _settle(person, "parked.retry", database, seq, run_id, settled=admin.retry)


def drop(person: User, database: int, seq: int, run_id: str) -> None:
    _settle(person, "parked.drop", database, seq, run_id, settled=admin.drop)


def _settle(
    person: User,
    verb: str,
    database: int,
    seq: int,
    run_id: str,
    *,
    settled: Callable[[int, int], bool],
) -> None:
    target = f"row {seq} of database {database}, run {run_id}"
    with record(person, verb, target=target):
        if not settled(database, seq):
            raise Refusal(409, GONE)
