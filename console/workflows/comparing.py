"""Two histories side by side, and where they first differ. Pure.

Compared is what a workflow did and what came back: names, arguments, results, failures. Ids of
runs, times, workers and attempts differ between any two runs, and are left out. What came in
another order (steps that ran side by side) is told apart from what is not the same; so is how many
events hold something that could not be read, of which nobody can say whether it is the same.

    walk both as long as one holds what the other does ─▶ align what comes then ─▶ the first pair
    that differs, with the fields that do
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from functools import lru_cache
from itertools import takewhile, zip_longest

from console.gateway.events import Event, has_attributes, name
from console.gateway.leaves import Leaf, leaves_seen
from console.gateway.runs import RunKey
from console.workflows.eventrows import UNNAMED, described
from console.workflows.groups import ICONS

#: Two histories that hold the same after so many events were only in another order.
REORDERED_MAX = 60
BEFORE, AFTER = 12, 160
TEXT_MAX = 400
#: Parts of a path that say who, when or which run, and never what.
LEFT_OUT = frozenset(
    [
        "acceptedRequestMessageId",
        "attempt",
        "binaryChecksum",
        "completionCallbacks",
        "continuedExecutionRunId",
        "deploymentVersion",
        "firstExecutionRunId",
        "firstWorkflowTaskBackoff",
        "header",
        "historySizeBytes",
        "identity",
        "inheritedBuildId",
        "lastFailure",
        "meteringMetadata",
        "newExecutionRunId",
        "originalExecutionRunId",
        "parentWorkflowExecution",
        "prevAutoResetPoints",
        "protocolInstanceId",
        "requestId",
        "rootWorkflowExecution",
        "runId",
        "sdkMetadata",
        "source",
        "stackTrace",
        "suggestContinueAsNew",
        "updateId",
        "version",
        "versioningBehavior",
        "versioningInfo",
        "workerDeploymentName",
        "workerDeploymentVersion",
        "workerVersion",
        "workflowExecutionExpirationTime",
        "workflowTaskCompletedEventId",
    ]
)
#: What comes below these in a path is no field, but a name that somebody gave: of a memo, a header,
#: an attribute, a marker's detail.
NAMES_BELOW = frozenset(["fields", "indexedFields", "details", "nexusHeader"])
#: The one of these names that says by what code, as `workerVersion` does.
BUILDS = "indexedFields.BuildIds"
UNREAD = "bytes that the console cannot read"


@dataclass(frozen=True, slots=True)
class Line:
    event: Event
    #: the name of the step that it belongs to
    about: str
    facts: tuple[tuple[str, str], ...]

    @property
    def key(self) -> tuple[str, str]:
        return self.event.kind, self.about

    @property
    def content(self) -> tuple[object, ...]:
        return self.event.kind, self.about, self.facts

    @property
    def note(self) -> str:
        return described(self.event, None)[1]

    @property
    def icon(self) -> str:
        return ICONS[self.event.category]


@dataclass(frozen=True, slots=True)
class Difference:
    path: str
    left: str
    right: str


@dataclass(frozen=True, slots=True)
class Pair:
    """`what`: same, changed, gone (only left), came (only right), moved."""

    what: str
    left: Line | None
    right: Line | None
    differences: tuple[Difference, ...] = ()
    first: bool = False


@dataclass(frozen=True, slots=True)
class Comparison:
    """`alike`: how many events of each came before the first difference; `unread`: how many of
    those that were looked into hold what is encoded."""

    alike: int
    pairs: tuple[Pair, ...]
    left_more: int
    right_more: int
    reordered: bool
    unread: int

    @property
    def first(self) -> Pair | None:
        return next((pair for pair in self.pairs if pair.first), None)


Reader = Callable[[Event], list[Leaf]]


def compare(
    left: Sequence[Event],
    right: Sequence[Event],
    keys: tuple[RunKey, RunKey],
    *,
    tasks: bool,
    read: Reader = leaves_seen,
) -> Comparison:
    sides = [
        _Side(events, key, read, tasks=tasks)
        for events, key in zip((left, right), keys, strict=True)
    ]
    alike, reordered = _walk(*sides)
    unread = sum(len(side.unread) for side in sides)
    if alike is None:
        return Comparison(sides[0].total, (), 0, 0, reordered, unread)
    begin = max(alike - BEFORE, 0)
    cut = [side.lines(begin, alike + AFTER) for side in sides]
    pairs = _told(_aligned(*cut))
    return Comparison(
        alike,
        tuple(pairs),
        sides[0].total - begin - len(cut[0]),
        sides[1].total - begin - len(cut[1]),
        reordered,
        unread,
    )


class _Side:
    """One history; its lines are made when somebody asks for them."""

    def __init__(self, events: Sequence[Event], key: RunKey, read: Reader, *, tasks: bool) -> None:
        self._key, self._read = key, read
        #: ids of events that hold what the console cannot read
        self.unread = set[int]()
        self.events = [event for event in events if tasks or event.category != "task"]
        self._names = {
            event.id: self._own(name(event))
            for event in self.events
            if event.id == event.head and event.category not in UNNAMED
        }

    @property
    def total(self) -> int:
        return len(self.events)

    def lines(self, begin: int, end: int) -> list[Line]:
        return [self.line(event) for event in self.events[begin:end]]

    def about(self, event: Event) -> str:
        found = self._names.get(event.head, "")
        return "" if found == event.kind else found

    def line(self, event: Event) -> Line:
        found = [leaf for leaf in self._read(event) if _compared(leaf.path)]
        if any(leaf.text is None for leaf in found):
            self.unread.add(event.id)
        facts = ((one.path, UNREAD if one.text is None else self._own(one.text)) for one in found)
        return Line(event, self.about(event), tuple(facts))

    def _own(self, text: str) -> str:
        for own, word in ((self._key.run_id, "(this run)"), (self._key.workflow_id, "(this id)")):
            if own and own in text:
                text = text.replace(own, word)
        return text


@lru_cache(maxsize=4_096)
def _compared(path: str) -> bool:
    parts = path.split(".")
    fields = list(takewhile(lambda part: part not in NAMES_BELOW, parts))
    return LEFT_OUT.isdisjoint(fields) and not path.endswith(BUILDS)


def _walk(left: _Side, right: _Side) -> tuple[int | None, bool]:
    """(how many of each are alike; None when all are, whether some came in another order)"""
    open_: Counter[tuple[object, ...]] = Counter()
    together, reordered = 0, False
    for number, (one, other) in enumerate(zip_longest(left.events, right.events), 1):
        if not open_ and one and other and _is_same(left, one, right, other):
            together = number
            continue
        for side, event, sign in ((left, one, 1), (right, other, -1)):
            if event is not None:
                content = side.line(event).content
                open_[content] += sign
                if not open_[content]:
                    del open_[content]
        if not open_:
            reordered |= number - together > 1
            together = number
        elif number - together > REORDERED_MAX:
            return together, reordered
    return (together, reordered) if open_ else (None, reordered)


def _is_same(left: _Side, one: Event, right: _Side, other: Event) -> bool:
    """To the byte, which is seen sooner than what of it matters."""
    if one.kind != other.kind or left.about(one) != right.about(other) or not has_attributes(one):
        return False
    return bool(one.attributes.SerializeToString() == other.attributes.SerializeToString())


def _aligned(left: Sequence[Line], right: Sequence[Line]) -> list[Pair]:
    contents = [[line.content for line in side] for side in (left, right)]
    pairs: list[Pair] = []
    for what, a, b, c, d in _blocks(*contents):
        if what == "equal":
            pairs += [Pair("same", *both) for both in zip(left[a:b], right[c:d], strict=True)]
        else:
            pairs += _by_step(left[a:b], right[c:d])
    return pairs


def _by_step(left: Sequence[Line], right: Sequence[Line]) -> list[Pair]:
    """Where the same step holds something else, both stand beside each other."""
    keys = [[line.key for line in side] for side in (left, right)]
    pairs: list[Pair] = []
    for what, a, b, c, d in _blocks(*keys):
        if what == "equal":
            both = zip(left[a:b], right[c:d], strict=True)
            pairs += [Pair("changed", one, other, _differences(one, other)) for one, other in both]
        else:
            pairs += [Pair("gone", line, None) for line in left[a:b]]
            pairs += [Pair("came", None, line) for line in right[c:d]]
    return pairs


def _blocks(
    left: Sequence[tuple[object, ...]], right: Sequence[tuple[object, ...]]
) -> list[tuple[str, int, int, int, int]]:
    matcher = SequenceMatcher(None, left, right, autojunk=False)
    return [(str(what), a, b, c, d) for what, a, b, c, d in matcher.get_opcodes()]


def _told(pairs: list[Pair]) -> list[Pair]:
    """What is only on one side here and only on the other there has moved; then the first one."""
    gone = Counter(pair.left.content for pair in pairs if pair.what == "gone" and pair.left)
    came = Counter(pair.right.content for pair in pairs if pair.what == "came" and pair.right)
    moved = gone & came
    told = [
        replace(pair, what="moved")
        if pair.what in {"gone", "came"} and _content(pair) in moved
        else pair
        for pair in pairs
    ]
    first = next((at for at, pair in enumerate(told) if pair.what not in {"same", "moved"}), None)
    if first is None:
        first = next((at for at, pair in enumerate(told) if pair.what == "moved"), None)
    if first is not None:
        told[first] = replace(told[first], first=True)
    return told


def _content(pair: Pair) -> tuple[object, ...]:
    line = pair.left or pair.right
    assert line is not None
    return line.content


def _differences(left: Line, right: Line) -> tuple[Difference, ...]:
    one, other = _by_path(left), _by_path(right)
    return tuple(
        Difference(path, one.get(path, "")[:TEXT_MAX], other.get(path, "")[:TEXT_MAX])
        for path in dict.fromkeys([*one, *other])
        if one.get(path) != other.get(path)
    )


def _by_path(line: Line) -> dict[str, str]:
    """Several values of one path stand below each other."""
    found: dict[str, str] = {}
    for path, text in line.facts:
        found[path] = f"{found[path]}\n{text}" if path in found else text
    return found
