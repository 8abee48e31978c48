"""Task queues as people see them, and workers that leave them."""

from __future__ import annotations

from collections.abc import Mapping

from google.protobuf.duration_pb2 import Duration
from temporalio.api.deployment.v1 import WorkerDeploymentVersion
from temporalio.api.enums.v1 import (
    BuildIdTaskReachability,
    DescribeTaskQueueMode,
    RateLimitSource,
    TaskQueueKind,
    TaskQueueType,
)
from temporalio.api.taskqueue.v1 import (
    PollerInfo,
    TaskIdBlock,
    TaskQueue,
    TaskQueuePartitionMetadata,
    TaskQueueStats,
    TaskQueueStatus,
    TaskQueueTypeInfo,
    TaskQueueVersionInfo,
    TaskQueueVersioningInfo,
)
from temporalio.api.workflowservice.v1 import (
    DescribeTaskQueueRequest,
    DescribeTaskQueueResponse,
    ListTaskQueuePartitionsRequest,
    ListTaskQueuePartitionsResponse,
    ShutdownWorkerRequest,
    ShutdownWorkerResponse,
)

from engine.background.deployment import Deployment
from engine.core.keys import ACTIVITY, NEXUS, WORKFLOW, QueueKey
from engine.core.priorities import DEFAULT as PRIORITY_DEFAULT
from engine.errors import InvalidArgument
from engine.frontend import checks, workers
from engine.frontend.parts import Parts
from engine.ports import PollerSeen, QueueReport
from engine.protocol import times

# What the protocol calls the version of workers that have none.
UNVERSIONED_NAME = "__unversioned__"
# A worker that sets no rate of its own is shown with this one.
RATE_UNLIMITED = 100_000.0
KINDS: Mapping[TaskQueueType.ValueType, str] = {
    TaskQueueType.TASK_QUEUE_TYPE_UNSPECIFIED: WORKFLOW,
    TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW: WORKFLOW,
    TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY: ACTIVITY,
    TaskQueueType.TASK_QUEUE_TYPE_NEXUS: NEXUS,
}
Reachability = BuildIdTaskReachability
NOTHING = QueueReport(
    pollers=(),
    waiting=(),
    added_per_second={},
    dispatched_per_second={},
    rate_max=None,
)
#: Whose tasks are for the worker that polls them, whatever its version.
_OF_ONE_WORKER = (
    TaskQueueKind.TASK_QUEUE_KIND_STICKY,
    TaskQueueKind.TASK_QUEUE_KIND_WORKER_COMMANDS,
)
ENHANCED = DescribeTaskQueueMode.DESCRIBE_TASK_QUEUE_MODE_ENHANCED


async def describe(parts: Parts, request: DescribeTaskQueueRequest) -> DescribeTaskQueueResponse:
    namespace = await parts.namespace(request.namespace)
    queue = request.task_queue
    checks.queue_of(request, parts.limits)
    if request.api_mode == ENHANCED:
        _check_whole(queue)
        return await _enhanced(parts, request, namespace.id)
    key = QueueKey(namespace.id, queue.name, _kind(request.task_queue_type))
    checks.part(queue, key.kind)
    if request.report_stats and queue.kind in _OF_ONE_WORKER:
        raise InvalidArgument("DescribeTaskQueue stats are only supported for the root partition")
    response = _response(parts, request, await parts.matching.describe(key))
    if queue.kind not in _OF_ONE_WORKER:
        response.versioning_info.CopyFrom(_routed(parts, key))
    config = parts.queue_configs.find(key)
    if request.report_config and config.ByteSize():
        response.config.CopyFrom(config)
    return response


def _kind(given: TaskQueueType.ValueType) -> str:
    if given not in KINDS:
        raise InvalidArgument("This server has no task queues of that type.")
    return KINDS[given]


def _check_whole(queue: TaskQueue) -> None:
    """All kinds of a queue at once are told of one that has them."""
    if queue.kind == TaskQueueKind.TASK_QUEUE_KIND_STICKY:
        raise InvalidArgument(
            "Enhanced DescribeTaskQueue is not valid for a sticky queue, use api_mode=UNSPECIFIED"
            " or a normal queue."
        )
    try:
        checks.part(queue, WORKFLOW)
    except InvalidArgument:
        raise InvalidArgument(
            "Task Queue Partition invalid, use a different Task Queue or Task Queue Type"
        ) from None


