"""Typed calls on task queues: who polls, what waits."""

from collections import Counter
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from temporalio.api.deployment.v1 import WorkerDeploymentOptions, WorkerDeploymentVersion
from temporalio.api.enums.v1 import DescribeTaskQueueMode, WorkerVersioningMode
from temporalio.api.taskqueue.v1 import (
    PollerInfo,
    TaskQueue,
    TaskQueueStats,
    TaskQueueTypeInfo,
)
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest, DescribeTaskQueueResponse

from console.gateway import admin, counting, namespaces, payloads, queue_limits, workflows
from console.gateway.channel import GatewayError, Trouble, call, workflow_service
from console.gateway.counting import Answer
from console.gateway.queue_limits import NO_LIMITS, TYPES, Limits
from console.gateway.runs import WorkerVersion

HALVES = ("workflow", "activity")
SAMPLE = 500


@dataclass(frozen=True, slots=True)
class Poller:
    identity: str
    last_seen_at: datetime | None
    build: str
    #: None for a worker that the server does not route by its version
    version: WorkerVersion | None = None


@dataclass(frozen=True, slots=True)
class Backlog:
    """What of one priority waits; 1 goes first."""

    priority: int
    count: int
    age: timedelta | None


@dataclass(frozen=True, slots=True)
class Side:
    """One kind of a queue's tasks: those of workflows, of activities, or of Nexus operations."""

    pollers: tuple[Poller, ...]
    backlog: int
    backlog_age: timedelta | None
    added_per_second: float
    dispatched_per_second: float
    #: whose workers have what is pinned to no version; None for those without one
    current: WorkerVersion | None = None
    #: a share of it goes to another version
    ramps: bool = False
    limits: Limits = NO_LIMITS
    by_priority: tuple[Backlog, ...] = ()


@dataclass(frozen=True, slots=True)
class Queue:
    name: str
    workflow: Side
    activity: Side


def of_running(namespace: str) -> Counter[str]:
    return counted(namespace).found


def counted(namespace: str) -> Answer[Counter[str]]:
    """How many running workflows name each queue, and when that was asked.

    One grouped count where the server can; else the newest open runs stand for all.
    """
    try:
        found = counting.count(namespace, "ExecutionStatus = 'Running' GROUP BY TaskQueue")
        groups = found.counts.groups
        return Answer(Counter({str(one.values[0]): one.count for one in groups}), found.at)
    except GatewayError as error:
        if error.trouble is not Trouble.INVALID:
            raise

    def ask() -> Counter[str]:
        page = workflows.find(namespace, "ExecutionStatus = 'Running'", SAMPLE)
        return Counter(run.task_queue for run in page.runs)

    return counting.once(namespace, f"queues of the newest {SAMPLE} open runs", ask)


def of_activities(namespace: str) -> tuple[str, ...] | None:
    """The queues where activity tasks wait, or were polled for lately; None: only ours can tell."""

    def ask() -> tuple[str, ...]:
        return tuple(admin.ask("ListActivityQueues", namespace=namespace).get("names", ()))

    try:
        return counting.once(namespace, "queues of activities", ask).found
    except GatewayError as error:
        if error.trouble is not Trouble.UNSUPPORTED:
            raise
        return None


def describe(namespace: str, name: str) -> Queue:
    return Queue(name, *(side(namespace, name, kind) for kind in HALVES))


def glance(namespace: str, name: str) -> Queue:
    """Both halves by one call, without the word whose workers have what is pinned to no version.

    Another server leaves the pollers of versions out of such an answer: it is asked for each half.
    """
    if not namespaces.attributes(namespace).ours:
        return describe(namespace, name)
    answer = call(
        workflow_service().DescribeTaskQueue,
        DescribeTaskQueueRequest(
            namespace=namespace,
            task_queue=TaskQueue(name=name),
            api_mode=DescribeTaskQueueMode.DESCRIBE_TASK_QUEUE_MODE_ENHANCED,
            task_queue_types=[TYPES[kind] for kind in HALVES],
            report_stats=True,
            report_pollers=True,
        ),
    )
    sides = answer.versions_info[""].types_info
    return Queue(name, *(_half(sides[TYPES[kind]]) for kind in HALVES))


def side(namespace: str, name: str, kind: str) -> Side:
    """With what is set of it, and its backlog by priority."""
    answer = call(
        workflow_service().DescribeTaskQueue,
        DescribeTaskQueueRequest(
            namespace=namespace,
            task_queue=TaskQueue(name=name),
            task_queue_type=TYPES[kind],
            report_stats=True,
            report_config=True,
        ),
    )
    return replace(
        _half(answer),
        current=_version(answer.versioning_info.current_deployment_version),
        ramps=answer.versioning_info.ramping_version_percentage > 0,
        limits=queue_limits.told(answer),
        by_priority=tuple(
            _backlog(key, told) for key, told in sorted(answer.stats_by_priority_key.items())
        ),
    )


def _backlog(priority: int, told: TaskQueueStats) -> Backlog:
    age = payloads.span(told.approximate_backlog_age)
    return Backlog(priority, told.approximate_backlog_count, age)


def _half(told: DescribeTaskQueueResponse | TaskQueueTypeInfo) -> Side:
    return Side(
        pollers=tuple(_poller(one) for one in told.pollers),
        backlog=told.stats.approximate_backlog_count,
        backlog_age=payloads.span(told.stats.approximate_backlog_age),
        added_per_second=told.stats.tasks_add_rate,
        dispatched_per_second=told.stats.tasks_dispatch_rate,
    )


def _poller(info: PollerInfo) -> Poller:
    build = info.deployment_options.build_id or info.worker_version_capabilities.build_id
    options = info.deployment_options
    routed = options.worker_versioning_mode == WorkerVersioningMode.WORKER_VERSIONING_MODE_VERSIONED
    version = _version(options) if routed else None
    return Poller(info.identity, payloads.moment(info.last_access_time), build, version)


def _version(given: WorkerDeploymentVersion | WorkerDeploymentOptions) -> WorkerVersion | None:
    return WorkerVersion(given.deployment_name, given.build_id) if given.build_id else None
