"""The board -> rows; pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.urls import reverse

from console.ageing.looking import Aged, Board, Late
from console.ageing.promises import Promises
from console.gateway.ages import OpenRun
from console.gateway.runs import RunKey
from console.gateway.standalone import Key

#: With fewer runs the last percentiles are the longest run, or near it.
FEW = 100


@dataclass(frozen=True, slots=True)
class TypeRow:
    aged: Aged
    late: tuple[Late, ...]
    is_few: bool


@dataclass(frozen=True, slots=True)
class RunRow:
    """`times`: how often its type's p95 fits into its age."""

    key: RunKey | Key
    type: str
    at: datetime
    age: timedelta
    times: str = ""

    @property
    def name(self) -> str:
        return self.key.workflow_id if isinstance(self.key, RunKey) else self.key.id

    @property
    def url(self) -> str:
        at = self.key
        if isinstance(at, RunKey):
            return reverse("workflows:run", args=[at.namespace, at.workflow_id, at.run_id])
        return reverse("standalone:one", args=[at.namespace, at.kind.name, at.id, at.run_id])


def rows(board: Board) -> tuple[TypeRow, ...]:
    """What has most runs beyond its p99 is first."""
    made = (
        TypeRow(one, one.late, one.pace is not None and one.pace.count < FEW) for one in board.types
    )
    return tuple(sorted(made, key=_weight))


def _weight(row: TypeRow) -> tuple[int, ...]:
    counts = [-(one.count or 0) for one in reversed(row.late)] or [0, 0]
    return (*counts, -row.aged.open)


def oldest(board: Board, now: datetime) -> tuple[RunRow, ...]:
    paces = {one.type: one.pace.p95 for one in board.types if one.pace}
    return tuple(_old(run, paces.get(run.type), now) for run in board.oldest)


def _old(run: OpenRun, p95: timedelta | None, now: datetime) -> RunRow:
    age = now - run.started_at
    return RunRow(run.key, run.type, run.started_at, age, _times(age, p95))


def _times(age: timedelta, p95: timedelta | None) -> str:
    if not p95:
        return ""
    ratio = age / p95
    return f"{ratio:,.0f} ×" if ratio >= 10 else f"{ratio:.1f} ×"


def overdue(promises: Promises | None, now: datetime) -> tuple[RunRow, ...]:
    runs = promises.runs if promises else ()
    return tuple(
        RunRow(run.key, run.type, run.due_at, now - run.due_at) for run in runs if run.due_at
    )