def _response(
    parts: Parts, request: DescribeTaskQueueRequest, report: QueueReport
) -> DescribeTaskQueueResponse:
    response = DescribeTaskQueueResponse(pollers=map(_poller, report.pollers))
    rate = RATE_UNLIMITED if report.rate_max is None else report.rate_max
    response.effective_rate_limit.requests_per_second = rate
    response.effective_rate_limit.rate_limit_source = _rate_source(report)
    if request.report_stats:
        response.stats.CopyFrom(stats(parts, report))
        for priority, shown in _by_priority(parts, report).items():
            response.stats_by_priority_key[priority].CopyFrom(shown)
    if request.include_task_queue_status:
        # Ids of tasks mean nothing here: the block is there for those who expect one.
        response.task_queue_status.CopyFrom(
            TaskQueueStatus(
                backlog_count_hint=backlog(report),
                rate_per_second=rate,
                task_id_block=TaskIdBlock(),
            )
        )
    return response


def _rate_source(report: QueueReport) -> RateLimitSource.ValueType:
    if report.is_rate_set:
        return RateLimitSource.RATE_LIMIT_SOURCE_API
    if report.rate_max is None:
        return RateLimitSource.RATE_LIMIT_SOURCE_SYSTEM
    return RateLimitSource.RATE_LIMIT_SOURCE_WORKER


def _routed(parts: Parts, key: QueueKey) -> TaskQueueVersioningInfo:
    """Whose workers have what is pinned to no version."""
    route = parts.deployments.route_of(key)
    shown = TaskQueueVersioningInfo(current_version=old_name(route.current))
    changed_at = 0
    if current := _deployment(parts, key, route.current):
        shown.current_deployment_version.CopyFrom(_version(route.current))
        changed_at = current.current_at
    if route.ramp is not None:
        shown.ramping_version = old_name(route.ramp)
        shown.ramping_version_percentage = route.percentage
        ramping = current
        if route.ramp:
            shown.ramping_deployment_version.CopyFrom(_version(route.ramp))
            ramping = _deployment(parts, key, route.ramp)
        changed_at = max(changed_at, ramping.ramp_percentage_at if ramping else 0)
    if changed_at:
        shown.update_time.FromNanoseconds(changed_at)
    return shown


def old_name(version: str) -> str:
    """As the protocol wrote the name of a version before it had a message for it."""
    return version.replace(":", ".", 1) if version else UNVERSIONED_NAME


def _version(version: str) -> WorkerDeploymentVersion:
    name, _, build_id = version.partition(":")
    return WorkerDeploymentVersion(deployment_name=name, build_id=build_id)


def _deployment(parts: Parts, key: QueueKey, version: str) -> Deployment | None:
    return parts.deployments.find(key.namespace_id, version.partition(":")[0]) if version else None


async def _enhanced(
    parts: Parts, request: DescribeTaskQueueRequest, namespace_id: str
) -> DescribeTaskQueueResponse:
    """All kinds of the queue at once; the builds that rules would know have none of its tasks."""
    kinds = request.task_queue_types or (
        TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW,
        TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY,
    )
    name = request.task_queue.name
    reports = {
        kind: await parts.matching.describe(QueueKey(namespace_id, name, _kind(kind)))
        for kind in kinds
    }
    response = DescribeTaskQueueResponse()
    for build_id in request.versions.build_ids:
        nothing = dict.fromkeys(kinds, NOTHING)
        response.versions_info[build_id].CopyFrom(_version_info(parts, request, nothing))
        if request.report_task_reachability:
            response.versions_info[
                build_id
            ].task_reachability = Reachability.BUILD_ID_TASK_REACHABILITY_UNREACHABLE
    if _has_unversioned(request, reports):
        response.versions_info[""].CopyFrom(_version_info(parts, request, reports))
        if request.report_task_reachability:
            response.versions_info[
                ""
            ].task_reachability = Reachability.BUILD_ID_TASK_REACHABILITY_REACHABLE
    return response


