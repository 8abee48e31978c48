"""What this server is, and what it can truthfully do."""

from __future__ import annotations

from temporalio.api.workflowservice.v1 import (
    GetClusterInfoRequest,
    GetClusterInfoResponse,
    GetSearchAttributesRequest,
    GetSearchAttributesResponse,
    GetSystemInfoRequest,
    GetSystemInfoResponse,
)

from engine.frontend import operator
from engine.frontend.namespaces import CLUSTER
from engine.frontend.parts import Parts

VERSION = "0.1.0"

_CAPABILITIES = GetSystemInfoResponse.Capabilities(
    signal_and_query_header=True,
    internal_error_differentiation=True,
    activity_failure_include_heartbeat=True,
    supports_schedules=True,
    encoded_failure_attributes=True,
    # Workers then say their build with each task; the sets and rules by builds are turned off.
    build_id_based_versioning=True,
    upsert_memo=True,
    eager_workflow_start=True,
    sdk_metadata=True,
    count_group_by_execution_status=True,
    nexus=True,
)
_CLIENTS = {
    "temporal-cli": "<2.0.0",
    "temporal-go": "<2.0.0",
    "temporal-java": "<2.0.0",
    "temporal-php": "<2.0.0",
    "temporal-typescript": "<2.0.0",
    "temporal-ui": "<3.0.0",
}


async def system_info(_parts: Parts, _request: GetSystemInfoRequest) -> GetSystemInfoResponse:
    return GetSystemInfoResponse(server_version=VERSION, capabilities=_CAPABILITIES)


async def cluster_info(parts: Parts, _request: GetClusterInfoRequest) -> GetClusterInfoResponse:
    return GetClusterInfoResponse(
        supported_clients=_CLIENTS,
        server_version=VERSION,
        cluster_id=parts.namespaces.cluster_id,
        cluster_name=CLUSTER,
        history_shard_count=parts.config.shard_count,
        persistence_store="postgresql",
        visibility_store=(
            "elasticsearch" if parts.config.search.elasticsearch_url else "postgresql"
        ),
        initial_failover_version=1,
        failover_version_increment=10,
    )


async def search_attributes(
    _parts: Parts, _request: GetSearchAttributesRequest
) -> GetSearchAttributesResponse:
    return GetSearchAttributesResponse(keys=operator.fixed_numbers())
