"""Typed calls on workers: what they say of themselves in their heartbeats."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp
from temporalio.api.enums.v1 import WorkerStatus
from temporalio.api.worker.v1 import WorkerHeartbeat, WorkerListInfo, WorkerSlotsInfo
from temporalio.api.workflowservice.v1 import (
    DescribeWorkerRequest,
    ListWorkersRequest,
    ListWorkersResponse,
)

from console.gateway import payloads
from console.gateway.channel import call, workflow_service

PAGE_ROWS = 1_000
#: A fleet that is larger is looked at through a filter.
WORKERS_MAX = 5_000


@dataclass(frozen=True, slots=True)
class Slots:
    """Room for tasks of one kind, and what came of those before."""

    used: int
    free: int
    processed: int
    failed: int
    supplier: str

    @property
    def all(self) -> int:
        return self.used + self.free


@dataclass(frozen=True, slots=True)
class Worker:
    """`slots` by kind of task; a kind that the worker does not take is left out."""

    key: str
    identity: str
    status: str
    queue: str
    deployment: str
    build: str
    sdk: str
    host: str
    process: str
    group: str
    started_at: datetime | None
    seen_at: datetime | None
    every: timedelta | None
    slots: dict[str, Slots]
    pollers: dict[str, int]
    cached: int
    cache_hits: int
    cache_misses: int
    cpu: float
    memory: float
    plugins: tuple[str, ...]


def find(namespace: str) -> tuple[list[Worker], bool]:
    """All, and whether there are more than that."""
    found: list[Worker] = []
    token = b""
    while len(found) < WORKERS_MAX:
        answer = call(
            workflow_service().ListWorkers,
            ListWorkersRequest(namespace=namespace, page_size=PAGE_ROWS, next_page_token=token),
        )
        found += _listed(answer)
        if not (token := answer.next_page_token):
            return found, False
    return found, True


def describe(namespace: str, key: str) -> Worker:
    answer = call(
        workflow_service().DescribeWorker,
        DescribeWorkerRequest(namespace=namespace, worker_instance_key=key),
    )
    return _worker(answer.worker_info.worker_heartbeat)


def _listed(answer: ListWorkersResponse) -> list[Worker]:
    """The older form says more; a server may come to leave it out."""
    if answer.workers_info:
        return [_worker(info.worker_heartbeat) for info in answer.workers_info]
    return [_worker(_as_beat(entry)) for entry in answer.workers]


def _as_beat(entry: WorkerListInfo) -> WorkerHeartbeat:
    beat = WorkerHeartbeat(
        worker_instance_key=entry.worker_instance_key,
        worker_identity=entry.worker_identity,
        task_queue=entry.task_queue,
        deployment_version=entry.deployment_version,
        sdk_name=entry.sdk_name,
        sdk_version=entry.sdk_version,
        status=entry.status,
        start_time=entry.start_time,
    )
    beat.host_info.host_name = entry.host_name
    beat.host_info.process_id = entry.process_id
    return beat


def _worker(beat: WorkerHeartbeat) -> Worker:
    host = beat.host_info
    return Worker(
        key=beat.worker_instance_key,
        identity=beat.worker_identity,
        status=_status(beat.status),
        queue=beat.task_queue,
        deployment=beat.deployment_version.deployment_name,
        build=beat.deployment_version.build_id,
        sdk=f"{beat.sdk_name.removeprefix('temporal-')} {beat.sdk_version}".strip(),
        host=host.host_name,
        process=host.process_id,
        group=host.worker_grouping_key,
        started_at=_moment(beat.start_time),
        seen_at=_moment(beat.heartbeat_time),
        every=_span(beat.elapsed_since_last_heartbeat),
        slots=_slots(beat),
        pollers={
            "Workflow tasks": beat.workflow_poller_info.current_pollers,
            "Workflow tasks, sticky": beat.workflow_sticky_poller_info.current_pollers,
            "Activities": beat.activity_poller_info.current_pollers,
            "Nexus": beat.nexus_poller_info.current_pollers,
        },
        cached=beat.current_sticky_cache_size,
        cache_hits=beat.total_sticky_cache_hit,
        cache_misses=beat.total_sticky_cache_miss,
        cpu=host.current_host_cpu_usage,
        memory=host.current_host_mem_usage,
        plugins=tuple(f"{each.name} {each.version}".strip() for each in beat.plugins),
    )


def _moment(given: Timestamp) -> datetime | None:
    """A worker may say what is no time."""
    try:
        return payloads.moment(given)
    except (ValueError, OverflowError):
        return None


def _span(given: Duration) -> timedelta | None:
    try:
        return payloads.span(given)
    except (ValueError, OverflowError):
        return None


def _status(number: WorkerStatus.ValueType) -> str:
    return WorkerStatus.Name(number).removeprefix("WORKER_STATUS_")


def _slots(beat: WorkerHeartbeat) -> dict[str, Slots]:
    kinds = (
        ("Workflow tasks", beat.workflow_task_slots_info),
        ("Activities", beat.activity_task_slots_info),
        ("Local activities", beat.local_activity_slots_info),
        ("Nexus", beat.nexus_task_slots_info),
    )
    every = {name: _slot(info) for name, info in kinds}
    return {name: one for name, one in every.items() if one.all or one.processed}


def _slot(info: WorkerSlotsInfo) -> Slots:
    return Slots(
        used=info.current_used_slots,
        free=info.current_available_slots,
        processed=info.total_processed_tasks,
        failed=info.total_failed_tasks,
        supplier=info.slot_supplier_kind,
    )
