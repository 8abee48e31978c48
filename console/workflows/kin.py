"""The family of a run, one level at a time: as large as it may be, a page costs the same.

upwards     parents, one description each, up to a limit; then the root
a level     the children of one run: a window of rows, counts by status, and for each row how
            many children it has in turn, all from the index
elsewhere   children in other namespaces that the person may see: a count for each, opened apart
find        a part of an id or a type, in the whole family below the root: in the root's namespace,
            and the first of them in each other one that the person may see
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from console.gateway import counting, namespaces, sight, workflows
from console.gateway.channel import GatewayError
from console.gateway.conditions import quoted
from console.gateway.runs import Counts, RunDetail, RunKey, RunPage, RunSummary
from console.ui.pages import BadToken, Pager, place
from console.workflows import presenters
from console.workflows.presenters import RunRow

WINDOW = 50
#: other namespaces that are asked for children, or for what is sought, each with one count
SPACES_MAX = 8
#: of what is found in another namespace, these are listed with the rest
BEYOND_ROWS = 10
ANCESTORS_MAX = 6
Sees = Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class Member:
    """`children`: how many it has; None where the server does not count so."""

    key: RunKey
    row: RunRow
    children: int | None
    parent: RunKey | None


@dataclass(frozen=True, slots=True)
class Level:
    """The children of `of` that live in `space`."""

    of: RunKey
    space: str
    status: str
    find: str
    members: tuple[Member, ...]
    by_status: tuple[tuple[str, int], ...]
    elsewhere: tuple[tuple[str, int], ...]
    unasked: int
    pager: Pager
    at: datetime
    says: str = ""

    @property
    def total(self) -> int:
        return sum(count for _, count in self.by_status)

    @property
    def is_first(self) -> bool:
        return self.pager.number == 1


@dataclass(frozen=True, slots=True)
class Beyond:
    """What was found in another namespace: how many, and the first of them."""

    space: str
    total: int
    members: tuple[Member, ...]


@dataclass(frozen=True, slots=True)
class Found:
    here: Level
    beyond: tuple[Beyond, ...] = ()
    #: namespaces that may hold some of the family, too
    unasked: int = 0

    @property
    def total(self) -> int:
        return self.here.total + sum(one.total for one in self.beyond)


def level(of: RunKey, asked: Mapping[str, str], sees: Sees) -> Level:
    space = asked.get("space") or of.namespace
    whole = f"ParentRunId = {quoted(of.run_id)}"
    return _window(of, space, whole, asked, sees, below=space == of.namespace)


def found(root: RunKey, asked: Mapping[str, str], sees: Sees, own: str) -> Found:
    """Anywhere in the family below the root; in the one namespace that is asked for, or in all.

    `own` is the namespace of the run whose family it is: it is looked in before the others.
    """
    whole = f"RootRunId = {quoted(root.run_id)} AND ParentRunId IS NOT NULL"
    space = asked.get("space") or root.namespace
    here = _window(root, space, whole, asked, sees, below=False)
    if asked.get("space"):
        return Found(here)
    others = sorted(_others(root, sees), key=lambda name: name != own)
    beyond = [_beyond(name, whole, here.find) for name in others[:SPACES_MAX]]
    told = [one for one in beyond if one is not None]
    return Found(here, tuple(one for one in told if one.total), len(others) - len(told))


def _beyond(space: str, whole: str, find: str) -> Beyond | None:
    """None where the namespace could not be asked."""
    try:
        ours = namespaces.attributes(space).ours
    except GatewayError:
        return None
    query = " AND ".join(filter(None, [whole, _like(find, ours)]))
    counted = _count(space, query)
    if counted is None:
        return None
    total = counted.total or _sum(counted)
    runs = _page(space, query, b"", BEYOND_ROWS)[0].runs if total else ()
    return Beyond(space, total, _members(space, runs, ours))


def _window(
    of: RunKey, space: str, whole: str, asked: Mapping[str, str], sees: Sees, *, below: bool
) -> Level:
    status, find = asked.get("status", ""), asked.get("find", "").strip()
    ours = namespaces.attributes(space).ours
    part = " AND ".join(filter(None, [whole, _like(find, ours), _is(status)]))
    number, token, behind = _place(asked)
    page, says = _page(space, part, token)
    counted = _count(space, f"{' AND '.join(filter(None, [whole, _like(find, ours)]))}")
    others, unasked = _elsewhere(of, whole, sees) if below else ((), 0)
    fixed = {name: asked[name] for name in ("space", "status", "find") if asked.get(name)}
    here = asked.get("token", "") if token else ""
    return Level(
        of,
        space,
        status,
        find,
        _members(space, page.runs, ours),
        _by_status(counted),
        others,
        unasked,
        Pager(number, WINDOW, len(page.runs), page.next_token, fixed, behind, here),
        timezone.now(),
        says,
    )


def _like(find: str, ours: bool) -> str:
    if not find:
        return ""
    word = "CONTAINS" if ours else "STARTS_WITH"
    return f"(WorkflowId {word} {quoted(find)} OR WorkflowType = {quoted(find)})"


def _is(status: str) -> str:
    return f"ExecutionStatus = {quoted(status)}" if status else ""


def _place(asked: Mapping[str, str]) -> tuple[int, bytes, tuple[str, ...]]:
    try:
        return place(dict(asked))
    except BadToken:
        return 1, b"", ()


def _page(space: str, query: str, token: bytes, size: int | None = None) -> tuple[RunPage, str]:
    try:
        with sight.into(space):
            return workflows.find(space, query, size or WINDOW, token), ""
    except GatewayError as error:
        return RunPage((), b""), str(error)


def _count(space: str, query: str, by: str = "ExecutionStatus") -> Counts | None:
    try:
        return counting.count(space, f"{query} GROUP BY {by}").counts
    except GatewayError:
        return None


def _by_status(counts: Counts | None) -> tuple[tuple[str, int], ...]:
    """What needs a person first."""
    if counts is None:
        return ()
    found = {str(group.values[0]): group.count for group in counts.groups}
    return tuple((one, found[one]) for one in presenters.STATUS_ORDER if found.get(one))


def _elsewhere(of: RunKey, whole: str, sees: Sees) -> tuple[tuple[tuple[str, int], ...], int]:
    """(namespace, children there), and how many namespaces were not asked."""
    others = _others(of, sees)
    counts = ((name, _count(name, whole)) for name in others[:SPACES_MAX])
    there = ((name, counted.total or _sum(counted)) for name, counted in counts if counted)
    return tuple(one for one in there if one[1]), max(len(others) - SPACES_MAX, 0)


def _others(of: RunKey, sees: Sees) -> list[str]:
    try:
        everywhere = [one.name for one in namespaces.everyone()]
    except GatewayError:
        return []
    return [name for name in everywhere if name != of.namespace and sees(name)]


def _sum(counts: Counts) -> int:
    return sum(group.count for group in counts.groups)


def _members(space: str, runs: Sequence[RunSummary], ours: bool) -> tuple[Member, ...]:
    counts = _children_of(space, runs) if ours and runs else None
    now = timezone.now()
    return tuple(
        Member(
            one.key,
            presenters.run_row(one, now),
            counts.get(one.key.run_id, 0) if counts is not None else None,
            one.parent,
        )
        for one in runs
    )


def _children_of(space: str, runs: Sequence[RunSummary]) -> Mapping[str, int] | None:
    """For all rows with one question."""
    ids = ", ".join(quoted(one.key.run_id) for one in runs)
    counts = _count(space, f"ParentRunId IN ({ids})", "ParentRunId")
    if counts is None:
        return None
    return {str(group.values[0]): group.count for group in counts.groups if group.values}


@dataclass(frozen=True, slots=True)
class Ancestor:
    """`status` is empty where the person may not look, or the run is gone."""

    key: RunKey
    status: str
    type: str


@dataclass(frozen=True, slots=True)
class Line:
    """The way up, the highest first. `is_whole`: it ends with a run that nobody started."""

    ancestors: tuple[Ancestor, ...]
    is_whole: bool
    root: RunKey


def line(run: RunDetail, sees: Sees) -> Line:
    above: list[Ancestor] = []
    parent, root = run.summary.parent, run.summary.root or run.summary.key
    while parent is not None and len(above) < ANCESTORS_MAX:
        summary = _summary(parent, sees)
        if summary is None:
            above.append(Ancestor(parent, "", ""))
            return Line(tuple(reversed(above)), False, root)
        above.append(Ancestor(parent, presenters.status_of(summary), summary.type))
        parent = summary.parent
    if parent is None and above:
        root = above[-1].key
    return Line(tuple(reversed(above)), parent is None, root)


def _summary(key: RunKey, sees: Sees) -> RunSummary | None:
    if not sees(key.namespace):
        return None
    try:
        return workflows.describe(key).summary
    except GatewayError:
        return None


@dataclass(frozen=True, slots=True)
class Runs:
    """The runs under one workflow id: its chain, its retries, its resets."""

    rows: tuple[RunRow, ...]
    by_status: tuple[tuple[str, int], ...]
    pager: Pager


def same_workflow(key: RunKey, asked: Mapping[str, str]) -> Runs:
    query = f"WorkflowId = {quoted(key.workflow_id)}"
    number, token, behind = _place(asked)
    page, _ = _page(key.namespace, query, token)
    here = asked.get("token", "") if token else ""
    now = timezone.now()
    return Runs(
        tuple(presenters.run_row(one, now) for one in page.runs),
        _by_status(_count(key.namespace, query)),
        Pager(number, WINDOW, len(page.runs), page.next_token, {}, behind, here),
    )
