"""Facts that one grouped count answers together. Pure.

type, status     GROUP BY both of them
hour, its day    the day, GROUP BY hours
failure, type    the type, GROUP BY the failures of it
a list's values  those, GROUP BY the list
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from console.cohorts.facts import Fact
from console.gateway.conditions import named
from console.gateway.runs import Group


@dataclass(frozen=True, slots=True)
class Together:
    """`of`: by the key of a fact, whether a group is of it."""

    question: str
    of: Mapping[str, Callable[[Group], bool]]


def together(every: Sequence[Fact]) -> Iterator[Together]:
    by_key = {one.key: one for one in every}
    if {"type", "status"} <= set(by_key):
        both = [by_key["type"], by_key["status"]]
        of = {one.key: _is(one, at) for at, one in enumerate(both)}
        yield Together(types(both[0]), of)
    if {"start-hour", "start-day"} <= set(by_key):
        yield _day_by_hours(by_key["start-day"], by_key["start-hour"])
    if {"failure", "error"} <= set(by_key):
        question = f"{by_key['error'].condition} GROUP BY FailureFingerprint"
        yield Together(question, {"failure": _is(by_key["failure"]), "error": _any})
    for attribute, found in groupby(every, lambda one: one.of[0]):
        if attribute and len(values := list(found)) > 1:
            condition = " OR ".join(one.condition for one in values)
            question = f"({condition}) GROUP BY {named(attribute)}"
            yield Together(question, {one.key: _is(one) for one in values})


def types(kind: Fact) -> str:
    return f"GROUP BY {kind.of[0]}, ExecutionStatus"


def _day_by_hours(day: Fact, hour: Fact) -> Together:
    def is_hour(group: Group) -> bool:
        return bool(datetime.fromisoformat(str(group.values[0])) == hour.of[1])

    question = f"{day.condition} GROUP BY BUCKET(StartTime, '1h')"
    return Together(question, {hour.key: is_hour, day.key: _any})


def _is(fact: Fact, at: int = 0) -> Callable[[Group], bool]:
    return lambda group: str(group.values[at]) == str(fact.of[1])


def _any(_: Group) -> bool:
    return True
