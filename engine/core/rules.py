"""Rules of a namespace: which activities of workflows are paused as an attempt is about to begin.

A rule has a predicate on the activity, and may have a query on its run. Both are in the language of
lists, of what is known when the rule is asked; `now()` is when the rule was made. What an activity
does not have yet, a last failure say, compares as false.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, NamedTuple

from temporalio.api.rules.v1 import WorkflowRule

from engine.core.state import Activity, RunState
from engine.errors import InvalidArgument
from search import attributes
from search.attributes import EPOCH, STATUSES, Attribute, ValueType
from search.query import nodes
from search.query.check import check_condition
from search.query.compile import compile_to
from search.query.errors import QueryError
from search.query.parser import parse

SECOND = 1_000_000_000
# Rules are few, and read again every few seconds.
COMPILED_MAX = 1_000

Says = Callable[[RunState, Activity], bool]
Value = Callable[[RunState, Activity], Any]


class Rule(NamedTuple):
    """`expires_at` is 0 where it never does."""

    rule_id: str
    expires_at: int
    concerns: Says


Rules = Sequence[Rule]


def holding(rules: Rules, state: RunState, activity: Activity, at: int) -> str:
    """The id of the first rule that pauses the activity; empty where none does."""
    for rule in rules:
        if not 0 < rule.expires_at < at and rule.concerns(state, activity):
            return rule.rule_id
    return ""


@lru_cache(COMPILED_MAX)
def compiled(serialised: bytes) -> Rule:
    """Of a WorkflowRule; refused with InvalidArgument where it can never hold anything."""
    rule = WorkflowRule.FromString(serialised)
    spec = rule.spec
    if spec.WhichOneof("trigger") != "activity_start":
        raise InvalidArgument("Workflow Rule has no trigger.")
    if not any(action.WhichOneof("variant") == "activity_pause" for action in spec.actions):
        raise InvalidArgument("Workflow Rule has no action.")
    made_at = rule.create_time.ToDatetime(UTC)
    concerns = _condition("predicate", spec.activity_start.predicate, _OF_ACTIVITIES, made_at)
    if spec.visibility_query:
        of_runs = _condition("visibility query", spec.visibility_query, _OF_RUNS, made_at)
        concerns = _both(of_runs, concerns)
    expires_at = spec.expiration_time.ToNanoseconds() if spec.HasField("expiration_time") else 0
    return Rule(spec.id, expires_at, concerns)


def _condition(what: str, text: str, known: Mapping[str, Attribute], now: datetime) -> Says:
    try:
        return compile_to(_Dialect(), check_condition(parse(text), known, now))
    except QueryError as mistake:
        raise InvalidArgument(f"Workflow Rule has an invalid {what}: {mistake}") from None


def _both(one: Says, other: Says) -> Says:
    return lambda state, activity: one(state, activity) and other(state, activity)


def _moment(at: int) -> datetime | None:
    return datetime.fromtimestamp(at / SECOND, UTC) if at else None


def _backoff_seconds(activity: Activity) -> int | None:
    """Between the end of the attempt before and this one."""
    if activity.attempt == 1:
        return None
    return (activity.attempt_scheduled_at - activity.last_failed_at) // SECOND


_T = ValueType
_ATTEMPTS = Attribute("Attempts", _T.INT)
_STATE = Attribute("ActivityState", _T.KEYWORD)
#: As the official server calls them, and as the protocol's own description does.
_OF_ACTIVITIES: Mapping[str, Attribute] = {
    "ActivityId": Attribute("ActivityId", _T.KEYWORD),
    "ActivityType": Attribute("ActivityType", _T.KEYWORD),
    "ActivityState": _STATE,
    "ActivityStatus": _STATE,
    "Attempts": _ATTEMPTS,
    "ActivityAttempt": _ATTEMPTS,
    "BackoffInterval": Attribute("BackoffInterval", _T.INT),
    "LastFailure": Attribute("LastFailure", _T.KEYWORD),
    "TaskQueue": Attribute("TaskQueue", _T.KEYWORD),
    "StartedTime": Attribute("StartedTime", _T.DATETIME),
}
_OF_RUNS: Mapping[str, Attribute] = {
    name: attributes.SYSTEM[name]
    for name in ("WorkflowId", "WorkflowType", "StartTime", "ExecutionStatus")
}
_VALUES: Mapping[str, Value] = {
    "ActivityId": lambda _, activity: activity.activity_id,
    "ActivityType": lambda _, activity: activity.activity_type,
    "ActivityState": lambda _, activity: "Started" if activity.started_at else "Scheduled",
    "Attempts": lambda _, activity: activity.attempt,
    "BackoffInterval": lambda _, activity: _backoff_seconds(activity),
    "LastFailure": lambda _, a: a.last_failure.message if a.last_failure is not None else None,
    "TaskQueue": lambda _, activity: activity.queue,
    "StartedTime": lambda _, activity: _moment(activity.started_at),
    "WorkflowId": lambda state, _: state.key.workflow_id,
    "WorkflowType": lambda state, _: state.workflow_type,
    "StartTime": lambda state, _: _moment(state.started_at) or EPOCH,
    "ExecutionStatus": lambda state, _: STATUSES[state.shown_status],
}


class _Dialect:
    """A condition as a function of a run and its activity."""

    def everything(self) -> Says:
        return lambda state, activity: True

    def is_one_of(self, test: nodes.IsOneOf) -> Says:
        value = _VALUES[test.attribute.name]
        return lambda state, activity: value(state, activity) in test.values

    def is_between(self, test: nodes.IsBetween) -> Says:
        value = _VALUES[test.attribute.name]
        return lambda state, activity: _lies(test, value(state, activity))

    def starts_with(self, test: nodes.StartsWith) -> Says:
        value = _VALUES[test.attribute.name]
        return lambda state, activity: (value(state, activity) or "").startswith(test.text)

    def contains(self, test: nodes.Contains) -> Says:
        value = _VALUES[test.attribute.name]
        return lambda state, activity: test.text in (value(state, activity) or "")

    def has_words(self, test: nodes.HasWords) -> Says:
        raise AssertionError(f"{test.attribute.name} is no text of words")

    def is_present(self, test: nodes.IsPresent) -> Says:
        value = _VALUES[test.attribute.name]
        return lambda state, activity: value(state, activity) is not None

    def negated(self, term: Says) -> Says:
        return lambda state, activity: not term(state, activity)

    def all_of(self, terms: Sequence[Says]) -> Says:
        return lambda state, activity: all(term(state, activity) for term in terms)

    def any_of(self, terms: Sequence[Says]) -> Says:
        return lambda state, activity: any(term(state, activity) for term in terms)


def _lies(test: nodes.IsBetween, value: Any) -> bool:
    """Within both bounds, those that there are."""
    if value is None:
        return False
    low, high = test.low, test.high
    if low is not None and not (value >= low.value if low.inclusive else value > low.value):
        return False
    return high is None or bool(value <= high.value if high.inclusive else value < high.value)
