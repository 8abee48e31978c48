"""Operations, counts and targets -> template rows; pure."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.urls import reverse

from console.bulk import orders, verbs
from console.bulk.models import BulkOperation, BulkTarget, Stage, State
from console.bulk.outcomes import Alike
from console.gateway import indexed, lists
from console.ui import paths, words

SHAPES = {
    State.WAITING: "waiting",
    State.CLAIMED: "running",
    State.DONE: "completed",
    State.CLOSED: "skipped",
    State.FAILED: "failed",
    State.LEFT: "skipped",
    State.INELIGIBLE: "unknown",
}
STAGE_SHAPES = {
    Stage.DRAFT: "waiting",
    Stage.CANARY: "running",
    Stage.ASKING: "paused",
    Stage.RUNNING: "running",
    Stage.PAUSED: "paused",
    Stage.FINISHED: "completed",
    Stage.ABORTED: "terminated",
}
ASKED = {
    orders.PAUSE: "Pausing after this chunk",
    orders.RESUME: "Going on",
    orders.ABORT: "Aborting after this chunk",
}
#: The line of stages at the top; a pause is somewhere on it.
LINE = ("Draft", "Canary", "Running", "Finished")
AT = {Stage.DRAFT: 0, Stage.CANARY: 1, Stage.ASKING: 1, Stage.RUNNING: 2}
CONCLUDED = (State.DONE, State.CLOSED, State.FAILED, State.LEFT)
METER = (
    (State.DONE, "bar-live"),
    (State.CLOSED, "bar"),
    (State.LEFT, "bar"),
    (State.FAILED, "bar-bad"),
)


@dataclass(frozen=True, slots=True)
class StageMark:
    word: str
    shape: str
    current: bool


@dataclass(frozen=True, slots=True)
class Part:
    """One state's share of the meter."""

    css: str
    x: str
    width: str


@dataclass(frozen=True, slots=True)
class StateCount:
    state: str
    shape: str
    word: str
    count: int


@dataclass(frozen=True, slots=True)
class Bar:
    x: str
    y: str
    height: str


@dataclass(frozen=True, slots=True)
class Progress:
    total: int
    concluded: int
    percent: int
    parts: list[Part]
    counts: list[StateCount]
    left: timedelta | None
    per_second: str
    bars: list[Bar]
    errors: str
    errors_width: str
    errors_limit_at: str
    canary: str


@dataclass(frozen=True, slots=True)
class StatusRow:
    status: str
    runs: int
    will: int
    not_eligible: int
    why: str


@dataclass(frozen=True, slots=True)
class TargetRow:
    shape: str
    word: str
    workflow_id: str
    run_id: str
    url: str
    says: str
    tries: int
    at: datetime | None
    request_id: str
    new_run_id: str
    event_id: int
    #: what the outcome tells beside its words: (heading, value)
    facts: list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class ReportRow:
    """`kind` leads; what is told beside it is (name, value)."""

    mark: str
    kind: str
    told: list[tuple[str, str]]
    count: int
    of_all: str


@dataclass(frozen=True, slots=True)
class Report:
    """Those that said no, by what is alike in them."""

    heads: list[str]
    rows: list[ReportRow]


def report(operation: BulkOperation, groups: Sequence[Alike]) -> Report | None:
    if not groups:
        return None
    deed = verbs.named(operation.verb)
    return Report(
        [deed.facts[name] for name in deed.alike],
        [_report_row(operation, one) for one in groups],
    )


def _report_row(operation: BulkOperation, group: Alike) -> ReportRow:
    (_, kind), *told = group.values.items()
    return ReportRow(group.mark, kind, told, group.count, _share(operation, group.count))


def _share(operation: BulkOperation, count: int) -> str:
    return f"{100 * count / operation.eligible:.1f} %" if operation.eligible else ""


def title(operation: BulkOperation) -> str:
    """Terminate 500 runs."""
    deed = verbs.named(operation.verb)
    of = "" if deed.of == "Runs" or deed.lists != lists.RUNS else "of "
    return f"{deed.label} {of}{words.plural(operation.eligible, *nouns(operation))}"


def nouns(operation: BulkOperation) -> tuple[str, str]:
    """One and many of what its list is of."""
    return lists.NOUNS[verbs.named(operation.verb).lists]


def list_url(operation: BulkOperation) -> str:
    """The page that its query was asked on, or chosen from."""
    of = verbs.named(operation.verb).lists
    return paths.of_list(operation.namespace, of, indexed.told(operation.query))


def target_url(operation: BulkOperation, target: BulkTarget) -> str:
    of = verbs.named(operation.verb).lists
    if of == lists.RUNS:
        at = [operation.namespace, target.workflow_id, target.run_id]
        return reverse("workflows:run", args=at)
    at = [operation.namespace, of, target.workflow_id, target.run_id]
    return reverse("standalone:one", args=at)


