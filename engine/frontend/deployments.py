"""Worker deployments: what they are, and which version the tasks of their queues go to."""

from __future__ import annotations

from typing import Any, Never

from temporalio.api.deployment.v1 import (
    RoutingConfig,
    VersionDrainageInfo,
    WorkerDeploymentInfo,
    WorkerDeploymentOptions,
    WorkerDeploymentVersion,
    WorkerDeploymentVersionInfo,
)
from temporalio.api.enums.v1 import (
    ResourceExhaustedCause,
    ResourceExhaustedScope,
    RoutingConfigUpdateState,
    TaskQueueType,
    VersionDrainageStatus,
    WorkerDeploymentVersionStatus,
    WorkerVersioningMode,
)
from temporalio.api.workflowservice.v1 import (
    DeleteWorkerDeploymentRequest,
    DeleteWorkerDeploymentResponse,
    DeleteWorkerDeploymentVersionRequest,
    DeleteWorkerDeploymentVersionResponse,
    DescribeWorkerDeploymentRequest,
    DescribeWorkerDeploymentResponse,
    DescribeWorkerDeploymentVersionRequest,
    DescribeWorkerDeploymentVersionResponse,
    ListWorkerDeploymentsRequest,
    ListWorkerDeploymentsResponse,
    SetWorkerDeploymentCurrentVersionRequest,
    SetWorkerDeploymentCurrentVersionResponse,
)

from engine.background.deployments import Deployment, Version
from engine.core.keys import WORKFLOW, QueueKey, version_name, version_queue
from engine.errors import FailedPrecondition, InvalidArgument, NotFound, ResourceExhausted
from engine.frontend import checks, task_queues, visibility
from engine.frontend.parts import Parts
from engine.protocol import times
from search.query.errors import QueryError, SearchUnavailable

Summary = WorkerDeploymentInfo.WorkerDeploymentVersionSummary
VERSIONED = WorkerVersioningMode.WORKER_VERSIONING_MODE_VERSIONED
NAME_CHARACTERS_MAX = 255
VERSIONS_MAX = 100
PAGE_ROWS_MAX = 100
_COMPLETED = RoutingConfigUpdateState.ROUTING_CONFIG_UPDATE_STATE_COMPLETED
_DRAINING = VersionDrainageStatus.VERSION_DRAINAGE_STATUS_DRAINING
_DRAINED = VersionDrainageStatus.VERSION_DRAINAGE_STATUS_DRAINED
_NO_VERSION = "Worker Deployment Version not found"


def version_of(options: WorkerDeploymentOptions) -> str:
    """The version that a worker works for; empty for none."""
    if options.worker_versioning_mode != VERSIONED:
        return ""
    return version_name(options.deployment_name, options.build_id)


async def register(parts: Parts, queue: QueueKey, options: WorkerDeploymentOptions) -> None:
    """A worker of a version makes it known by polling."""
    if options.worker_versioning_mode != VERSIONED:
        return
    name, build_id = options.deployment_name, options.build_id
    found = parts.deployments.find(queue.namespace_id, name)
    if found is None or build_id not in found.versions:
        _check_name("deployment name", name)
        _check_name("build ID", build_id)
        if ":" in name or "." in name:
            raise InvalidArgument("worker deployment name cannot contain '.' or ':'")
        if found is not None and len(found.versions) >= VERSIONS_MAX:
            raise ResourceExhausted(
                f"deployment {name} has {VERSIONS_MAX} versions: delete some that are drained",
                cause=ResourceExhaustedCause.RESOURCE_EXHAUSTED_CAUSE_WORKER_DEPLOYMENT_LIMITS,
                scope=ResourceExhaustedScope.RESOURCE_EXHAUSTED_SCOPE_NAMESPACE,
            )
    await parts.deployments.register(queue, name, build_id)


def _check_name(what: str, given: str) -> None:
    if not given:
        raise InvalidArgument(f"{what} cannot be empty")
    checks.without_nul(what, given)
    if len(given) > NAME_CHARACTERS_MAX:
        raise InvalidArgument(f"{what} exceeds {NAME_CHARACTERS_MAX} characters")


