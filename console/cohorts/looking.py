"""The facts of one run, or of one of what stands alone, how many others share each of them, and how
many share all that are chosen.

Each count is kept for a moment and shared by all who look (gateway.counting).
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from console.cohorts.facts import FINGERPRINT, Fact, FailureOf, facts, facts_alone
from console.cohorts.together import together, types
from console.gateway import lists, namespaces, standalone, standalone_details, workflows
from console.gateway.channel import GatewayError, Trouble
from console.gateway.conditions import equals
from console.gateway.counting import Counted
from console.gateway.runs import RunKey, RunSummary
from console.gateway.standalone import Key
from console.gateway.standalone_details import Detail
from console.ui.refusals import Refusal


@dataclass(frozen=True, slots=True)
class Shared:
    """`count`: of those with this fact, itself among them; None where the server did not say."""

    fact: Fact
    count: int | None
    chosen: bool


@dataclass(frozen=True, slots=True)
class Cohort:
    query: str
    by_status: tuple[tuple[str, int], ...]
    total: int
    at: datetime | None
    says: str


def described(key: RunKey) -> tuple[RunSummary, tuple[Fact, ...]]:
    """As the index has it, where that is ours: it is what the others are compared with."""
    attributes = namespaces.attributes(key.namespace)
    run = (_indexed(key) if attributes.ours else None) or _told(key)
    return run, facts(run, attributes)


def _indexed(key: RunKey) -> RunSummary | None:
    try:
        page = workflows.find(key.namespace, equals("RunId", key.run_id), 1)
    except GatewayError:
        return None
    return next((run for run in page.runs if run.key == key), None)


def _told(key: RunKey) -> RunSummary:
    try:
        return workflows.describe(key).summary
    except GatewayError as error:
        if error.trouble in {Trouble.NOT_FOUND, Trouble.INVALID}:
            says = f"There is no such run of {key.workflow_id} in {key.namespace}."
            raise Refusal(404, says, error.detail) from error
        raise


def described_alone(key: Key) -> tuple[Detail, tuple[Fact, ...]]:
    try:
        one = standalone_details.describe(key)
    except GatewayError as error:
        if error.trouble in {Trouble.NOT_FOUND, Trouble.INVALID, Trouble.UNSUPPORTED}:
            says = f"There is nothing of the id {key.id} that stands alone in {key.namespace}."
            raise Refusal(404, says, error.detail) from error
        raise
    attributes = standalone.attributes(key.namespace, key.kind)
    failure = _failure(key) if attributes.ours and one.trouble else None
    return one, facts_alone(one, failure, attributes)


def _failure(key: Key) -> FailureOf | None:
    """A count of one, by what the index calls its failure."""
    question = f"{equals('RunId', key.run_id)} GROUP BY {FINGERPRINT}, LastFailureType"
    try:
        groups = lists.count(key.namespace, key.kind.name, question).counts.groups
    except GatewayError:
        return None
    told = next((one.values for one in groups if one.values[0]), None)
    return FailureOf(str(told[0]), str(told[1] or "")) if told else None


def shared(
    namespace: str, of: str, every: Sequence[Fact], chosen: Sequence[Fact]
) -> tuple[Shared, ...]:
    """`of`: a name of `console.gateway.lists`."""
    counts = _together(namespace, of, every)
    keys = {one.key for one in chosen}
    return tuple(
        Shared(
            one,
            counts[one.key] if one.key in counts else _alone(namespace, of, one),
            one.key in keys,
        )
        for one in every
    )


def _together(namespace: str, of: str, every: Sequence[Fact]) -> dict[str, int]:
    """What a grouped count does not answer is counted alone, as it is by another server."""
    found: dict[str, int] = {}
    if not namespaces.attributes(namespace).ours:
        return found
    for asked in together(every):
        try:
            groups = lists.count(namespace, of, asked.question).counts.groups
        except GatewayError:
            continue
        for key, is_of in asked.of.items():
            found[key] = sum(group.count for group in groups if is_of(group))
    return found


def _alone(namespace: str, of: str, fact: Fact) -> int | None:
    try:
        return lists.count(namespace, of, fact.condition).counts.total
    except GatewayError:
        return None


def cohort(namespace: str, of: str, chosen: Sequence[Fact]) -> Cohort:
    """Of a type alone the answer is there already, where it was asked for together with others."""
    query = " AND ".join(one.condition for one in chosen)
    if [one.key for one in chosen] == ["type"] and namespaces.attributes(namespace).ours:
        # of a namespace with very many types the server counts no groups
        with suppress(GatewayError):
            counted = lists.count(namespace, of, types(chosen[0]))
            return _cohort(query, counted, str(chosen[0].of[1]))
    try:
        counted = lists.count(namespace, of, f"{query} GROUP BY ExecutionStatus".strip())
    except GatewayError as error:
        return Cohort(query, (), 0, None, str(error))
    return _cohort(query, counted)


def _cohort(query: str, counted: Counted, kind: str = "") -> Cohort:
    mine = (one for one in counted.counts.groups if not kind or str(one.values[0]) == kind)
    groups = sorted(mine, key=lambda group: -group.count)
    by_status = tuple((str(group.values[-1]), group.count) for group in groups)
    return Cohort(query, by_status, sum(count for _, count in by_status), counted.at, "")
