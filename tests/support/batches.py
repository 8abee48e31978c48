"""Batch operations, and runs for them."""

from __future__ import annotations

import asyncio
from typing import Any

import grpc
from temporalio.api.batch.v1 import BatchOperationSignal, BatchOperationTermination
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.enums.v1 import BatchOperationState
from temporalio.api.workflowservice.v1 import (
    CountWorkflowExecutionsRequest,
    DescribeBatchOperationRequest,
    DescribeBatchOperationResponse,
    ListBatchOperationsRequest,
    ListBatchOperationsResponse,
    StartBatchOperationRequest,
    StopBatchOperationRequest,
)

from tests.support.engine import Server
from tests.support.eventually import eventually_async
from tests.support.names import Names

RUNNING = BatchOperationState.BATCH_OPERATION_STATE_RUNNING
COMPLETED = BatchOperationState.BATCH_OPERATION_STATE_COMPLETED
FAILED = BatchOperationState.BATCH_OPERATION_STATE_FAILED
WITHIN = 20.0

TERMINATE = {"termination_operation": BatchOperationTermination(identity="Ada")}
SIGNAL = {"signal_operation": BatchOperationSignal(signal="go", identity="Ada")}


class Cohort:
    """Runs on a queue of their own, which nobody works on."""

    def __init__(self, server: Server, names: Names) -> None:
        self.server = server
        self.names = names
        self.queue = names.queue()
        self.query = f"TaskQueue = '{self.queue}'"

    async def start(self, count: int) -> list[WorkflowExecution]:
        starts = (self.server.start(self.names.workflow(), self.queue) for _ in range(count))
        runs = list(await asyncio.gather(*starts))
        await eventually_async(self.shown, lambda found: found >= count, within=WITHIN)
        return runs

    async def shown(self, query: str = "") -> int:
        both = f"{self.query} AND {query}" if query else self.query
        request = CountWorkflowExecutionsRequest(namespace=self.server.namespace, query=both)
        return (await self.server.workflows.CountWorkflowExecutions(request)).count


class Batched:
    def __init__(self, server: Server, job_id: str) -> None:
        self.server = server
        self.job_id = job_id

    async def start(self, query: str = "", **given: Any) -> None:
        fields = {
            "namespace": self.server.namespace,
            "job_id": self.job_id,
            "reason": "tidy",
            **given,
        }
        request = StartBatchOperationRequest(visibility_query=query, **fields)
        await self.server.workflows.StartBatchOperation(request)

    async def start_when_free(self, query: str = "", **given: Any) -> None:
        """The dev server knows a moment later that the last one has ended."""

        async def is_started() -> bool:
            try:
                await self.start(query, **given)
            except grpc.aio.AioRpcError as refusal:
                if refusal.code() == grpc.StatusCode.RESOURCE_EXHAUSTED:
                    return False
                raise
            return True

        await eventually_async(is_started, within=WITHIN, every=0.2)

    async def describe(self) -> DescribeBatchOperationResponse:
        request = DescribeBatchOperationRequest(namespace=self.server.namespace, job_id=self.job_id)
        return await self.server.workflows.DescribeBatchOperation(request, wait_for_ready=True)

    async def until(self, state: int, within: float = WITHIN) -> DescribeBatchOperationResponse:
        return await eventually_async(
            self.describe, lambda found: found.state == state, within=within
        )

    async def stop(self, reason: str = "enough", **given: Any) -> None:
        fields = {
            "namespace": self.server.namespace,
            "job_id": self.job_id,
            "identity": "Ada",
            **given,
        }
        request = StopBatchOperationRequest(reason=reason, **fields)
        await self.server.workflows.StopBatchOperation(request)

    async def page(self, **given: Any) -> ListBatchOperationsResponse:
        request = ListBatchOperationsRequest(namespace=self.server.namespace, **given)
        return await self.server.workflows.ListBatchOperations(request)