async def _deployment(parts: Parts, namespace: str, name: str) -> Deployment:
    namespace_id = (await parts.namespace(namespace)).id
    if not name:
        raise InvalidArgument("WorkerDeploymentName cannot be empty")
    found = parts.deployments.find(namespace_id, name)
    if found is None:
        _unknown(name)
    return found


def _unknown(name: str) -> Never:
    raise NotFound(
        f"no Worker Deployment found with name '{name}'; does your Worker Deployment have pollers?"
    )


def _wanted(request: Any) -> tuple[str, str]:
    """The deployment and build that a request names, in the newer or the older way."""
    if request.deployment_version.ByteSize():
        wanted = request.deployment_version
        return wanted.deployment_name, wanted.build_id
    if not request.version:
        raise InvalidArgument("deployment version cannot be empty")
    name, _, build_id = request.version.partition(".")
    return name, build_id


async def describe(
    parts: Parts, request: DescribeWorkerDeploymentRequest
) -> DescribeWorkerDeploymentResponse:
    found = await _deployment(parts, request.namespace, request.deployment_name)
    found = await _looked_at(parts, request.namespace, found)
    newest = sorted(found.versions.values(), key=lambda each: -each.created_at)
    info = WorkerDeploymentInfo(
        name=found.name,
        version_summaries=[_summary(parts, found, version) for version in newest],
        create_time=times.timestamp(found.created_at),
        routing_config=_routing(found),
        last_modifier_identity=found.modified_by,
        routing_config_update_state=_COMPLETED,
    )
    return DescribeWorkerDeploymentResponse(
        conflict_token=_token(found), worker_deployment_info=info
    )


async def list_all(
    parts: Parts, request: ListWorkerDeploymentsRequest
) -> ListWorkerDeploymentsResponse:
    """By name. Drainage is as it was last looked at."""
    namespace = await parts.namespace(request.namespace)
    size = request.page_size if 0 < request.page_size < PAGE_ROWS_MAX else PAGE_ROWS_MAX
    after = request.next_page_token.decode(errors="replace")
    found = [each for each in parts.deployments.of_namespace(namespace.id) if each.name > after]
    response = ListWorkerDeploymentsResponse()
    for each in found[:size]:
        entry = response.worker_deployments.add(
            name=each.name,
            create_time=times.timestamp(each.created_at),
            routing_config=_routing(each),
        )
        if each.versions:
            newest = max(each.versions.values(), key=lambda version: version.created_at)
            entry.latest_version_summary.CopyFrom(_summary(parts, each, newest))
        if current := each.versions.get(each.current):
            entry.current_version_summary.CopyFrom(_summary(parts, each, current))
    if len(found) > size:
        response.next_page_token = found[size - 1].name.encode()
    return response


async def describe_version(
    parts: Parts, request: DescribeWorkerDeploymentVersionRequest
) -> DescribeWorkerDeploymentVersionResponse:
    name, build_id = _wanted(request)
    namespace = await parts.namespace(request.namespace)
    found = parts.deployments.find(namespace.id, name)
    if found is None or build_id not in found.versions:
        raise NotFound(_NO_VERSION)
    found = await _looked_at(parts, request.namespace, found, build_id)
    version = found.versions[build_id]
    summary = _summary(parts, found, version)
    info = WorkerDeploymentVersionInfo(
        version=summary.version,
        status=summary.status,
        deployment_version=summary.deployment_version,
        create_time=summary.create_time,
        routing_changed_time=summary.routing_update_time,
        current_since_time=summary.current_since_time,
        drainage_info=summary.drainage_info if summary.HasField("drainage_info") else None,
    )
    response = DescribeWorkerDeploymentVersionResponse()
    for queue, kind in version.queues:
        number = _kind(kind)
        info.task_queue_infos.add(name=queue, type=number)
        shown = response.version_task_queues.add(name=queue, type=number)
        if request.report_task_queue_stats and parts.cluster is None:
            key = QueueKey(namespace.id, queue, kind)
            own = version_queue(queue, version_name(name, build_id))
            asked = key if found.current == build_id else key._replace(name=own)
            report = await parts.matching.describe(asked)
            shown.stats.CopyFrom(task_queues.stats(parts, report))
    response.worker_deployment_version_info.CopyFrom(info)
    return response


