"""Typed calls on the server's own batch operations."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from temporalio.api.enums.v1 import BatchOperationState, BatchOperationType
from temporalio.api.workflowservice.v1 import (
    DescribeBatchOperationRequest,
    ListBatchOperationsRequest,
    StopBatchOperationRequest,
)

from console.gateway import indexed, payloads
from console.gateway.channel import call, workflow_service


@dataclass(frozen=True, slots=True)
class BatchSummary:
    """`kind` and `state` are the protocol's words without their prefix."""

    id: str
    kind: str
    state: str
    started_at: datetime | None
    closed_at: datetime | None


@dataclass(frozen=True, slots=True)
class BatchDetail:
    """`total` is 0 while the server has not counted yet."""

    summary: BatchSummary
    total: int
    done: int
    failed: int
    identity: str
    reason: str
    query: str
    #: (workflow id, run id): what was named one by one.
    runs: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Page:
    batches: tuple[BatchSummary, ...]
    next_token: bytes


def find(namespace: str, rows: int, token: bytes = b"") -> Page:
    answer = call(
        workflow_service().ListBatchOperations,
        ListBatchOperationsRequest(namespace=namespace, page_size=rows, next_page_token=token),
    )
    return Page(tuple(map(_summary, answer.operation_info)), answer.next_page_token)


def describe(namespace: str, job_id: str) -> BatchDetail:
    answer = call(
        workflow_service().DescribeBatchOperation,
        DescribeBatchOperationRequest(namespace=namespace, job_id=job_id),
    )
    return BatchDetail(
        summary=_summary(answer),
        total=answer.total_operation_count,
        done=answer.complete_operation_count,
        failed=answer.failure_operation_count,
        identity=answer.identity,
        reason=answer.reason,
        query=indexed.told(answer.query),
        runs=tuple((each.business_id, each.run_id) for each in answer.executions),
    )


def stop(namespace: str, job_id: str, reason: str, identity: str) -> None:
    call(
        workflow_service().StopBatchOperation,
        StopBatchOperationRequest(
            namespace=namespace, job_id=job_id, reason=reason, identity=identity
        ),
    )


def _summary(given: Any) -> BatchSummary:
    """What a list and a description say alike."""
    return BatchSummary(
        id=given.job_id,
        kind=BatchOperationType.Name(given.operation_type).removeprefix("BATCH_OPERATION_TYPE_"),
        state=BatchOperationState.Name(given.state).removeprefix("BATCH_OPERATION_STATE_"),
        started_at=payloads.moment(given.start_time),
        closed_at=payloads.moment(given.close_time),
    )
