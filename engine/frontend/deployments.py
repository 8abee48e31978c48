"""Worker deployments: how they come to be, and what they are; `deployment_changes` has the rest."""

from __future__ import annotations

from typing import Any, Never

from temporalio.api.deployment.v1 import (
    WorkerDeploymentInfo,
    WorkerDeploymentOptions,
    WorkerDeploymentVersionInfo,
)
from temporalio.api.enums.v1 import (
    ResourceExhaustedCause,
    ResourceExhaustedScope,
    RoutingConfigUpdateState,
    TaskQueueType,
    WorkerVersioningMode,
)
from temporalio.api.workflowservice.v1 import (
    DescribeWorkerDeploymentRequest,
    DescribeWorkerDeploymentResponse,
    DescribeWorkerDeploymentVersionRequest,
    DescribeWorkerDeploymentVersionResponse,
    ListWorkerDeploymentsRequest,
    ListWorkerDeploymentsResponse,
)

from engine.background.deployment import Deployment
from engine.core.keys import WORKFLOW, QueueKey, version_name, version_queue
from engine.errors import InvalidArgument, NotFound, ResourceExhausted
from engine.frontend import checks, deployment_rows, task_queues, visibility
from engine.frontend.parts import Parts
from engine.protocol import times
from search.query.errors import QueryError, SearchUnavailable

VERSIONED = WorkerVersioningMode.WORKER_VERSIONING_MODE_VERSIONED
NAME_CHARACTERS_MAX = 255
VERSIONS_MAX = 100
PAGE_ROWS_MAX = 100
_COMPLETED = RoutingConfigUpdateState.ROUTING_CONFIG_UPDATE_STATE_COMPLETED
NO_VERSION = "Worker Deployment Version not found"


async def register(parts: Parts, queue: QueueKey, options: WorkerDeploymentOptions) -> None:
    """A worker of a version makes it known by polling."""
    if options.worker_versioning_mode != VERSIONED:
        return
    name, build_id = options.deployment_name, options.build_id
    found = parts.deployments.find(queue.namespace_id, name)
    if found is None or build_id not in found.versions:
        check_new(name)
        check_name("build ID", build_id)
        check_own_name("deployment name", name)
        check_own_name("build ID", build_id)
        if found is not None:
            check_room(found)
    await parts.deployments.register(queue, name, build_id)


def check_new(name: str) -> None:
    check_name("deployment name", name)
    for sign in ".:":
        if sign in name:
            raise InvalidArgument(f"worker deployment name cannot contain '{sign}'")


def check_own_name(what: str, given: str) -> None:
    """Of a version that a worker makes known: what begins so is the server's own."""
    if given.startswith("__"):
        raise InvalidArgument(f"{_SIZED[what]} cannot start with '__'")


def check_room(found: Deployment) -> None:
    if len(found.versions) >= VERSIONS_MAX:
        raise ResourceExhausted(
            f"deployment {found.name} has {VERSIONS_MAX} versions: delete some that are drained",
            cause=ResourceExhaustedCause.RESOURCE_EXHAUSTED_CAUSE_WORKER_DEPLOYMENT_LIMITS,
            scope=ResourceExhaustedScope.RESOURCE_EXHAUSTED_SCOPE_NAMESPACE,
        )


#: What is named, and what it is called where it is too long.
_SIZED = {
    "WorkerDeploymentName": "WorkerDeploymentName",
    "deployment name": "WorkerDeploymentName",
    "build ID": "BuildID",
}


def check_name(what: str, given: str) -> None:
    if not given:
        raise InvalidArgument(f"{what} cannot be empty")
    checks.without_nul(what, given)
    if len(given) > NAME_CHARACTERS_MAX:
        raise InvalidArgument(f"size of {_SIZED[what]} larger than the maximum allowed")


async def named(parts: Parts, namespace: str, name: str) -> Deployment:
    namespace_id = (await parts.namespace(namespace)).id
    check_name("WorkerDeploymentName", name)
    found = parts.deployments.find(namespace_id, name)
    if found is None:
        unknown(name)
    return found