def _kind(kind: str) -> TaskQueueType.ValueType:
    if kind == WORKFLOW:
        return TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW
    return TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY


async def set_current(
    parts: Parts, request: SetWorkerDeploymentCurrentVersionRequest
) -> SetWorkerDeploymentCurrentVersionResponse:
    found = await _deployment(parts, request.namespace, request.deployment_name)
    build_id = request.build_id or _older_build_id(request)

    def check(now: Deployment) -> None:
        if request.conflict_token and request.conflict_token != _token(now):
            raise FailedPrecondition("conflict token mismatch")
        if build_id and build_id not in now.versions:
            raise NotFound(f"build ID '{build_id}' not found in Worker Deployment '{now.name}'")
        if build_id and not request.ignore_missing_task_queues:
            _check_queues(now, build_id)

    before = await parts.deployments.set_current(
        found.namespace_id, found.name, build_id, request.identity, check
    )
    after = parts.deployments.find(found.namespace_id, found.name)
    if before is None or after is None:
        _unknown(found.name)
    response = SetWorkerDeploymentCurrentVersionResponse(
        conflict_token=_token(after), previous_version=_old_name(before, before.current)
    )
    if before.current:
        response.previous_deployment_version.CopyFrom(_version(before, before.current))
    return response


def _older_build_id(request: SetWorkerDeploymentCurrentVersionRequest) -> str:
    if request.version in ("", task_queues.UNVERSIONED_NAME):
        return ""
    return request.version.partition(".")[2]


def _check_queues(now: Deployment, build_id: str) -> None:
    """A queue of the version before that this one's workers do not poll would be left alone."""
    before = now.versions.get(now.current)
    if before is not None and set(before.queues) - set(now.versions[build_id].queues):
        raise FailedPrecondition(
            f"proposed current version '{version_name(now.name, build_id)}' is missing active task "
            "queues from the current version; these would become unversioned if it is set as the "
            "current version"
        )


async def delete_version(
    parts: Parts, request: DeleteWorkerDeploymentVersionRequest
) -> DeleteWorkerDeploymentVersionResponse:
    name, build_id = _wanted(request)
    found = await _deployment(parts, request.namespace, name)
    if build_id not in found.versions:
        raise NotFound(_NO_VERSION)
    found = await _looked_at(parts, request.namespace, found, build_id)
    has_pollers = await _has_pollers(parts, found, found.versions[build_id])
    shown = f"version '{version_name(name, build_id)}' cannot be deleted since it"

    def without(now: Deployment) -> Deployment:
        version = now.versions.get(build_id)
        if version is None:
            return now
        if now.current == build_id:
            raise FailedPrecondition(f"{shown} is current or ramping")
        if version.is_draining and not request.skip_drainage:
            raise FailedPrecondition(f"{shown} is draining")
        if has_pollers:
            raise FailedPrecondition(f"{shown} has active pollers")
        left = {build: each for build, each in now.versions.items() if build != build_id}
        return now.with_changes(
            versions=left, changed_at=parts.clock.now(), modified_by=request.identity
        )

    await parts.deployments.change(found.namespace_id, name, without)
    return DeleteWorkerDeploymentVersionResponse()


async def _has_pollers(parts: Parts, found: Deployment, version: Version) -> bool:
    shown = version_name(found.name, version.build_id)
    for queue, kind in version.queues:
        own = QueueKey(found.namespace_id, version_queue(queue, shown), kind)
        if (await parts.matching.attendance(own)).has_pollers:
            return True
    return False