def _has_unversioned(
    request: DescribeTaskQueueRequest, reports: Mapping[TaskQueueType.ValueType, QueueReport]
) -> bool:
    """It is meant where nothing else is; `all_active` means it where somebody uses it."""
    selected = request.versions
    is_active = any(report.pollers or report.waiting for report in reports.values())
    nothing_selected = not (selected.build_ids or selected.all_active)
    return selected.unversioned or nothing_selected or (selected.all_active and is_active)


def _version_info(
    parts: Parts,
    request: DescribeTaskQueueRequest,
    reports: Mapping[TaskQueueType.ValueType, QueueReport],
) -> TaskQueueVersionInfo:
    version = TaskQueueVersionInfo()
    for kind, report in reports.items():
        shown = TaskQueueTypeInfo()
        if request.report_pollers:
            shown.pollers.extend(map(_poller, report.pollers))
        if request.report_stats:
            shown.stats.CopyFrom(stats(parts, report))
        version.types_info[kind].CopyFrom(shown)
    return version


async def partitions(
    parts: Parts, request: ListTaskQueuePartitionsRequest
) -> ListTaskQueuePartitionsResponse:
    """A queue has one, on the node that it belongs on."""
    namespace = await parts.namespace(request.namespace)
    name = request.task_queue.name
    checks.queue_of(request, parts.limits)
    checks.part(request.task_queue, WORKFLOW)
    node = f"{parts.config.host}:{parts.config.port}"
    if parts.cluster is not None:
        node = parts.cluster.of_queue(QueueKey(namespace.id, name, WORKFLOW))
    only = TaskQueuePartitionMetadata(key=name, owner_host_name=node)
    return ListTaskQueuePartitionsResponse(
        activity_task_queue_partitions=[only], workflow_task_queue_partitions=[only]
    )


def _poller(seen: PollerSeen) -> PollerInfo:
    poller = seen.poller
    return PollerInfo(
        last_access_time=times.timestamp(seen.at),
        identity=poller.identity,
        rate_per_second=RATE_UNLIMITED if poller.rate_max is None else poller.rate_max,
        worker_version_capabilities=poller.versions,
        deployment_options=poller.deployment,
    )


def backlog(report: QueueReport) -> int:
    return sum(each.count for each in report.waiting)


def stats(parts: Parts, report: QueueReport) -> TaskQueueStats:
    oldest_at = min((each.oldest_at for each in report.waiting), default=0)
    return TaskQueueStats(
        approximate_backlog_count=backlog(report),
        approximate_backlog_age=_age(parts, oldest_at),
        tasks_add_rate=sum(report.added_per_second.values()),
        tasks_dispatch_rate=sum(report.dispatched_per_second.values()),
        rate_limiting_active=report.is_limiting,
    )


def _age(parts: Parts, since: int) -> Duration:
    return times.duration(max(0, parts.clock.now() - since) if since else 0)


def _by_priority(parts: Parts, report: QueueReport) -> dict[int, TaskQueueStats]:
    """The default priority is told of in any case."""
    waiting = {each.priority: each for each in report.waiting}
    known = {PRIORITY_DEFAULT} | waiting.keys() | report.added_per_second.keys()
    return {
        priority: TaskQueueStats(
            approximate_backlog_count=waiting[priority].count if priority in waiting else 0,
            approximate_backlog_age=_age(
                parts, waiting[priority].oldest_at if priority in waiting else 0
            ),
            tasks_add_rate=report.added_per_second.get(priority, 0),
            tasks_dispatch_rate=report.dispatched_per_second.get(priority, 0),
        )
        for priority in known | report.dispatched_per_second.keys()
    }


async def shut_down_worker(parts: Parts, request: ShutdownWorkerRequest) -> ShutdownWorkerResponse:
    """Its waiting polls end with nothing, and its sticky tasks go where others see them."""
    namespace = await parts.namespace(request.namespace)
    checks.length("Identity", request.identity, parts.limits)
    if request.HasField("worker_heartbeat"):
        workers.take(parts, namespace.id, [request.worker_heartbeat])
    if request.worker_instance_key:
        parts.matching.end_polls(namespace.id, request.worker_instance_key)
    if request.sticky_task_queue:
        parts.matching.leave(QueueKey(namespace.id, request.sticky_task_queue, WORKFLOW))
    return ShutdownWorkerResponse()
