"""OperatorService: the Nexus endpoints of this installation.

An endpoint leads to a task queue here. One outside, by a URL, is refused: this engine speaks no
Nexus over HTTP.
"""

from __future__ import annotations

import json
import re

import msgspec
from temporalio.api.common.v1 import Payload
from temporalio.api.nexus.v1 import Endpoint as EndpointMessage
from temporalio.api.nexus.v1 import EndpointSpec
from temporalio.api.operatorservice.v1 import (
    CreateNexusEndpointRequest,
    CreateNexusEndpointResponse,
    DeleteNexusEndpointRequest,
    DeleteNexusEndpointResponse,
    GetNexusEndpointRequest,
    GetNexusEndpointResponse,
    ListNexusEndpointsRequest,
    ListNexusEndpointsResponse,
    UpdateNexusEndpointRequest,
    UpdateNexusEndpointResponse,
)
from temporalio.api.taskqueue.v1 import TaskQueue

from engine.background.endpoints import Endpoint, Target
from engine.errors import (
    FailedPrecondition,
    InvalidArgument,
    NamespaceNotFound,
    NotFound,
    Unsupported,
)
from engine.frontend import checks
from engine.frontend.parts import Parts
from engine.protocol.ids import is_uuid
from engine.protocol.times import timestamp

NAME = r"^[a-zA-Z][a-zA-Z0-9\-]*[a-zA-Z0-9]$"
NAME_LENGTH_MAX = 200
DESCRIPTION_BYTES_MAX = 20_000
URL_LENGTH_MAX = 4 * 1024
PAGE_ROWS_DEFAULT, PAGE_ROWS_MAX = 100, 1_000
ENDPOINTS_MAX = 10_000


async def create(parts: Parts, request: CreateNexusEndpointRequest) -> CreateNexusEndpointResponse:
    target = await _target(parts, request.spec)
    if len(await parts.endpoints.all()) >= ENDPOINTS_MAX:
        raise FailedPrecondition(f"there are {ENDPOINTS_MAX} Nexus endpoints, and may be no more")
    endpoint = Endpoint(
        id=parts.clock.new_id(),
        name=request.spec.name,
        target=target,
        description=request.spec.description.SerializeToString(),
        created_at=parts.clock.now(),
    )
    await parts.endpoints.add(endpoint)
    return CreateNexusEndpointResponse(endpoint=message(endpoint))


async def get(parts: Parts, request: GetNexusEndpointRequest) -> GetNexusEndpointResponse:
    return GetNexusEndpointResponse(endpoint=message(await _found(parts, request.id)))


async def update(parts: Parts, request: UpdateNexusEndpointRequest) -> UpdateNexusEndpointResponse:
    target = await _target(parts, request.spec)
    found = await parts.endpoints.with_id(request.id)
    if found is None:
        raise NotFound(f"error updating Nexus endpoint. endpoint ID {request.id} not found")
    changed = msgspec.structs.replace(
        found,
        name=request.spec.name,
        version=request.version,
        target=target,
        description=request.spec.description.SerializeToString(),
        modified_at=parts.clock.now(),
    )
    return UpdateNexusEndpointResponse(endpoint=message(await parts.endpoints.change(changed)))


async def delete(parts: Parts, request: DeleteNexusEndpointRequest) -> DeleteNexusEndpointResponse:
    issues = _id_issues(request.id)
    if request.version <= 0:
        issues.append("endpoint version is non-positive")
    if issues:
        raise InvalidArgument(", ".join(issues))
    if not await parts.endpoints.drop(request.id):
        raise NotFound(f"error deleting nexus endpoint with ID: {request.id}")
    return DeleteNexusEndpointResponse()


async def list_all(parts: Parts, request: ListNexusEndpointsRequest) -> ListNexusEndpointsResponse:
    rows = request.page_size or PAGE_ROWS_DEFAULT
    if not 0 < rows <= PAGE_ROWS_MAX:
        raise InvalidArgument(f"page_size must be between 0 and {PAGE_ROWS_MAX}")
    after = request.next_page_token.decode(errors="replace")
    if after and not is_uuid(after):
        raise InvalidArgument("Invalid NextPageToken.")
    found = [
        endpoint
        for endpoint in await parts.endpoints.all()
        if endpoint.id > after and request.name in ("", endpoint.name)
    ]
    page = found[:rows]
    return ListNexusEndpointsResponse(
        endpoints=map(message, page),
        next_page_token=page[-1].id.encode() if len(found) > rows else b"",
    )


