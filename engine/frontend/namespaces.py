"""Namespaces through gRPC."""

from __future__ import annotations

from collections.abc import Iterable

from google.protobuf.duration_pb2 import Duration
from temporalio.api.enums.v1 import ArchivalState, NamespaceState, ReplicationState
from temporalio.api.namespace.v1 import BadBinaries, NamespaceConfig, NamespaceInfo
from temporalio.api.replication.v1 import ClusterReplicationConfig, NamespaceReplicationConfig
from temporalio.api.workflowservice.v1 import (
    DeprecateNamespaceRequest,
    DeprecateNamespaceResponse,
    DescribeNamespaceRequest,
    DescribeNamespaceResponse,
    ListNamespacesRequest,
    ListNamespacesResponse,
    RegisterNamespaceRequest,
    RegisterNamespaceResponse,
    UpdateNamespaceRequest,
    UpdateNamespaceResponse,
)

from engine.core.limits import Limits
from engine.errors import InvalidArgument, NamespaceNotFound
from engine.frontend import aliases, checks
from engine.frontend.parts import Parts
from engine.namespaces import Namespace

CLUSTER = "active"
SECOND = 1_000_000_000
HOUR_SECONDS = 3600
LIST_MAX = 1_000


async def register(parts: Parts, request: RegisterNamespaceRequest) -> RegisterNamespaceResponse:
    _check_named(request.namespace, parts.limits)
    checks.length("Namespace", request.namespace, parts.limits)
    if request.is_global_namespace:
        raise InvalidArgument("Cannot register global namespace when not enabled")
    _check_clusters(request.active_cluster_name, request.clusters)
    namespace = Namespace(
        id=parts.clock.new_id(),
        name=request.namespace,
        description=request.description,
        owner_email=request.owner_email,
        labels=dict(request.data),
        retention_seconds=_retention(request.workflow_execution_retention_period),
        created_at=parts.clock.now(),
    )
    await parts.namespaces.register(namespace)
    return RegisterNamespaceResponse()


async def describe(parts: Parts, request: DescribeNamespaceRequest) -> DescribeNamespaceResponse:
    if request.id and not request.namespace:
        found = await parts.namespaces.with_id(request.id)
    else:
        _check_named(request.namespace, parts.limits)
        found = await parts.namespaces.named(request.namespace)
    return _described(found, parts.limits)


async def list_all(parts: Parts, request: ListNamespacesRequest) -> ListNamespacesResponse:
    after = _decoded(request.next_page_token)
    size = min(request.page_size, LIST_MAX) if request.page_size > 0 else LIST_MAX
    known = sorted(await parts.namespaces.all(), key=lambda namespace: namespace.name)
    rest = [
        namespace
        for namespace in known
        if namespace.name > after
        and (not namespace.is_deleted or request.namespace_filter.include_deleted)
    ]
    page = rest[:size]
    return ListNamespacesResponse(
        namespaces=[_described(namespace, parts.limits) for namespace in page],
        next_page_token=page[-1].name.encode() if len(rest) > size else b"",
    )


async def update(parts: Parts, request: UpdateNamespaceRequest) -> UpdateNamespaceResponse:
    _check_named(request.namespace, parts.limits)
    await parts.namespaces.named(request.namespace)
    replication = request.replication_config
    _check_clusters(replication.active_cluster_name, replication.clusters)
    if replication.state == ReplicationState.REPLICATION_STATE_HANDOVER:
        raise InvalidArgument("Handover can only be set for global namespace")
    if request.promote_namespace:
        raise InvalidArgument(
            "global namespace is not enabled on this cluster, cannot update global namespace or"
            f" promote local namespace: {request.namespace}"
        )

    if request.delete_bad_binary:
        # There are none here: workers of versions took their place.
        raise InvalidArgument(f"Bad binary checksum {request.delete_bad_binary} doesn't exists.")

    def changed(namespace: Namespace) -> Namespace:
        if request.HasField("update_info"):
            given = request.update_info
            namespace = namespace.with_changes(
                description=given.description or namespace.description,
                owner_email=given.owner_email or namespace.owner_email,
                labels={**namespace.labels, **given.data},
                state=int(given.state) or namespace.state,
            )
        if request.config.HasField("workflow_execution_retention_ttl"):
            retention = _retention(request.config.workflow_execution_retention_ttl)
            namespace = namespace.with_changes(retention_seconds=retention)
        if given_aliases := request.config.custom_search_attribute_aliases:
            namespace = aliases.upserted(namespace, given_aliases, parts.limits)
        return namespace

    found = await parts.namespaces.change(request.namespace, changed)
    return UpdateNamespaceResponse(
        namespace_info=_info(found, parts.limits),
        config=_config(found),
        replication_config=_replication(),
    )


