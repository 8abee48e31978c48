"""Nexus in the protocol's own words: links, failures, and what may be tried again."""

from __future__ import annotations

import json
from collections.abc import Iterable
from urllib.parse import parse_qs, quote, unquote, urlsplit

from google.protobuf import json_format
from temporalio.api.common.v1 import Link, Payload
from temporalio.api.enums.v1 import EventType, NexusHandlerErrorRetryBehavior
from temporalio.api.failure.v1 import Failure
from temporalio.api.nexus.v1 import Failure as NexusFailure
from temporalio.api.nexus.v1 import HandlerError
from temporalio.api.nexus.v1 import Link as NexusLink

WORKFLOW_EVENT = Link.WorkflowEvent.DESCRIPTOR.full_name
STANDALONE = Link.NexusOperation.DESCRIPTOR.full_name
#: The endpoint of the engine's own operations.
SYSTEM_ENDPOINT = "__temporal_system"
BAD_REQUEST, UNAVAILABLE = "BAD_REQUEST", "UNAVAILABLE"
_FAILURE = Failure.DESCRIPTOR.full_name
#: Another try of these would end in the same way.
_FINAL = frozenset(
    {
        BAD_REQUEST,
        "UNAUTHENTICATED",
        "UNAUTHORIZED",
        "NOT_FOUND",
        "CONFLICT",
        "NOT_IMPLEMENTED",
    }
)
_RETRYABLE = NexusHandlerErrorRetryBehavior.NEXUS_HANDLER_ERROR_RETRY_BEHAVIOR_RETRYABLE
_NON_RETRYABLE = NexusHandlerErrorRetryBehavior.NEXUS_HANDLER_ERROR_RETRY_BEHAVIOR_NON_RETRYABLE


def handler_error(kind: str, message: str) -> Failure:
    failure = Failure(message=message)
    failure.nexus_handler_failure_info.type = kind
    return failure


def is_final(failure: Failure) -> bool:
    """Of a handler's failure."""
    info = failure.nexus_handler_failure_info
    if info.retry_behavior in (_RETRYABLE, _NON_RETRYABLE):
        return info.retry_behavior == _NON_RETRYABLE
    return info.type in _FINAL


def of_handler_error(error: HandlerError) -> Failure:
    failure = Failure()
    failure.nexus_handler_failure_info.type = error.error_type
    failure.nexus_handler_failure_info.retry_behavior = error.retry_behavior
    if error.HasField("failure"):
        failure.cause.CopyFrom(of_failure(error.failure))
    return failure


def of_failure(given: NexusFailure) -> Failure:
    """One of the protocol's own travels as JSON in the details; others become an application's."""
    if given.metadata.get("type") == _FAILURE:
        failure = Failure()
        try:
            json_format.Parse(given.details, failure, ignore_unknown_fields=True)
        except json_format.ParseError:
            failure = Failure()
        failure.message = failure.message or given.message
        failure.stack_trace = failure.stack_trace or given.stack_trace
        return failure
    failure = Failure(message=given.message, stack_trace=given.stack_trace)
    if given.metadata or given.details:
        failure.application_failure_info.type = "NexusFailure"
        failure.application_failure_info.details.payloads.append(_details(given))
    if given.HasField("cause"):
        failure.cause.CopyFrom(of_failure(given.cause))
    return failure


def _details(given: NexusFailure) -> Payload:
    said: dict[str, object] = {}
    if given.metadata:
        said["metadata"] = dict(given.metadata)
    try:
        if given.details and (found := json.loads(given.details)) is not None:
            said["details"] = found
        data = _json(said)
    except (ValueError, RecursionError):
        data = _json(said | {"details": given.details.decode(errors="replace")})
    return Payload(metadata={"encoding": b"json/plain"}, data=data)


def _json(said: dict[str, object]) -> bytes:
    return json.dumps(said, separators=(",", ":")).encode()


def to_event(namespace: str, workflow_id: str, run_id: str, event_id: int, kind: int) -> Link:
    """A link to an event of a run."""
    link = Link()
    where = link.workflow_event
    where.namespace, where.workflow_id, where.run_id = namespace, workflow_id, run_id
    where.event_ref.event_id = event_id
    where.event_ref.event_type = EventType.ValueType(kind)
    return link


def to_request(namespace: str, workflow_id: str, run_id: str, request_id: str, kind: int) -> Link:
    """A link to the event of a run that a request has brought, whatever number it got."""
    link = Link()
    where = link.workflow_event
    where.namespace, where.workflow_id, where.run_id = namespace, workflow_id, run_id
    where.request_id_ref.request_id = request_id
    where.request_id_ref.event_type = EventType.ValueType(kind)
    return link


def as_nexus(links: Iterable[Link]) -> list[NexusLink]:
    """As handlers read them; links to events of runs and to operations have such a form."""
    found = []
    for link in links:
        if link.HasField("workflow_event"):
            found.append(NexusLink(url=_url(link.workflow_event), type=WORKFLOW_EVENT))
        elif link.HasField("nexus_operation"):
            url = _url_of_operation(link.nexus_operation)
            found.append(NexusLink(url=url, type=STANDALONE))
    return found


def _url_of_operation(where: Link.NexusOperation) -> str:
    return (
        f"temporal:///namespaces/{quote(where.namespace, safe='')}/nexus-operations/"
        f"{quote(where.operation_id, safe='')}/{quote(where.run_id, safe='')}/details"
    )


def _url(where: Link.WorkflowEvent) -> str:
    place = (
        f"/namespaces/{quote(where.namespace, safe='')}/workflows/"
        f"{quote(where.workflow_id, safe='')}/{quote(where.run_id, safe='')}/history"
    )
    if where.HasField("request_id_ref"):
        said = where.request_id_ref
        query = (
            f"eventType={_event_name(said.event_type)}&referenceType=RequestIdReference"
            f"&requestID={quote(said.request_id, safe='')}"
        )
    else:
        event = where.event_ref
        number = f"eventID={event.event_id}&" if event.event_id else ""
        query = f"{number}eventType={_event_name(event.event_type)}&referenceType=EventReference"
    return f"temporal://{place}?{query}"


def _event_name(kind: int) -> str:
    """As in `NexusOperationScheduled`."""
    name = EventType.Name(EventType.ValueType(kind)).removeprefix("EVENT_TYPE_")
    return "".join(word.capitalize() for word in name.split("_"))


_KINDS = {_event_name(number): number for number in EventType.values()}


def from_nexus(links: Iterable[NexusLink]) -> list[Link]:
    """Those that can be read; what is none of ours is left out."""
    found = (_read(link) for link in links if link.type == WORKFLOW_EVENT)
    return [link for link in found if link is not None]


def _read(given: NexusLink) -> Link | None:
    try:
        url = urlsplit(given.url)
        _, spaces, namespace, flows, workflow_id, run_id, history = url.path.split("/")
        said = {name: values[0] for name, values in parse_qs(url.query).items()}
        kind = _KINDS.get(said.get("eventType", ""), 0)
        event_id = int(said.get("eventID", "0") or 0)
    except ValueError:
        return None
    if (url.scheme, spaces, flows, history) != ("temporal", "namespaces", "workflows", "history"):
        return None
    link = to_event(unquote(namespace), unquote(workflow_id), unquote(run_id), event_id, kind)
    if said.get("referenceType") == "RequestIdReference":
        reference = link.workflow_event.request_id_ref
        reference.request_id = said.get("requestID", "")
        reference.event_type = EventType.ValueType(kind)
    return link
