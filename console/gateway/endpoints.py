"""Typed calls on Nexus endpoints: the names by which workflows reach handlers. The installation's,
of no namespace.
"""

from dataclasses import dataclass
from datetime import datetime

from temporalio.api.common.v1 import Payload
from temporalio.api.nexus.v1 import Endpoint as EndpointMessage
from temporalio.api.nexus.v1 import EndpointSpec, EndpointTarget
from temporalio.api.operatorservice.v1 import (
    CreateNexusEndpointRequest,
    DeleteNexusEndpointRequest,
    ListNexusEndpointsRequest,
    UpdateNexusEndpointRequest,
)

from console.gateway import payloads
from console.gateway.channel import call, operator_service


@dataclass(frozen=True, slots=True)
class Target:
    """A task queue of a namespace, or an address outside."""

    namespace: str = ""
    task_queue: str = ""
    url: str = ""

    def __str__(self) -> str:
        return self.url or f"{self.task_queue} in {self.namespace}"


@dataclass(frozen=True, slots=True)
class Wanted:
    name: str
    target: Target
    description: str = ""


@dataclass(frozen=True, slots=True)
class Endpoint:
    id: str
    version: int
    name: str
    target: Target
    #: where it is a text
    description: str
    described_as: Payload | None
    created_at: datetime | None
    changed_at: datetime | None

    @property
    def wanted(self) -> Wanted:
        return Wanted(self.name, self.target, self.description)


@dataclass(frozen=True, slots=True)
class Page:
    endpoints: tuple[Endpoint, ...]
    next_token: bytes


def find(rows: int, token: bytes = b"") -> Page:
    answer = call(
        operator_service().ListNexusEndpoints,
        ListNexusEndpointsRequest(page_size=rows, next_page_token=token),
    )
    return Page(tuple(map(_endpoint, answer.endpoints)), answer.next_page_token)


def named(name: str) -> Endpoint | None:
    answer = call(operator_service().ListNexusEndpoints, ListNexusEndpointsRequest(name=name))
    return next(map(_endpoint, answer.endpoints), None)


def create(wanted: Wanted) -> Endpoint:
    spec = _spec(wanted, _described(wanted.description))
    answer = call(operator_service().CreateNexusEndpoint, CreateNexusEndpointRequest(spec=spec))
    return _endpoint(answer.endpoint)


def change(found: Endpoint, wanted: Wanted) -> Endpoint:
    """Refused where it has another version by now. A description that stays is sent as it was."""
    same = wanted.description == found.description
    spec = _spec(wanted, found.described_as if same else _described(wanted.description))
    answer = call(
        operator_service().UpdateNexusEndpoint,
        UpdateNexusEndpointRequest(id=found.id, version=found.version, spec=spec),
    )
    return _endpoint(answer.endpoint)


def delete(found: Endpoint) -> None:
    call(
        operator_service().DeleteNexusEndpoint,
        DeleteNexusEndpointRequest(id=found.id, version=found.version),
    )


def _spec(wanted: Wanted, description: Payload | None) -> EndpointSpec:
    to = wanted.target
    if to.url:
        target = EndpointTarget(external=EndpointTarget.External(url=to.url))
    else:
        worker = EndpointTarget.Worker(namespace=to.namespace, task_queue=to.task_queue)
        target = EndpointTarget(worker=worker)
    return EndpointSpec(name=wanted.name, target=target, description=description)


def _described(text: str) -> Payload | None:
    return payloads.encoded([text]).payloads[0] if text else None


def _endpoint(told: EndpointMessage) -> Endpoint:
    spec, worker = told.spec, told.spec.target.worker
    described = spec.description if spec.HasField("description") else None
    text = payloads.readable(described).content if described is not None else ""
    return Endpoint(
        id=told.id,
        version=told.version,
        name=spec.name,
        target=Target(worker.namespace, worker.task_queue, spec.target.external.url),
        description=text if isinstance(text, str) else "",
        described_as=described,
        created_at=payloads.moment(told.created_time),
        changed_at=payloads.moment(told.last_modified_time),
    )
