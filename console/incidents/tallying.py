"""How many runs each fingerprint has. The index is asked for all at once, then in parts, and where
they are more than that: for the largest, for those of the newest failures, and for another part of
all each time.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice

from console.gateway import lists
from console.gateway.channel import GatewayError, Trouble
from console.gateway.conditions import among, grouped_by, quoted
from console.gateway.runs import Group
from console.incidents.models import Incident, State, Survey

#: Calls of the index for one namespace and survey: the counts, and looks at single incidents.
CALLS_MAX = 20
IS_FAILING = "FailureFingerprint IS NOT NULL"
BY_FINGERPRINT = "GROUP BY FailureFingerprint, ExecutionStatus"
#: Fingerprints by their first letter, for a namespace that has more than are counted at once.
QUARTERS = ("0123", "4567", "89ab", "cdef")
CLOSED = ("Failed", "TimedOut")
#: Fingerprints that one call counts by their names: each may have four statuses.
NAMED_TOGETHER = 250
#: Calls of one list for them: the largest, and half as many others.
NAMED_CALLS_MAX = 6
#: A part of all has this many first letters in common at most: one of 4,096 parts.
PART_LETTERS_MAX = 3
#: The index may be so far behind, and a survey so long under way.
BEHIND_MAX = timedelta(minutes=2)
#: Where there was no survey before.
NEWEST = timedelta(hours=1)


@dataclass(slots=True)
class Tally:
    running: int = 0
    failed: int = 0


@dataclass(slots=True)
class Budget:
    left: int = field(default_factory=lambda: CALLS_MAX)
    spent: int = field(default=0, init=False)

    def spend(self) -> bool:
        if not self.left:
            return False
        self.left -= 1
        self.spent += 1
        return True


@dataclass(frozen=True, slots=True)
class Count:
    """`found`: fingerprint -> how many; `at`: when the first of it was counted; `asked`: those that
    were counted by name, found or not; None: all of them were counted; `part`: how those begin that
    were all counted beside these."""

    found: dict[str, Tally]
    at: datetime
    asked: frozenset[str] | None = None
    part: str | None = None

    def has(self, fingerprint: str) -> bool:
        """Whether it was counted: one that was not may be there all the same."""
        if self.asked is None or fingerprint in self.asked:
            return True
        return self.part is not None and fingerprint.startswith(self.part)


def count(of: str, last: Survey, budget: Budget) -> Count:
    """`last`: the survey before this one."""
    namespace = last.namespace
    whole = _groups(namespace, of, f"{IS_FAILING} {BY_FINGERPRINT}", budget)
    if whole is not None:
        return Count(tallies(whole[0]), whole[1])
    parts = []
    for letters in QUARTERS:
        begins = " OR ".join(f"FailureFingerprint STARTS_WITH '{one}'" for one in letters)
        part = _groups(namespace, of, f"({begins}) {BY_FINGERPRINT}", budget)
        if part is None:
            return _some(of, last, budget)
        parts.append(part)
    every = (group for groups, _ in parts for group in groups)
    return Count(tallies(every), min(at for _, at in parts))


def _groups(
    namespace: str, of: str, question: str, budget: Budget
) -> tuple[tuple[Group, ...], datetime] | None:
    """None: they are too many."""
    budget.spend()
    try:
        found = lists.count(namespace, of, question)
    except GatewayError as error:
        if error.trouble is not Trouble.INVALID:
            raise
        return None
    return found.counts.groups, found.at


def tallies(groups: Iterable[Group]) -> dict[str, Tally]:
    """Fingerprint -> how many runs; what is not closed still fails."""
    found: dict[str, Tally] = {}
    for group in groups:
        fingerprint, status = (str(value) for value in group.values)
        tally = found.setdefault(fingerprint, Tally())
        if status in CLOSED:
            tally.failed += group.count
        else:
            tally.running += group.count
    return found


def _some(of: str, last: Survey, budget: Budget) -> Count:
    """Which they are is asked first, then how many each of them has."""
    namespace = last.namespace
    largest, at = _names(namespace, of, IS_FAILING, budget)
    since = (last.at or at - NEWEST) - BEHIND_MAX
    newest, _ = _names(namespace, of, f"{IS_FAILING} AND {_newer_than(since)}", budget)
    found: dict[str, Tally] = {}
    asked: set[str] = set()
    in_order = iter(dict.fromkeys(_in_order(namespace, of, largest, newest)))
    for _ in range(NAMED_CALLS_MAX):
        names = list(islice(in_order, NAMED_TOGETHER))
        if not names or not budget.spend():
            break
        question = f"{among('FailureFingerprint', names)} {BY_FINGERPRINT}"
        found |= tallies(lists.count(namespace, of, question).counts.groups)
        asked.update(names)
    part, of_part = _part(namespace, of, last.turn, budget)
    return Count(found | of_part, at, frozenset(asked), part)


def _part(
    namespace: str, of: str, turn: int, budget: Budget
) -> tuple[str | None, dict[str, Tally]]:
    """Whose turn it is, as many as are counted at once."""
    for letters in range(1, PART_LETTERS_MAX + 1):
        if not budget.left:
            break
        part = f"{turn % 16**letters:0{letters}x}"
        begins = f"FailureFingerprint STARTS_WITH {quoted(part)}"
        if found := _groups(namespace, of, f"{begins} {BY_FINGERPRINT}", budget):
            return part, tallies(found[0])
    return None, {}


def _names(namespace: str, of: str, condition: str, budget: Budget) -> tuple[list[str], datetime]:
    """The fingerprints that most runs have."""
    budget.spend()
    question = f"{condition} {grouped_by('FailureFingerprint', ours=True)}"
    counted = lists.count(namespace, of, question)
    return [str(group.values[0]) for group in counted.counts.groups], counted.at


def _newer_than(since: datetime) -> str:
    """An activity's first failure is in the index with the time of the try after it, which is
    later than the failure."""
    at = quoted(f"{since:%Y-%m-%dT%H:%M:%S.%fZ}")
    return f"(CloseTime > {at} OR NextRetryTime > {at} OR StartTime > {at})"


def _in_order(namespace: str, of: str, largest: list[str], newest: list[str]) -> Iterator[str]:
    """What nobody knows of yet comes first, and what was called fixed."""
    mine = Incident.objects.filter(namespace=namespace, lists=of)
    known = set(mine.filter(fingerprint__in=newest).values_list("fingerprint", flat=True))
    yield from (one for one in newest if one not in known)
    fixed = mine.filter(state=State.FIXED).order_by("-fixed_at")
    yield from fixed.values_list("fingerprint", flat=True)[:NAMED_TOGETHER]
    yield from largest
    yield from newest
