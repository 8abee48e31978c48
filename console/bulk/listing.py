"""The list of operations, and the list of one operation's targets as a file."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from django.db.models import Q, Sum
from django.db.models.functions import Coalesce

from console.bulk import outcomes, presenters, rounds, verbs
from console.bulk.models import BulkOperation, BulkTarget, Stage, State
from console.ui import sheets
from console.ui.pages import BadToken, Pager, place, size_of

HEAD = (
    "workflow id",
    "run id",
    "status then",
    "outcome",
    "what happened",
    "tries",
    "at",
    "request id",
    "failed before",
    "in the round",
)
ROWS_AT_ONCE = 2_000


def page(namespace: str, query: dict[str, str]) -> dict[str, Any]:
    try:
        number, token, behind = place(query)
        before = int(token or b"0")
    except (BadToken, ValueError):
        number, token, behind, before = 1, b"", (), 0
    size = size_of(query.get("size"))
    found = BulkOperation.objects.filter(namespace=namespace).annotate(
        done=_sum(State.DONE), failures=_sum(State.FAILED)
    )
    if before:
        found = found.filter(pk__lt=before)
    rows = list(found[: size + 1])
    more = str(rows[size - 1].pk).encode() if len(rows) > size else b""
    shown = [(one, presenters.title(one), _shape(one)) for one in rows[:size]]
    here = query.get("token", "") if token else ""
    return {"rows": shown, "pager": Pager(number, size, len(shown), more, {}, behind, here)}


def _sum(state: State) -> Coalesce:
    return Coalesce(Sum("tallies__count", filter=Q(tallies__state=state)), 0)


def _shape(operation: BulkOperation) -> str:
    return presenters.STAGE_SHAPES[Stage(operation.stage)]


def csv_lines(operation: BulkOperation) -> Iterator[str]:
    facts = verbs.named(operation.verb).facts
    yield sheets.line([*HEAD, *facts])
    before, said = _before(operation), rounds.words(operation)
    for target in operation.targets.order_by("pk").iterator(ROWS_AT_ONCE):
        target.operation = operation
        values = (*_values(operation, target, before), _round(said, target))
        yield sheets.line([*values, *_told(facts, target)])


def _round(said: Mapping[int, str], target: BulkTarget) -> str:
    """Who began the one that its outcome is of; nothing where nobody tried it."""
    return said[target.round or 1] if target.state in outcomes.TRIED else ""


def _told(facts: Iterable[str], target: BulkTarget) -> list[object]:
    """What the deed told of it: a column for each, empty where it told none."""
    return [(target.facts or {}).get(name, "") for name in facts]


def _before(operation: BulkOperation) -> dict[int, list[str]]:
    """What came of earlier tries, by target."""
    found: dict[int, list[str]] = {}
    for past in operation.past_outcomes.order_by("pk").iterator(ROWS_AT_ONCE):
        found.setdefault(past.target_id, []).append(past.says)
    return found


def _values(
    operation: BulkOperation, target: BulkTarget, before: dict[int, list[str]]
) -> tuple[object, ...]:
    return (
        target.workflow_id,
        target.run_id,
        target.status_then,
        presenters.word_of(operation, target.state),
        target.says,
        target.tries,
        target.concluded_at.isoformat() if target.concluded_at else "",
        target.request_id,
        "; ".join(sheets.plain(one) for one in before.get(target.pk, ())),
    )
