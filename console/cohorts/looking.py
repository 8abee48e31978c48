"""The facts of one run, how many runs share each of them, and how many share all that are chosen.

Each count is kept for a moment and shared by all who look (gateway.counting).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from console.cohorts.facts import Fact, facts
from console.gateway import counting, namespaces, workflows
from console.gateway.channel import GatewayError, Trouble
from console.gateway.conditions import equals
from console.gateway.counting import Counted
from console.gateway.runs import Problem, RunKey, RunSummary
from console.ui.refusals import Refusal


@dataclass(frozen=True, slots=True)
class Shared:
    """`count`: runs with this fact, itself among them; None where the server did not say."""

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
    try:
        run = workflows.describe(key).summary
    except GatewayError as error:
        if error.trouble in {Trouble.NOT_FOUND, Trouble.INVALID}:
            says = f"There is no such run of {key.workflow_id} in {key.namespace}."
            raise Refusal(404, says, error.detail) from error
        raise
    attributes = namespaces.attributes(key.namespace)
    if attributes.ours:
        run = replace(run, problem=_indexed(key))
    return run, facts(run, attributes)


def _indexed(key: RunKey) -> Problem | None:
    """What the others are compared with: why a closed run failed is in the index only."""
    try:
        page = workflows.find(key.namespace, equals("RunId", key.run_id), 1)
    except GatewayError:
        return None
    return page.runs[0].problem if page.runs else None


def shared(namespace: str, every: Sequence[Fact], chosen: Sequence[Fact]) -> tuple[Shared, ...]:
    return tuple(
        Shared(one, _alone(namespace, one), any(one.key == other.key for other in chosen))
        for one in every
    )


def _alone(namespace: str, fact: Fact) -> int | None:
    try:
        return counting.count(namespace, fact.condition).counts.total
    except GatewayError:
        return None


def cohort(namespace: str, chosen: Sequence[Fact]) -> Cohort:
    query = " AND ".join(one.condition for one in chosen)
    try:
        counted = counting.count(namespace, f"{query} GROUP BY ExecutionStatus".strip())
    except GatewayError as error:
        return Cohort(query, (), 0, None, str(error))
    return _cohort(query, counted)


def _cohort(query: str, counted: Counted) -> Cohort:
    groups = sorted(counted.counts.groups, key=lambda group: -group.count)
    by_status = tuple((str(group.values[0]), group.count) for group in groups)
    return Cohort(query, by_status, sum(count for _, count in by_status), counted.at, "")