def whole(request: Any) -> tuple[str, str]:
    """As `wanted`, of a version that there can be."""
    name, build_id = wanted(request)
    if not (name and build_id):
        said = f"{name}.{build_id}" if request.HasField("deployment_version") else request.version
        raise InvalidArgument(
            f'invalid version string "{said}", expected format is "<deployment_name>.<build_id>"'
        )
    check_name("WorkerDeploymentName", name)
    check_name("build ID", build_id)
    return name, build_id


def unknown(name: str) -> Never:
    raise NotFound(
        f"no Worker Deployment found with name '{name}'; does your Worker Deployment have pollers?"
    )


def wanted(request: Any) -> tuple[str, str]:
    """The deployment and build that a request names, in the newer or the older way."""
    if request.HasField("deployment_version"):
        wanted = request.deployment_version
        return wanted.deployment_name, wanted.build_id
    if not request.version:
        raise InvalidArgument("deployment version cannot be empty")
    name, _, build_id = request.version.partition(".")
    return name, build_id


async def describe(
    parts: Parts, request: DescribeWorkerDeploymentRequest
) -> DescribeWorkerDeploymentResponse:
    found = await named(parts, request.namespace, request.deployment_name)
    found = await looked_at(parts, request.namespace, found)
    newest = sorted(found.versions.values(), key=lambda each: -each.created_at)
    info = WorkerDeploymentInfo(
        name=found.name,
        version_summaries=[deployment_rows.summary(parts, found, version) for version in newest],
        create_time=times.timestamp(found.created_at),
        routing_config=deployment_rows.routing(found),
        last_modifier_identity=found.modified_by,
        manager_identity=found.manager,
        routing_config_update_state=_COMPLETED,
    )
    return DescribeWorkerDeploymentResponse(
        conflict_token=deployment_rows.token(found), worker_deployment_info=info
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
            routing_config=deployment_rows.routing(each),
        )
        if each.versions:
            newest = max(each.versions.values(), key=lambda version: version.created_at)
            entry.latest_version_summary.CopyFrom(deployment_rows.summary(parts, each, newest))
        if current := each.versions.get(each.current):
            entry.current_version_summary.CopyFrom(deployment_rows.summary(parts, each, current))
        if ramping := each.versions.get(each.ramping or ""):
            entry.ramping_version_summary.CopyFrom(deployment_rows.summary(parts, each, ramping))
    if len(found) > size:
        response.next_page_token = found[size - 1].name.encode()
    return response


async def describe_version(
    parts: Parts, request: DescribeWorkerDeploymentVersionRequest
) -> DescribeWorkerDeploymentVersionResponse:
    namespace = await parts.namespace(request.namespace)
    name, build_id = whole(request)
    found = parts.deployments.find(namespace.id, name)
    if found is None or build_id not in found.versions:
        raise NotFound(NO_VERSION)
    found = await looked_at(parts, request.namespace, found, build_id)
    version = found.versions[build_id]
    summary = deployment_rows.summary(parts, found, version)
    info = WorkerDeploymentVersionInfo(
        version=summary.version,
        status=summary.status,
        deployment_version=summary.deployment_version,
        create_time=summary.create_time,
        routing_changed_time=times.timestamp(version.routed_at),
        current_since_time=times.timestamp(version.current_at),
        ramping_since_time=times.timestamp(version.ramping_at),
        ramp_percentage=found.ramp_percentage if version.ramping_at else 0.0,
        drainage_info=summary.drainage_info if summary.HasField("drainage_info") else None,
        metadata=deployment_rows.metadata(version) if version.metadata else None,
        last_modifier_identity=version.modified_by,
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


async def looked_at(
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
        f" AND TemporalWorkflowVersioningBehavior = 'Pinned' AND {visibility.OPEN}"
    )
    try:
        return await parts.reader.count(known.id, query, known.custom)
    except (QueryError, SearchUnavailable) as trouble:
        raise visibility.refused(trouble) from trouble
