"""What a run, or one of what stands alone, can have in common with others: each fact with the
condition that finds them. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from console.gateway import masks
from console.gateway.conditions import equals, named, quoted
from console.gateway.namespaces import Attributes
from console.gateway.runs import Problem, RunSummary
from console.gateway.standalone import ACTIVITIES, Execution
from console.gateway.standalone_details import Detail
from console.ui import words

#: each costs a count
FACTS_MAX = 24
VALUES_MAX = 4
#: Beyond it a whole number has more digits than its float knows.
WHOLE_MAX = 2**53
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
FINGERPRINT = "FailureFingerprint"
WAITS = {"activity": "an activity", "timer": "a timer", "child": "a child", "signal": "a signal"}


@dataclass(frozen=True, slots=True)
class Fact:
    """`usual`: it is asked for where nobody chose yet. `of`: its attribute and value, or moment."""

    key: str
    group: str
    label: str
    value: str
    condition: str
    usual: bool = False
    of: tuple[str, Any] = ("", None)


@dataclass(frozen=True, slots=True)
class FailureOf:
    """As the index knows it: the descriptions of what stands alone do not name it."""

    fingerprint: str
    type: str


def facts(run: RunSummary, attributes: Attributes) -> tuple[Fact, ...]:
    found = [*_itself(run), *_trouble(run), *_attributes(run.attributes, attributes)]
    found += [*_family(run), *_times(run.started_at, None if run.is_open else run.closed_at)]
    return tuple(found[:FACTS_MAX])


def facts_alone(one: Detail, failure: FailureOf | None, attributes: Attributes) -> tuple[Fact, ...]:
    about = one.summary
    found = [*_itself_alone(about), *_failure(one, failure)]
    found += _attributes(about.attributes, attributes)
    found += _times(about.started_at, about.closed_at)
    return tuple(found[:FACTS_MAX])


def _itself_alone(one: Execution) -> Iterator[Fact]:
    if one.key.kind is ACTIVITIES:
        group, id_ = "The activity", "ActivityId"
        yield _equal("type", group, "Type", "ActivityType", one.does)
    else:
        group, id_ = "The operation", "OperationId"
        service, _, operation = one.does.rpartition(".")
        yield _equal("type", group, "Operation", "Operation", operation)
        yield _equal("service", group, "Service", "Service", service)
    yield _equal("status", group, "Status", "ExecutionStatus", one.status)
    if one.key.kind is ACTIVITIES:
        yield _equal("queue", group, "Task queue", "TaskQueue", one.at)
    else:
        yield _equal("endpoint", group, "Endpoint", "Endpoint", one.at)
    yield from _begins(group, id_, one.key.id)


def _failure(one: Detail, failure: FailureOf | None) -> Iterator[Fact]:
    told = one.trouble
    if failure is None or told is None:
        return
    group = "What ended it" if one.summary.closed_at else "What holds it up"
    says = ": ".join(filter(None, (told.type, told.message)))
    condition, of = equals(FINGERPRINT, failure.fingerprint), (FINGERPRINT, failure.fingerprint)
    yield Fact("failure", group, "The same failure", says, condition, usual=True, of=of)
    if failure.type:
        yield _equal("error", group, "Type of the failure", "LastFailureType", failure.type)


def _itself(run: RunSummary) -> Iterator[Fact]:
    yield _equal("type", "The run", "Type", "WorkflowType", run.type)
    yield _equal("status", "The run", "Status", "ExecutionStatus", run.status)
    yield _equal("queue", "The run", "Task queue", "TaskQueue", run.task_queue)
    yield from _begins("The run", "WorkflowId", run.key.workflow_id)


def _begins(group: str, attribute: str, name: str) -> Iterator[Fact]:
    """With what stands in an id before its own part starts."""
    if stem := name[: max(name.rfind(mark) for mark in "/:_.-") + 1]:
        label = f"{attribute.removesuffix('Id')} id begins with"
        yield Fact("stem", group, label, stem, f"{attribute} STARTS_WITH {quoted(stem)}")


def _trouble(run: RunSummary) -> Iterator[Fact]:
    """What only our own index knows."""
    problem = run.problem or Problem()
    group = "What holds it up" if run.is_open else "What ended it"
    if problem.fingerprint:
        says = ": ".join(filter(None, (problem.failure_type, problem.failure_message)))
        condition = equals(FINGERPRINT, problem.fingerprint)
        of = (FINGERPRINT, problem.fingerprint)
        yield Fact("failure", group, "The same failure", says, condition, usual=True, of=of)
    if problem.failure_type:
        yield _equal("error", group, "Type of the failure", "LastFailureType", problem.failure_type)
    for name in problem.failing_types[:VALUES_MAX]:
        yield _equal(f"step:{name}", group, "Failing activity", "FailingActivityTypes", name)
    for name in problem.waiting_on[:VALUES_MAX]:
        condition = equals("WaitingOn", name)
        yield Fact(
            f"waits:{name}",
            group,
            "Waits for",
            WAITS.get(name, name),
            condition,
            of=("WaitingOn", name),
        )


def _attributes(held: Mapping[str, Any], attributes: Attributes) -> Iterator[Fact]:
    """A text is no fact that is shared whole; a moment is shared by its day; a mask is no fact."""
    kinds = {**attributes.system, **attributes.custom}
    for name, value in held.items():
        kind = kinds.get(name, "") if not masks.is_in(value) else ""
        if kind == "Datetime" and isinstance(value, datetime):
            yield _day(f"at:{name}", "Attributes", name, named(name), value)
        elif kind not in {"Text", "Datetime", ""}:
            values = value if isinstance(value, list) else [value]
            for one in list(dict.fromkeys(values))[:VALUES_MAX]:
                yield _equal(f"is:{name}:{one}", "Attributes", name, name, one)


def _family(run: RunSummary) -> Iterator[Fact]:
    if run.parent is not None:
        condition = equals("ParentRunId", run.parent.run_id)
        yield Fact("parent", "Family", "The same parent", run.parent.workflow_id, condition)
    root = run.root
    if root is not None and root.run_id not in {run.key.run_id, run.parent and run.parent.run_id}:
        condition = equals("RootRunId", root.run_id)
        yield Fact("root", "Family", "The same root", root.workflow_id, condition)


def _times(started_at: datetime | None, closed_at: datetime | None) -> Iterator[Fact]:
    if started_at is not None:
        yield _hour("start-hour", "Started within the hour", "StartTime", started_at)
        yield _day("start-day", "Time", "Started on the day", "StartTime", started_at)
    if closed_at is not None:
        yield _hour("close-hour", "Closed within the hour", "CloseTime", closed_at)


def _hour(key: str, label: str, attribute: str, at: datetime) -> Fact:
    begin = at.replace(minute=0, second=0, microsecond=0)
    shown = f"{words.day(begin)} {words.clock(begin)[:5]} to {words.clock(begin + HOUR)[:5]}"
    return Fact(key, "Time", label, shown, _within(attribute, begin, HOUR), of=(attribute, begin))


def _day(key: str, group: str, label: str, attribute: str, at: datetime) -> Fact:
    """A day of UTC: the address says which fact, and must mean the same to whoever opens it."""
    begin = at.replace(hour=0, minute=0, second=0, microsecond=0)
    return Fact(key, group, label, f"{begin:%Y-%m-%d} UTC", _within(attribute, begin, DAY))


def _within(attribute: str, begin: datetime, step: timedelta) -> str:
    form = "%Y-%m-%dT%H:%M:%SZ"
    return f"{attribute} >= '{begin:{form}}' AND {attribute} < '{begin + step:{form}}'"


def _equal(key: str, group: str, label: str, attribute: str, value: Any) -> Fact:
    whole = isinstance(value, float) and value.is_integer() and abs(value) < WHOLE_MAX
    shown = int(value) if whole else value
    return Fact(
        key, group, label, str(shown), equals(attribute, shown), key == "type", (attribute, shown)
    )
