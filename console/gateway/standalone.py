"""Typed calls on runs without a workflow: activities and Nexus operations that stand alone.

The protocol has the same calls for both under two names, so each kind is a row of words. What one
of them is, when it is looked at, see `standalone_details`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from temporalio.api.enums.v1 import ActivityExecutionStatus, NexusOperationExecutionStatus
from temporalio.api.failure.v1 import ApplicationFailureInfo
from temporalio.api.failure.v1 import Failure as FailureMessage
from temporalio.api.workflowservice import v1 as messages

from console.gateway import activities, counting, indexed, moments, namespaces, payloads, workflows
from console.gateway.channel import GatewayError, Trouble, call, workflow_service
from console.gateway.conditions import equals, grouped_by
from console.gateway.counting import Counted
from console.gateway.namespaces import Attributes
from console.gateway.runs import ActivityOptions, Counts, Group

#: What the index keeps of every run, whether it has a workflow or not.
SHARED = frozenset(
    {"ExecutionStatus", "RunId", "StartTime", "CloseTime", "ExecutionTime", "ExecutionDuration"}
)
#: and what ours alone keeps of one that fails
FAILURES = frozenset({"FailureFingerprint", "LastFailureType", "LastFailureMessage"})
#: how a server tells these from the runs of workflows
OWN = frozenset({"TemporalNamespaceDivision"})
STATUS_GROUP = "GROUP BY ExecutionStatus"
#: as many values as there are of them
IDS = frozenset({"ActivityId", "OperationId"})
VALUES_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Kind:
    """`name` stands in addresses; the others are the protocol's words."""

    name: str
    noun: str
    id: str
    listed: str
    statuses: Any
    #: what it is searched by beside what is shared
    attributes: frozenset[str]

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        """There is one of each, also of what was kept by name elsewhere."""
        return _kind, (self.name,)


def _kind(name: str) -> Kind:
    return KINDS[name]


ACTIVITIES = Kind(
    "activities", "Activity", "activity_id", "executions", ActivityExecutionStatus,
    frozenset({"ActivityId", "ActivityType", "TaskQueue"}),
)  # fmt: skip
OPERATIONS = Kind(
    "operations", "NexusOperation", "operation_id", "operations", NexusOperationExecutionStatus,
    frozenset({"OperationId", "Endpoint", "Service", "Operation"}),
)  # fmt: skip
KINDS = {one.name: one for one in (ACTIVITIES, OPERATIONS)}


@dataclass(frozen=True, slots=True)
class Key:
    namespace: str
    kind: Kind
    id: str
    run_id: str


@dataclass(frozen=True, slots=True)
class Execution:
    """`does`: the activity's type, or the operation with its service; `at`: the task queue, or the
    endpoint."""

    key: Key
    does: str
    at: str
    status: str
    started_at: datetime | None
    closed_at: datetime | None
    took: timedelta | None
    attributes: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Page:
    executions: tuple[Execution, ...]
    next_token: bytes


def attributes(namespace: str, kind: Kind) -> Attributes:
    """What a query about these may name."""
    known = namespaces.attributes(namespace)
    system = {name: type_ for name, type_ in known.system.items() if name in SHARED | FAILURES}
    own = dict.fromkeys(sorted(kind.attributes), "Keyword")
    return Attributes(system | own, known.custom, known)


def find(namespace: str, kind: Kind, query: str, rows: int, token: bytes = b"") -> Page:
    indexed.check(namespace, query)
    answer = _asked(
        kind, "List{}Executions", namespace=namespace, page_size=rows, next_page_token=token,
        query=moments.for_server(namespace, query),
    )  # fmt: skip
    found = getattr(answer, kind.listed)
    return Page(tuple(_row(namespace, kind, one) for one in found), answer.next_page_token)


def by_status(namespace: str, kind: Kind, query: str, keep_seconds: int) -> Counted:
    return _counted(namespace, kind, f"{query} {STATUS_GROUP}".strip(), keep_seconds)


def count(namespace: str, kind: Kind, query: str) -> Counted:
    indexed.check(namespace, query)
    return _counted(namespace, kind, query)


def values(namespace: str, kind: Kind, attribute: str) -> list[str]:
    """Those that are there, for who begins to type one; none where the server does not group."""
    if attribute == "ExecutionStatus":
        return [status_of(kind, number) for number in kind.statuses.values() if number]
    if attribute not in kind.attributes or attribute in IDS or indexed.is_hidden(attribute):
        return []
    try:
        question = grouped_by(attribute, namespaces.attributes(namespace).ours)
        counted = _counted(namespace, kind, question, VALUES_SECONDS)
    except GatewayError:
        return []
    return [str(group.values[0]) for group in counted.counts.groups if group.values]


def _counted(namespace: str, kind: Kind, question: str, keep_seconds: int | None = None) -> Counted:
    """Kept a while, and within the namespace's budget, as the counts of runs are."""

    def ask() -> Counts:
        asked = moments.for_server(namespace, question)
        answer = _asked(kind, "Count{}Executions", namespace=namespace, query=asked)
        groups = (
            Group(tuple(payloads.counted(one) for one in group.group_values), group.count)
            for group in answer.groups
        )
        return Counts(answer.count, tuple(groups))

    answer = counting.once(namespace, f"{kind.name}: {question}", ask, keep_seconds)
    return Counted(answer.found, answer.at)


