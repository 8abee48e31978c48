"""The runs that one would want to see beside a run: where it came from, and its sisters."""

from collections.abc import Sequence
from dataclasses import dataclass

from console.gateway import events as gateway
from console.gateway import workflows
from console.gateway.channel import GatewayError
from console.gateway.conditions import quoted
from console.gateway.events import Event
from console.gateway.runs import RunKey, RunSummary
from console.workflows import runpage

OTHERS_MAX = 10


@dataclass(frozen=True, slots=True)
class Candidate:
    """`workflow_id`: of another one."""

    run_id: str
    says: str
    workflow_id: str = ""


def of(run: RunSummary, events: Sequence[Event]) -> list[Candidate]:
    """Each run once, the nearest first; then one of its type that went well."""
    key = run.key
    chain = runpage.chain(events)
    told = [
        (reset_from(key, events), "the run that it was reset from"),
        (chain.previous_run_id, "the run before it"),
        (chain.next_run_id, "the run after it"),
        (chain.first_run_id, "the first run of its chain"),
        *((one.key.run_id, one.status.lower()) for one in _sisters(key)),
    ]
    found: dict[str, Candidate] = {}
    for run_id, says in told:
        if run_id and run_id != key.run_id:
            found.setdefault(run_id, Candidate(run_id, says))
    return [*found.values(), *_good_ones(run)]


def _sisters(key: RunKey) -> tuple[RunSummary, ...]:
    """Of the same workflow id; none when the index cannot say."""
    try:
        query = f"WorkflowId = {quoted(key.workflow_id)}"
        return workflows.find(key.namespace, query, OTHERS_MAX).runs
    except GatewayError:
        return ()


def _good_ones(run: RunSummary) -> list[Candidate]:
    """The newest; none when the index cannot say."""
    query = (
        f"WorkflowType = {quoted(run.type)} AND ExecutionStatus = 'Completed'"
        f" AND WorkflowId != {quoted(run.key.workflow_id)}"
    )
    try:
        page = workflows.find(run.key.namespace, query, 1)
    except GatewayError:
        return []
    says = "the newest of its type that completed"
    return [Candidate(one.key.run_id, says, one.key.workflow_id) for one in page.runs]


def reset_from(key: RunKey, events: Sequence[Event]) -> str:
    """A reset leaves a failed workflow task that names both runs; its copies name older ones."""
    failed = (event for event in reversed(events) if event.kind == "WorkflowTaskFailed")
    return next(
        (
            gateway.text(event, "base_run_id")
            for event in failed
            if gateway.text(event, "new_run_id") == key.run_id
        ),
        "",
    )
