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
    found = await _found(parts, request.id)
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
    _check_id(request.id)
    if not await parts.endpoints.drop(request.id):
        raise _missing(request.id)
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
    _check_id(endpoint_id)
    found = await parts.endpoints.with_id(endpoint_id)
    if found is None:
        raise _missing(endpoint_id)
    return found


def _missing(endpoint_id: str) -> NotFound:
    return NotFound(f"could not find Nexus endpoint with ID: {endpoint_id}")


def _check_id(endpoint_id: str) -> None:
    if not endpoint_id:
        raise InvalidArgument("endpoint ID not set on request")
    if not is_uuid(endpoint_id):
        raise InvalidArgument(f'malformed endpoint ID: "{endpoint_id}" is no UUID')


async def _target(parts: Parts, spec: EndpointSpec) -> Target:
    if not spec.name:
        raise InvalidArgument("endpoint name not set on request")
    if len(spec.name) > NAME_LENGTH_MAX:
        raise InvalidArgument(f"endpoint name exceeds length limit of {NAME_LENGTH_MAX}")
    if not re.match(NAME, spec.name):
        raise InvalidArgument(f"endpoint name must match the regex: {json.dumps(NAME)}")
    if spec.description.ByteSize() > DESCRIPTION_BYTES_MAX:
        raise InvalidArgument(f"description size exceeds limit of {DESCRIPTION_BYTES_MAX}")
    which = spec.target.WhichOneof("variant")
    if which is None:
        raise InvalidArgument("empty target variant")
    if which != "worker":
        raise Unsupported("an endpoint leads to a task queue here; one by URL is not supported")
    worker = spec.target.worker
    if not worker.namespace:
        raise InvalidArgument("target namespace not set on request")
    checks.queue(TaskQueue(name=worker.task_queue), parts.limits)
    try:
        await parts.namespace(worker.namespace)
    except NamespaceNotFound as missing:
        raise FailedPrecondition(
            f"could not verify namespace referenced by target exists: {missing.message}"
        ) from missing
    return Target(namespace=worker.namespace, task_queue=worker.task_queue)


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