async def deprecate(parts: Parts, request: DeprecateNamespaceRequest) -> DeprecateNamespaceResponse:
    _check_named(request.namespace, parts.limits)
    deprecated = NamespaceState.NAMESPACE_STATE_DEPRECATED
    await parts.namespaces.change(
        request.namespace, lambda namespace: namespace.with_changes(state=deprecated)
    )
    return DeprecateNamespaceResponse()


def _check_named(name: str, limits: Limits) -> None:
    if not name:
        raise InvalidArgument("Namespace not set on request.")
    checks.length("Namespace", name, limits)


def _check_clusters(active: str, clusters: Iterable[ClusterReplicationConfig]) -> None:
    """There is one."""
    for name in (active, *(cluster.cluster_name for cluster in clusters)):
        if name not in ("", CLUSTER):
            raise InvalidArgument(f"Invalid cluster name: {name}")


def _retention(given: Duration) -> int:
    seconds = given.ToNanoseconds() // SECOND
    if seconds < HOUR_SECONDS:
        raise InvalidArgument("A valid retention period is not set on request.")
    return seconds


def _decoded(token: bytes) -> str:
    try:
        return token.decode()
    except UnicodeDecodeError:
        raise InvalidArgument("Invalid NextPageToken.") from None


def _described(namespace: Namespace | None, limits: Limits) -> DescribeNamespaceResponse:
    if namespace is None:
        raise NamespaceNotFound("")
    return DescribeNamespaceResponse(
        namespace_info=_info(namespace, limits),
        config=_config(namespace),
        replication_config=_replication(),
    )


def _info(namespace: Namespace, limits: Limits) -> NamespaceInfo:
    return NamespaceInfo(
        name=namespace.name,
        id=namespace.id,
        state=namespace.state,  # type: ignore[arg-type]
        description=namespace.description,
        owner_email=namespace.owner_email,
        data=namespace.labels,
        capabilities=NamespaceInfo.Capabilities(
            eager_workflow_start=True,
            sync_update=True,
            async_update=True,
            reported_problems_search_attribute=True,
            worker_poll_complete_on_shutdown=True,
            worker_heartbeats=True,
            poller_autoscaling=True,
            standalone_activities=True,
            standalone_nexus_operation=True,
            standalone_activity_start_delay=True,
            standalone_activity_operator_commands=True,
            standalone_activity_batch_operations=True,
            workflow_pause=True,
            workflow_update_callbacks=True,
        ),
        limits=NamespaceInfo.Limits(
            blob_size_limit_error=limits.payload_bytes_max,
            memo_size_limit_error=limits.memo_bytes_max,
            workflow_task_completion_size_limit_error=limits.paged_completion_bytes_max,
        ),
        supports_schedules=True,
    )


def _config(namespace: Namespace) -> NamespaceConfig:
    config = NamespaceConfig(
        bad_binaries=BadBinaries(),
        history_archival_state=ArchivalState.ARCHIVAL_STATE_DISABLED,
        visibility_archival_state=ArchivalState.ARCHIVAL_STATE_DISABLED,
        custom_search_attribute_aliases=aliases.by_field(namespace),
    )
    config.workflow_execution_retention_ttl.seconds = namespace.retention_seconds
    return config


def _replication() -> NamespaceReplicationConfig:
    return NamespaceReplicationConfig(
        active_cluster_name=CLUSTER,
        clusters=[ClusterReplicationConfig(cluster_name=CLUSTER)],
        state=ReplicationState.REPLICATION_STATE_NORMAL,
    )