def stage_marks(operation: BulkOperation, in_canary: bool = False) -> list[StageMark]:
    at = 3 if operation.has_ended else AT.get(Stage(operation.stage), 1 if in_canary else 2)
    marks = []
    for number, usual in enumerate(LINE):
        word, shape = usual, "completed" if number < at else "waiting"
        if number == at:
            shape = STAGE_SHAPES[Stage(operation.stage)] if at else "running"
        if number == at and number and operation.stage not in {Stage.CANARY, Stage.RUNNING}:
            word = operation.get_stage_display()
        marks.append(StageMark(word, shape, number == at))
    return marks


def status_rows(groups: Iterable[tuple[str, str, int]]) -> list[StatusRow]:
    """(status, why not, how many) -> one row for each status, the largest first."""
    rows: dict[str, StatusRow] = {}
    for status, why, count in groups:
        row = rows.get(status, StatusRow(status, 0, 0, 0, ""))
        rows[status] = StatusRow(
            status,
            row.runs + count,
            row.will + (0 if why else count),
            row.not_eligible + (count if why else 0),
            row.why or why,
        )
    return sorted(rows.values(), key=lambda row: (-row.will, -row.runs))


def progress(
    operation: BulkOperation,
    counts: Counter[str],
    canary: Counter[str],
    failed: tuple[int, int],
    seconds: Sequence[int],
) -> Progress:
    total = operation.eligible
    concluded = sum(counts[state] for state in CONCLUDED)
    waiting = counts[State.WAITING] + counts[State.CLAIMED]
    pace = operation.rate if operation.stage == Stage.RUNNING else 0
    percent = 100 * failed[0] / failed[1] if failed[1] else 0.0
    scale = min(100, max(2 * operation.errors_percent_max, 10))
    return Progress(
        total=total,
        concluded=concluded,
        percent=100 * concluded // total if total else 100,
        parts=_parts(counts, total),
        counts=_state_counts(operation, counts),
        left=timedelta(seconds=waiting / pace) if pace and waiting else None,
        per_second=f"{sum(seconds[-5:]) / 5:.1f}",
        bars=_bars(seconds),
        errors=f"{percent:.1f} %",
        errors_width=f"{min(100.0, 100 * percent / scale):.2f}%",
        errors_limit_at=f"{100 * operation.errors_percent_max / scale:.2f}%",
        canary=_canary(operation, canary),
    )


def _parts(counts: Counter[str], total: int) -> list[Part]:
    parts, x = [], 0.0
    for state, css in METER:
        width = 100 * counts[state] / total if total else 0.0
        if width:
            parts.append(Part(css, f"{x:.2f}%", f"{width:.2f}%"))
        x += width
    return parts


def _state_counts(operation: BulkOperation, counts: Counter[str]) -> list[StateCount]:
    waiting = counts[State.WAITING] + counts[State.CLAIMED]
    rows = [
        StateCount(state, SHAPES[state], word_of(operation, state).lower(), counts[state])
        for state in (State.DONE, State.CLOSED, State.FAILED, State.LEFT)
        if counts[state] or state == State.DONE
    ]
    return rows + ([StateCount("waiting", "waiting", "to go", waiting)] if waiting else [])


def _bars(seconds: Sequence[int]) -> list[Bar]:
    most = max([*seconds, 1])
    return [
        Bar(f"{3.2 * number:.1f}", f"{20 - height:.1f}", f"{height:.1f}")
        for number, count in enumerate(seconds)
        for height in [max(1.0, 16 * count / most)]
    ]


def _canary(operation: BulkOperation, canary: Counter[str]) -> str:
    if not operation.canary:
        return ""
    did = f"{canary[State.DONE]} of {operation.canary} {verbs.named(operation.verb).did}"
    rest = [
        f"{canary[state]} {word_of(operation, state).lower()}"
        for state in (State.CLOSED, State.FAILED)
        if canary[state]
    ]
    return ", ".join([did, *rest])


def word_of(operation: BulkOperation, state: str) -> str:
    deed = verbs.named(operation.verb)
    own = deed.words.get(state, "").capitalize()
    return deed.did.capitalize() if state == State.DONE else own or State(state).label


def tabs(operation: BulkOperation, counts: Counter[str], chosen: str) -> list[StateCount]:
    """The outcomes that there are, and the one that is looked at."""
    states = [state for state in State if counts[state] or state == chosen]
    every = StateCount("", "", "All", sum(counts.values()))
    return [every] + [
        StateCount(state, SHAPES[state], word_of(operation, state), counts[state])
        for state in states
    ]


def target_row(operation: BulkOperation, target: BulkTarget) -> TargetRow:
    told = facts_of(operation, target)
    return TargetRow(
        shape=SHAPES[State(target.state)],
        word=word_of(operation, target.state),
        workflow_id=target.workflow_id,
        run_id=target.run_id,
        url=target_url(operation, target),
        says=target.says,
        tries=target.tries,
        at=target.concluded_at,
        request_id=f"{operation}-{target.position:04d}" if target.position else "",
        new_run_id=target.new_run_id,
        event_id=int(told.pop("event", 0) or 0),
        facts=[(name, str(value)) for name, value in told.items() if value and name != "kind"],
    )


def facts_of(operation: BulkOperation, target: BulkTarget) -> dict[str, str | int]:
    """In the order in which the deed names them; empty where it told none."""
    told = target.facts or {}
    return {name: told[name] for name in verbs.named(operation.verb).facts if name in told}
