"""Workers that only say that they live."""

from __future__ import annotations

from typing import Any

from temporalio.api.deployment.v1 import WorkerDeploymentVersion
from temporalio.api.enums.v1 import WorkerStatus
from temporalio.api.worker.v1 import WorkerHeartbeat, WorkerHostInfo, WorkerSlotsInfo
from temporalio.api.workflowservice.v1 import (
    CountWorkersRequest,
    DescribeWorkerRequest,
    ListWorkersRequest,
    ListWorkersResponse,
    RecordWorkerHeartbeatRequest,
    ShutdownWorkerRequest,
)

from tests.support.engine import Server

NOW = 1_800_000_000
RUNNING = WorkerStatus.WORKER_STATUS_RUNNING
SHUTTING_DOWN = WorkerStatus.WORKER_STATUS_SHUTTING_DOWN
SHUTDOWN = WorkerStatus.WORKER_STATUS_SHUTDOWN


def beat(instance: str, *, build: str = "", at: int = NOW, **given: Any) -> WorkerHeartbeat:
    made = WorkerHeartbeat(
        worker_instance_key=instance,
        host_info=WorkerHostInfo(host_name="host-1", process_id="42", worker_grouping_key="g"),
        **{
            "worker_identity": f"identity of {instance}",
            "task_queue": "orders",
            "sdk_name": "temporal-python",
            "sdk_version": "1.31.0",
            "status": RUNNING,
            "workflow_task_slots_info": WorkerSlotsInfo(
                current_available_slots=97, current_used_slots=3, slot_supplier_kind="Fixed"
            ),
            **given,
        },
    )
    if build:
        made.deployment_version.CopyFrom(
            WorkerDeploymentVersion(deployment_name="orders", build_id=build)
        )
    made.start_time.FromSeconds(at - 100)
    made.heartbeat_time.FromSeconds(at)
    return made


class Fleet:
    """The workers of a server's namespace."""

    def __init__(self, server: Server, namespace: str = "default") -> None:
        self.server = server
        self.namespace = namespace

    async def record(self, *beats: WorkerHeartbeat) -> None:
        await self.server.workflows.RecordWorkerHeartbeat(
            RecordWorkerHeartbeatRequest(
                namespace=self.namespace, identity="the process", worker_heartbeat=beats
            )
        )

    async def page(self, query: str = "", **given: Any) -> ListWorkersResponse:
        request = ListWorkersRequest(namespace=self.namespace, query=query, **given)
        return await self.server.workflows.ListWorkers(request)

    async def names(self, query: str = "") -> list[str]:
        return sorted(worker.worker_instance_key for worker in (await self.page(query)).workers)

    async def count(self, query: str = "") -> int:
        request = CountWorkersRequest(namespace=self.namespace, query=query)
        return (await self.server.workflows.CountWorkers(request)).count

    async def describe(self, instance: str) -> WorkerHeartbeat:
        request = DescribeWorkerRequest(namespace=self.namespace, worker_instance_key=instance)
        found = await self.server.workflows.DescribeWorker(request)
        return found.worker_info.worker_heartbeat

    async def shut_down(self, instance: str, last: WorkerHeartbeat | None = None) -> None:
        await self.server.workflows.ShutdownWorker(
            ShutdownWorkerRequest(
                namespace=self.namespace,
                worker_instance_key=instance,
                sticky_task_queue=f"sticky of {instance}",
                worker_heartbeat=last,
            )
        )
