"""The lists that a query can be asked of: runs, and each kind of what stands alone.

Whoever keeps a query (a view, an export) keeps the name of its list with it.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from console.gateway import columns, counting, namespaces, standalone, workflows
from console.gateway import query as queries
from console.gateway.counting import Counted
from console.gateway.namespaces import Attributes
from console.gateway.runs import RunSummary
from console.gateway.standalone import ACTIVITIES, KINDS, Execution

RUNS = "runs"
#: name -> (one of it, many)
NOUNS: Mapping[str, tuple[str, str]] = {
    RUNS: ("run", "runs"),
    "activities": ("standalone activity", "standalone activities"),
    "operations": ("Nexus operation", "Nexus operations"),
}
#: name -> what says of which type one is
TYPES: Mapping[str, str] = {
    RUNS: "WorkflowType",
    "activities": "ActivityType",
    "operations": "Operation",
}
Listed = RunSummary | Execution


def known(name: str) -> str:
    """Of an address: what is no list is the list of runs."""
    return name if name in NOUNS else RUNS


def attributes(namespace: str, lists: str) -> Attributes:
    """What a query of it may name."""
    kind = KINDS.get(lists)
    if kind is None:
        return namespaces.attributes(namespace)
    return standalone.attributes(namespace, kind)


def are_open(namespace: str, lists: str) -> str:
    """The condition for what has not ended. Only activities that stand alone are paused as runs
    are."""
    return (
        "ExecutionStatus = 'Running'" if lists == "operations" else namespaces.open_runs(namespace)
    )


def find(
    namespace: str, lists: str, query: str, rows: int, token: bytes = b""
) -> tuple[Sequence[Listed], bytes]:
    kind = KINDS.get(lists)
    if kind is None:
        runs = workflows.find(namespace, query, rows, token)
        return runs.runs, runs.next_token
    page = standalone.find(namespace, kind, query, rows, token)
    return page.executions, page.next_token


def count(namespace: str, lists: str, query: str) -> Counted:
    kind = KINDS.get(lists)
    if kind is None:
        return counting.count(namespace, query)
    return standalone.count(namespace, kind, queries.without_order(query))


def usual(namespace: str, lists: str) -> tuple[str, ...]:
    """The columns of a file for which none are named."""
    kind = KINDS.get(lists)
    if kind is None:
        return columns.usual(namespaces.attributes(namespace))
    return USUAL[kind.name]


def value(one: Listed, column: str, now: datetime) -> Any:
    """As the protocol types it; None where it has none."""
    if isinstance(one, RunSummary):
        return columns.value(one, column, now)
    if column == "ExecutionDuration":
        return (one.closed_at or now) - one.started_at if one.started_at else None
    told = OF_ALONE.get(column)
    return told(one) if told else one.attributes.get(column)


USUAL = {
    "activities": (
        *("ExecutionStatus", "ActivityId", "RunId", "ActivityType", "TaskQueue"),
        *("StartTime", "CloseTime", "ExecutionDuration"),
    ),
    "operations": (
        *("ExecutionStatus", "OperationId", "RunId", "Service", "Operation", "Endpoint"),
        *("StartTime", "CloseTime", "ExecutionDuration"),
    ),
}
OF_ALONE: Mapping[str, Callable[[Execution], Any]] = {
    "ActivityId": lambda one: one.key.id if one.key.kind is ACTIVITIES else None,
    "OperationId": lambda one: None if one.key.kind is ACTIVITIES else one.key.id,
    "RunId": lambda one: one.key.run_id,
    "ExecutionStatus": lambda one: one.status,
    "ActivityType": lambda one: one.does if one.key.kind is ACTIVITIES else None,
    "Service": lambda one: one.does.rpartition(".")[0] or None,
    "Operation": lambda one: one.does.rpartition(".")[2],
    "TaskQueue": lambda one: one.at if one.key.kind is ACTIVITIES else None,
    "Endpoint": lambda one: None if one.key.kind is ACTIVITIES else one.at,
    "StartTime": lambda one: one.started_at,
    "CloseTime": lambda one: one.closed_at,
}
