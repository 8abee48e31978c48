"""What the server says of itself."""

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from temporalio.api.operatorservice.v1 import ListClustersRequest
from temporalio.api.workflowservice.v1 import (
    GetClusterInfoRequest,
    GetSearchAttributesRequest,
    GetSystemInfoRequest,
)

from tests.support.engine import Server

SERVICE = "temporal.api.workflowservice.v1.WorkflowService"


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


async def test_it_says_what_it_can_do(server: Server) -> None:
    found = await server.workflows.GetSystemInfo(GetSystemInfoRequest())
    assert found.server_version
    assert found.capabilities.signal_and_query_header
    assert found.capabilities.upsert_memo
    assert found.capabilities.eager_workflow_start


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