def cancel(key: Key, reason: str, identity: str, request_id: str) -> None:
    """Asks; it ends when who works on it says so."""
    _told(key, "RequestCancel{}Execution", reason=reason, identity=identity, request_id=request_id)


def terminate(key: Key, reason: str, identity: str, request_id: str) -> None:
    _told(key, "Terminate{}Execution", reason=reason, identity=identity, request_id=request_id)


def delete(key: Key) -> None:
    """The protocol takes no reason with it; one that goes on is terminated first."""
    _told(key, "Delete{}Execution")


def pause(key: Key, reason: str, identity: str, request_id: str) -> None:
    _told(key, "Pause{}Execution", reason=reason, identity=identity, request_id=request_id)


def resume(key: Key, reason: str, identity: str, request_id: str) -> None:
    _told(key, "Unpause{}Execution", reason=reason, identity=identity, request_id=request_id)


def try_now(key: Key, identity: str, request_id: str, *, forgets_beat: bool) -> None:
    """Counts attempts from the first again; an attempt that runs goes on."""
    _told(
        key, "Reset{}Execution", identity=identity, request_id=request_id,
        reset_heartbeat=forgets_beat,
    )  # fmt: skip


def change(
    key: Key,
    changes: Mapping[str, Any],
    identity: str,
    request_id: str,
    standing: ActivityOptions | None = None,
) -> ActivityOptions:
    """`changes`: field of ActivityOptions -> new value. What it has then comes back."""
    answer = _told(
        key, "Update{}ExecutionOptions", identity=identity, request_id=request_id,
        **activities.wanted(changes, standing),
    )  # fmt: skip
    return workflows.options(answer.activity_options)


def complete(key: Key, result: list[Any], identity: str) -> None:
    """An activity that is named without a workflow stands alone. `result`: one value, or none."""
    call(
        workflow_service().RespondActivityTaskCompletedById,
        messages.RespondActivityTaskCompletedByIdRequest(
            namespace=key.namespace,
            activity_id=key.id,
            run_id=key.run_id,
            result=payloads.sent(key.namespace, result) if result else None,
            identity=identity,
        ),
    )


def fail(key: Key, message: str, identity: str, *, kind: str, final: bool) -> None:
    info = ApplicationFailureInfo(type=kind, non_retryable=final)
    failure = FailureMessage(
        message=message, source="perdure-console", application_failure_info=info
    )
    call(
        workflow_service().RespondActivityTaskFailedById,
        messages.RespondActivityTaskFailedByIdRequest(
            namespace=key.namespace,
            activity_id=key.id,
            run_id=key.run_id,
            failure=failure,
            identity=identity,
        ),
    )


def status_of(kind: Kind, number: int) -> str:
    words = kind.statuses.Name(number).partition("EXECUTION_STATUS_")[2].split("_")
    return "".join(word.capitalize() for word in words)


def asked_about(key: Key, **more: Any) -> Any:
    """What the server tells of one."""
    return _told(key, "Describe{}Execution", **more)


def newest(namespace: str, kind: Kind, name: str) -> Key | None:
    """The newest of this id; None where there is none, or this server has none at all."""
    try:
        answer = asked_about(Key(namespace, kind, name, ""))
    except GatewayError as error:
        if error.trouble in {Trouble.NOT_FOUND, Trouble.INVALID, Trouble.UNSUPPORTED}:
            return None
        raise
    return Key(namespace, kind, name, answer.run_id)


def of_run(namespace: str, kind: Kind, run_id: str) -> Key | None:
    """The one of this run id, once the index knows it; None likewise."""
    try:
        found = find(namespace, kind, equals("RunId", run_id), 1).executions
    except GatewayError as error:
        if error.trouble in {Trouble.INVALID, Trouble.UNSUPPORTED}:
            return None
        raise
    return found[0].key if found else None


def _told(key: Key, pattern: str, **more: Any) -> Any:
    named = {"namespace": key.namespace, key.kind.id: key.id, "run_id": key.run_id}
    return _asked(key.kind, pattern, **named, **more)


def _asked(kind: Kind, pattern: str, **fields: Any) -> Any:
    name = pattern.format(kind.noun)
    request = getattr(messages, f"{name}Request")(**fields)
    return call(getattr(workflow_service(), name), request)


def _row(namespace: str, kind: Kind, given: Any) -> Execution:
    return Execution(
        key=Key(namespace, kind, getattr(given, kind.id), given.run_id),
        does=does(kind, given),
        at=given.task_queue if kind is ACTIVITIES else given.endpoint,
        status=status_of(kind, given.status),
        started_at=payloads.moment(given.schedule_time),
        closed_at=payloads.moment(given.close_time),
        took=payloads.span(given.execution_duration) if given.HasField("close_time") else None,
        attributes=named(given),
    )


def named(given: Any) -> Mapping[str, Any]:
    """Its search attributes, without what a server keeps there for itself."""
    fields = given.search_attributes.indexed_fields.items()
    return {name: value for name, value in indexed.seen(fields).items() if name not in OWN}


def does(kind: Kind, given: Any) -> str:
    if kind is ACTIVITIES:
        return str(given.activity_type.name)
    return f"{given.service}.{given.operation}"
