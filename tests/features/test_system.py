"""What the server says of itself."""

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from temporalio.api.operatorservice.v1 import ListClustersRequest
from temporalio.api.operatorservice.v1 import request_response_pb2 as operator
from temporalio.api.workflowservice.v1 import (
    DescribeNamespaceRequest,
    GetClusterInfoRequest,
    GetSearchAttributesRequest,
    GetSystemInfoRequest,
)
from temporalio.api.workflowservice.v1 import request_response_pb2 as workflow_messages

from engine.frontend import unsupported
from tests.support.engine import OFFICIAL, Server

ABSENT = grpc.StatusCode.UNIMPLEMENTED
# Without these calls there is no such thing.
CALLS_OF: dict[str, tuple[str, ...]] = {
    "supports_schedules": ("CreateSchedule", "PatchSchedule", "ListSchedules", "DeleteSchedule"),
    "nexus": ("PollNexusTaskQueue", "RespondNexusTaskCompleted", "RespondNexusTaskFailed"),
    "sync_update": ("UpdateWorkflowExecution",),
    "async_update": ("UpdateWorkflowExecution", "PollWorkflowExecutionUpdate"),
    "worker_heartbeats": ("RecordWorkerHeartbeat", "ListWorkers", "DescribeWorker"),
    "standalone_activities": ("StartActivityExecution", "PollActivityExecution"),
    "standalone_activity_operator_commands": (
        "PauseActivityExecution", "UnpauseActivityExecution", "ResetActivityExecution",
        "UpdateActivityExecutionOptions",
    ),
    "standalone_activity_batch_operations": ("StartBatchOperation", "StartActivityExecution"),
    "workflow_pause": ("PauseWorkflowExecution", "UnpauseWorkflowExecution"),
    "workflow_update_callbacks": ("UpdateWorkflowExecution",),
    "standalone_nexus_operation": ("StartNexusOperationExecution", "PollNexusOperationExecution"),
}  # fmt: skip
# Their calls answer as where they are turned off: that is no claim to have them.
TURNED_OFF = {
    "server_scaled_deployments", "worker_commands",
}  # fmt: skip
# No call of their own: tests of starts, failures, queries, counts and polls hold them.
HELD_ELSEWHERE = {
    "signal_and_query_header", "internal_error_differentiation", "upsert_memo", "sdk_metadata",
    "activity_failure_include_heartbeat", "encoded_failure_attributes", "eager_workflow_start",
    "count_group_by_execution_status", "reported_problems_search_attribute",
    "worker_poll_complete_on_shutdown", "standalone_activity_start_delay", "poller_autoscaling",
    # That workers are to say their build; the official server has the sets by it turned off, too.
    "build_id_based_versioning",
}  # fmt: skip
SERVICE = "temporal.api.workflowservice.v1.WorkflowService"


@pytest.fixture
def ours(server: Server) -> Server:
    if server.kind == OFFICIAL:
        pytest.skip("what the official server has and claims is its own affair")
    return server


async def test_it_is_healthy(server: Server) -> None:
    health = health_pb2_grpc.HealthStub(server.channel)
    answer = await health.Check(health_pb2.HealthCheckRequest(service=SERVICE))
    assert answer.status == health_pb2.HealthCheckResponse.SERVING


async def test_it_tells_its_services_by_reflection(server: Server) -> None:
    stub = reflection_pb2_grpc.ServerReflectionStub(server.channel)
    call = stub.ServerReflectionInfo()
    await call.write(reflection_pb2.ServerReflectionRequest(list_services=""))
    answer = await call.read()
    await call.done_writing()
    names = {service.name for service in answer.list_services_response.service}
    assert SERVICE in names
    assert "temporal.api.operatorservice.v1.OperatorService" in names


async def test_what_it_claims_to_do_has_its_calls_and_what_it_lacks_is_not_claimed(
    ours: Server,
) -> None:
    claimed = await claims(ours)

    for capability, calls in CALLS_OF.items():
        lacking = [call for call in calls if await code_of(ours.workflows, call) == ABSENT]
        assert (capability in claimed) == (not lacking), f"{capability}: {lacking} absent"
    assert not claimed & TURNED_OFF


async def test_it_claims_no_more_than_that_and_what_tests_hold(ours: Server) -> None:
    assert await claims(ours) - set(CALLS_OF) == HELD_ELSEWHERE


async def claims(server: Server) -> set[str]:
    system = await server.workflows.GetSystemInfo(GetSystemInfoRequest())
    namespace = await server.workflows.DescribeNamespace(
        DescribeNamespaceRequest(namespace=server.namespace)
    )
    assert system.server_version
    return {
        field.name
        for found in (system.capabilities, namespace.namespace_info.capabilities)
        for field, is_claimed in found.ListFields()
        if is_claimed
    }


@pytest.mark.parametrize("service", ["workflows", "operator"])
async def test_a_call_that_is_not_built_answers_unimplemented(ours: Server, service: str) -> None:
    absent = {"workflows": unsupported.WORKFLOW, "operator": unsupported.OPERATOR}[service]

    codes = {name: await code_of(getattr(ours, service), name) for name in absent}

    assert codes == dict.fromkeys(absent, ABSENT)


async def code_of(stub: object, call: str) -> grpc.StatusCode:
    """How an empty request of that name is answered."""
    messages = workflow_messages if hasattr(workflow_messages, f"{call}Request") else operator
    try:
        await getattr(stub, call)(getattr(messages, f"{call}Request")())
    except grpc.aio.AioRpcError as refusal:
        return refusal.code()
    return grpc.StatusCode.OK


async def test_it_says_which_cluster_it_is(server: Server) -> None:
    found = await server.workflows.GetClusterInfo(GetClusterInfoRequest())
    clusters = await server.operator.ListClusters(ListClustersRequest())
    assert found.cluster_id
    assert [cluster.cluster_id for cluster in clusters.clusters] == [found.cluster_id]
    assert found.history_shard_count == clusters.clusters[0].history_shard_count


async def test_it_names_the_attributes_that_every_run_has(server: Server) -> None:
    found = await server.workflows.GetSearchAttributes(GetSearchAttributesRequest())
    assert {"WorkflowId", "RunId", "ExecutionStatus", "StartTime", "BuildIds"} <= set(found.keys)


async def test_a_compressed_request_is_read(server: Server) -> None:
    found = await server.workflows.GetSystemInfo(
        GetSystemInfoRequest(), compression=grpc.Compression.Gzip
    )
    assert found.server_version
