"""A query or a selection becomes a list of targets that does not change any more.

The index is read page by page and each page goes into the table at once; the whole is one
transaction, so that no half of a list is ever seen.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from django.contrib.auth.models import User
from django.db import connection, transaction

from console.audit.record import called
from console.bulk.models import BulkOperation, State
from console.gateway import lists, standalone, standalone_details, workflows
from console.gateway.channel import GatewayError, Trouble
from console.gateway.deeds import Deed
from console.gateway.runs import RunKey, RunSummary
from console.gateway.standalone import KINDS, Execution
from console.ui.refusals import Refusal

TARGETS_MAX = 100_000
PAGE = 1_000
SELECTION_MAX = 500
ASKED_AT_ONCE = 50
ANALYZED_FROM = 1_000
RUN_ID = re.compile(r"[0-9A-Za-z_-]{1,64}")


def from_query(person: User, namespace: str, deed: Deed, query: str) -> BulkOperation:
    return _freeze(person, namespace, deed, query, _pages(namespace, deed, query))


def from_selection(
    person: User, namespace: str, deed: Deed, chosen: Sequence[tuple[str, str]]
) -> BulkOperation:
    """`chosen`: (run id, workflow id), or the id of what stands alone."""
    if len(chosen) > SELECTION_MAX:
        raise Refusal(413, f"Choose {SELECTION_MAX} at most, or take all that match a query.")
    return _freeze(person, namespace, deed, "", [_looked_up(namespace, deed, chosen)])


@dataclass(frozen=True, slots=True)
class Alone:
    """What stands alone, told as a run is: its id is in the place of the workflow's."""

    key: RunKey
    type: str
    status: str
    is_open: bool


Listed = RunSummary | Alone


def why_not(deed: Deed, run: Listed) -> str:
    return deed.not_when.get(run.status, "") if run.is_open else deed.closed


@transaction.atomic
def _freeze(
    person: User, namespace: str, deed: Deed, query: str, pages: Iterable[Sequence[Listed]]
) -> BulkOperation:
    operation = BulkOperation.objects.create(
        person=person,
        who=called(person),
        namespace=namespace,
        verb=deed.name,
        query=query,
    )
    taken = eligible = 0
    seen: set[RunKey] = set()
    for page in pages:
        taken += len(page)
        if taken > TARGETS_MAX:
            raise Refusal(
                413,
                f"More than {TARGETS_MAX:,} {lists.NOUNS[deed.lists][1]} match, the most that one"
                " operation takes. "
                "Narrow the query.",
            )
        # A list that moves while it is read may show a run twice.
        runs = [run for run in page if run.key not in seen]
        seen.update(run.key for run in runs)
        eligible += _copy(_rows(operation, deed, runs, eligible))
    if len(seen) >= ANALYZED_FROM:
        _analyze()
    operation.eligible, operation.not_eligible = eligible, len(seen) - eligible
    operation.save(update_fields=["eligible", "not_eligible"])
    return operation


COPY = """
copy bulk_bulktarget (operation_id, workflow_id, run_id, workflow_type, status_then, position,
                      state, says, claim, tries, new_run_id) from stdin
"""
Row = tuple[int, str, str, str, str, int | None, str, str, str, int, str]


def _analyze() -> None:
    """A list that is large is so to the planner, too, before the first page is asked of it."""
    with connection.cursor() as cursor:
        cursor.execute("analyze bulk_bulktarget")


def _copy(rows: Iterable[Row]) -> int:
    """How many of them are eligible."""
    eligible = 0
    with connection.cursor() as cursor, cursor.copy(COPY) as into:
        for row in rows:
            into.write_row(row)
            eligible += row[5] is not None
    return eligible


def _rows(
    operation: BulkOperation, deed: Deed, runs: Iterable[Listed], before: int
) -> Iterator[Row]:
    """`before`: the position of the last eligible one so far."""
    for run in runs:
        why, key = why_not(deed, run), run.key
        before += not why
        position, state = (None, State.INELIGIBLE) if why else (before, State.WAITING)
        yield (
            operation.pk, key.workflow_id, key.run_id, run.type, run.status, position,
            state.value, why, "", 0, "",
        )  # fmt: skip


def _pages(namespace: str, deed: Deed, query: str) -> Iterator[Sequence[Listed]]:
    token = b""
    while True:
        page, token = _page(namespace, deed, query, PAGE, token)
        yield page
        if not token:
            return


def _page(
    namespace: str, deed: Deed, query: str, rows: int, token: bytes = b""
) -> tuple[Sequence[Listed], bytes]:
    kind = KINDS.get(deed.lists)
    if kind is None:
        runs = workflows.find(namespace, query, rows, token)
        return runs.runs, runs.next_token
    found = standalone.find(namespace, kind, query, rows, token)
    return [_alone(one) for one in found.executions], found.next_token


def _alone(one: Execution) -> Alone:
    key = RunKey(one.key.namespace, one.key.id, one.key.run_id)
    return Alone(key, one.does, one.status, one.closed_at is None)


def _looked_up(namespace: str, deed: Deed, chosen: Sequence[tuple[str, str]]) -> list[Listed]:
    """The index answers for most; what it does not know yet is asked of the engine itself."""
    wanted = dict(chosen)
    if not all(RUN_ID.fullmatch(run_id) for run_id in wanted):
        raise Refusal(400, "One of the chosen runs has no run id.")
    found: dict[str, Listed] = {}
    run_ids = list(wanted)
    for first in range(0, len(run_ids), ASKED_AT_ONCE):
        some = ", ".join(f"'{run_id}'" for run_id in run_ids[first : first + ASKED_AT_ONCE])
        page, _ = _page(namespace, deed, f"RunId IN ({some})", ASKED_AT_ONCE)
        found |= {run.key.run_id: run for run in page}
    for run_id, name in wanted.items():
        if run_id not in found and (run := _described(deed, RunKey(namespace, name, run_id))):
            found[run_id] = run
    return list(found.values())


def _described(deed: Deed, key: RunKey) -> Listed | None:
    kind = KINDS.get(deed.lists)
    try:
        if kind is None:
            return workflows.describe(key).summary
        named = standalone.Key(key.namespace, kind, key.workflow_id, key.run_id)
        return _alone(standalone_details.describe(named).summary)
    except GatewayError as error:
        if error.trouble is not Trouble.NOT_FOUND:
            raise
        return None