async def delete(
    parts: Parts, request: DeleteWorkerDeploymentRequest
) -> DeleteWorkerDeploymentResponse:
    """One that there is not is deleted already."""
    namespace_id = (await parts.namespace(request.namespace)).id
    _check_name("WorkerDeploymentName", request.deployment_name)

    def nothing(now: Deployment) -> None:
        if now.versions:
            raise FailedPrecondition("deployment has versions, can't be deleted")

    await parts.deployments.change(namespace_id, request.deployment_name, nothing)
    return DeleteWorkerDeploymentResponse()


async def _looked_at(
    parts: Parts, namespace: str, found: Deployment, build_id: str | None = None
) -> Deployment:
    """Drainage is looked at when somebody asks: drained is what no open run is pinned to."""
    for version in list(found.versions.values()):
        is_asked = build_id in (None, version.build_id)
        shown = version_name(found.name, version.build_id)
        if version.is_draining and is_asked and not await _open_pinned(parts, namespace, shown):
            await parts.deployments.drained(found, version.build_id)
    return parts.deployments.find(found.namespace_id, found.name) or found


async def _open_pinned(parts: Parts, namespace: str, version: str) -> int:
    known = await parts.namespace(namespace)
    query = (
        f"TemporalWorkerDeploymentVersion = {visibility.quoted(version)}"
        " AND TemporalWorkflowVersioningBehavior = 'Pinned' AND ExecutionStatus = 'Running'"
    )
    try:
        return await parts.reader.count(known.id, query, known.custom)
    except (QueryError, SearchUnavailable) as trouble:
        raise visibility.refused(trouble) from trouble


def _routing(found: Deployment) -> RoutingConfig:
    routing = RoutingConfig(
        current_version=_old_name(found, found.current), revision_number=found.revision
    )
    if found.current:
        routing.current_deployment_version.CopyFrom(_version(found, found.current))
    if found.current_at:
        routing.current_version_changed_time.FromNanoseconds(found.current_at)
    return routing


def _version(found: Deployment, build_id: str) -> WorkerDeploymentVersion:
    return WorkerDeploymentVersion(deployment_name=found.name, build_id=build_id)


def _old_name(found: Deployment, build_id: str) -> str:
    return f"{found.name}.{build_id}" if build_id else task_queues.UNVERSIONED_NAME


def _summary(parts: Parts, found: Deployment, version: Version) -> Summary:
    summary = Summary(
        version=_old_name(found, version.build_id),
        status=_status(version),
        deployment_version=_version(found, version.build_id),
        create_time=times.timestamp(version.created_at),
        current_since_time=times.timestamp(version.current_at),
        routing_update_time=times.timestamp(version.routed_at),
        first_activation_time=times.timestamp(version.activated_at),
        last_current_time=times.timestamp(version.last_current_at),
        last_deactivation_time=times.timestamp(version.deactivated_at),
    )
    if version.deactivated_at and not version.current_at:
        drainage = VersionDrainageInfo(
            status=_DRAINED if version.drained_at else _DRAINING,
            last_changed_time=times.timestamp(version.drained_at or version.deactivated_at),
            last_checked_time=times.timestamp(version.drained_at or parts.clock.now()),
        )
        summary.drainage_info.CopyFrom(drainage)
        summary.drainage_status = drainage.status
    return summary


def _status(version: Version) -> WorkerDeploymentVersionStatus.ValueType:
    if version.current_at:
        return WorkerDeploymentVersionStatus.WORKER_DEPLOYMENT_VERSION_STATUS_CURRENT
    if not version.activated_at:
        return WorkerDeploymentVersionStatus.WORKER_DEPLOYMENT_VERSION_STATUS_INACTIVE
    if version.drained_at:
        return WorkerDeploymentVersionStatus.WORKER_DEPLOYMENT_VERSION_STATUS_DRAINED
    return WorkerDeploymentVersionStatus.WORKER_DEPLOYMENT_VERSION_STATUS_DRAINING


def _token(found: Deployment) -> bytes:
    return found.changed_at.to_bytes(8, "big")