async def _found(parts: Parts, endpoint_id: str) -> Endpoint:
    if issues := _id_issues(endpoint_id):
        raise InvalidArgument(", ".join(issues))
    found = await parts.endpoints.with_id(endpoint_id)
    if found is None:
        raise NotFound(f"Nexus endpoint with ID `{endpoint_id}` not found")
    return found


def _id_issues(endpoint_id: str) -> list[str]:
    if not endpoint_id:
        return ["endpoint ID not set"]
    return [] if is_uuid(endpoint_id) else [f'malformed endpoint ID: "{endpoint_id}" is no UUID']


async def _target(parts: Parts, spec: EndpointSpec) -> Target:
    """All that is wrong with the endpoint is told at once."""
    issues = _name_issues(spec.name)
    which, worker = spec.target.WhichOneof("variant"), spec.target.worker
    if which is None:
        raise InvalidArgument(", ".join([*issues, "empty target variant"]))
    if which == "external":
        issues += _url_issues(spec.target.external.url)
    elif not worker.namespace:
        issues.append("target namespace not set")
    else:
        await _check_namespace(parts, worker.namespace)
    if which == "worker":
        issues += _queue_issues(parts, worker.task_queue)
    if spec.description.ByteSize() > DESCRIPTION_BYTES_MAX:
        issues.append(f"description size exceeds limit of {DESCRIPTION_BYTES_MAX}")
    if issues:
        raise InvalidArgument(", ".join(issues))
    if which == "external":
        raise Unsupported("an endpoint leads to a task queue here; one by URL is not supported")
    return Target(namespace=worker.namespace, task_queue=worker.task_queue)


def _name_issues(name: str) -> list[str]:
    if not name:
        return ["endpoint name not set"]
    issues = []
    if len(name) > NAME_LENGTH_MAX:
        issues.append(f"endpoint name exceeds length limit of {NAME_LENGTH_MAX}")
    if not re.match(NAME, name):
        issues.append(f"endpoint name must match the regex: {json.dumps(NAME)}")
    return issues


def _url_issues(url: str) -> list[str]:
    if not url:
        return ["empty target URL"]
    if len(url) > URL_LENGTH_MAX:
        return [f"target URL length exceeds limit of {URL_LENGTH_MAX}"]
    scheme, colon, _ = url.partition(":")
    scheme = scheme.lower() if colon and re.fullmatch(r"[A-Za-z][A-Za-z0-9+.-]*", scheme) else ""
    if scheme not in ("http", "https"):
        return [f'invalid target URL scheme: "{scheme}", expected http or https']
    return []


def _queue_issues(parts: Parts, name: str) -> list[str]:
    try:
        checks.queue(TaskQueue(name=name), parts.limits)
    except InvalidArgument as bad:
        return [f"invalid target task queue: {json.dumps(bad.message)}"]
    return []


async def _check_namespace(parts: Parts, name: str) -> None:
    try:
        await parts.namespaces.named(name)
    except NamespaceNotFound as missing:
        raise FailedPrecondition(
            f"could not verify namespace referenced by target exists: {missing.message}"
        ) from missing


def message(endpoint: Endpoint) -> EndpointMessage:
    told = EndpointMessage(
        id=endpoint.id,
        version=endpoint.version,
        url_prefix=f"/nexus/endpoints/{endpoint.id}/services",
        created_time=timestamp(endpoint.created_at),
        last_modified_time=timestamp(endpoint.modified_at),
    )
    told.spec.name = endpoint.name
    told.spec.target.worker.namespace = endpoint.target.namespace
    told.spec.target.worker.task_queue = endpoint.target.task_queue
    if endpoint.description:
        told.spec.description.CopyFrom(Payload.FromString(endpoint.description))
    return told
