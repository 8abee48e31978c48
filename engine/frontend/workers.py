"""Workers as they tell of themselves: heartbeats, lists, counts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec
from temporalio.api.worker.v1 import WorkerHeartbeat, WorkerInfo, WorkerListInfo
from temporalio.api.workflowservice.v1 import (
    CountWorkersRequest,
    CountWorkersResponse,
    DescribeWorkerRequest,
    DescribeWorkerResponse,
    ListWorkersRequest,
    ListWorkersResponse,
    RecordWorkerHeartbeatRequest,
    RecordWorkerHeartbeatResponse,
)

from engine.errors import InvalidArgument, NotFound
from engine.frontend import checks, worker_queries
from engine.frontend.parts import Parts

SECOND = 1_000_000_000
BEAT_BYTES_MAX = 64 * 1024
BEATS_AT_ONCE_MAX = 1_000
PAGE_ROWS_MAX = 1_000


class Place(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The last instance key of the page before."""

    last: str


async def record(
    parts: Parts, request: RecordWorkerHeartbeatRequest
) -> RecordWorkerHeartbeatResponse:
    namespace = await parts.namespace(request.namespace)
    take(parts, namespace.id, request.worker_heartbeat)
    return RecordWorkerHeartbeatResponse()


def take(parts: Parts, namespace_id: str, beats: Sequence[WorkerHeartbeat]) -> None:
    if len(beats) > BEATS_AT_ONCE_MAX:
        raise InvalidArgument(f"more than {BEATS_AT_ONCE_MAX} worker heartbeats at once")
    for beat in beats:
        checks.length("WorkerInstanceKey", beat.worker_instance_key, parts.limits)
        if beat.ByteSize() > BEAT_BYTES_MAX:
            raise InvalidArgument(f"a worker heartbeat has more than {BEAT_BYTES_MAX} bytes")
    parts.workers.record(namespace_id, beats)


async def list_all(parts: Parts, request: ListWorkersRequest) -> ListWorkersResponse:
    """A worker that starts meanwhile may be missed, or not; none is told twice."""
    after = _place(request.next_page_token)
    found = await _found(parts, request.namespace, request.query)
    if after is not None:
        found = [beat for beat in found if beat.worker_instance_key > after.last]
    size = request.page_size if 0 < request.page_size < PAGE_ROWS_MAX else PAGE_ROWS_MAX
    page = found[:size]
    token = b""
    if len(found) > size:
        token = msgspec.json.encode(Place(page[-1].worker_instance_key))
    return ListWorkersResponse(
        # What it was before there was a shorter form; clients of both read it.
        workers_info=[WorkerInfo(worker_heartbeat=beat) for beat in page],
        workers=map(_entry, page),
        next_page_token=token,
    )


async def count(parts: Parts, request: CountWorkersRequest) -> CountWorkersResponse:
    return CountWorkersResponse(count=len(await _found(parts, request.namespace, request.query)))


async def describe(parts: Parts, request: DescribeWorkerRequest) -> DescribeWorkerResponse:
    namespace = await parts.namespace(request.namespace)
    for beat in await parts.workers.seen(namespace.id, request.worker_instance_key):
        return DescribeWorkerResponse(worker_info=WorkerInfo(worker_heartbeat=beat))
    raise NotFound(f"Worker {request.worker_instance_key} not found")


async def _found(parts: Parts, name: str, query: str) -> list[WorkerHeartbeat]:
    namespace = await parts.namespace(name)
    says = worker_queries.read(query, datetime.fromtimestamp(parts.clock.now() / SECOND, UTC))
    return [beat for beat in await parts.workers.seen(namespace.id) if says(beat)]


def _place(token: bytes) -> Place | None:
    try:
        return msgspec.json.decode(token, type=Place) if token else None
    except msgspec.MsgspecError:
        raise InvalidArgument("invalid next_page_token") from None


def _entry(beat: WorkerHeartbeat) -> WorkerListInfo:
    made = WorkerListInfo(
        worker_instance_key=beat.worker_instance_key,
        worker_identity=beat.worker_identity,
        task_queue=beat.task_queue,
        sdk_name=beat.sdk_name,
        sdk_version=beat.sdk_version,
        status=beat.status,
        host_name=beat.host_info.host_name,
        worker_grouping_key=beat.host_info.worker_grouping_key,
        process_id=beat.host_info.process_id,
        plugins=beat.plugins,
        drivers=beat.drivers,
    )
    if beat.HasField("deployment_version"):
        made.deployment_version.CopyFrom(beat.deployment_version)
    if beat.HasField("start_time"):
        made.start_time.CopyFrom(beat.start_time)
    return made
