"""Typed calls on worker deployments: versions of workers, and which of them gets what."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from temporalio.api.deployment.v1 import WorkerDeploymentVersion
from temporalio.api.enums.v1 import (
    TaskQueueType,
    VersionDrainageStatus,
    WorkerDeploymentVersionStatus,
)
from temporalio.api.workflowservice.v1 import (
    DeleteWorkerDeploymentVersionRequest,
    DescribeWorkerDeploymentRequest,
    DescribeWorkerDeploymentVersionRequest,
    ListWorkerDeploymentsRequest,
    SetWorkerDeploymentCurrentVersionRequest,
    SetWorkerDeploymentRampingVersionRequest,
)

from console.gateway import payloads
from console.gateway.channel import call, workflow_service

VERSIONS_MAX = 200


@dataclass(frozen=True, slots=True)
class Routing:
    """Build ids; `current` is empty while new runs go to workers without a version.

    `ramping` is None where nothing ramps, and empty where workers without a version do.
    """

    current: str
    current_since: datetime | None
    ramping: str | None
    percent: float
    ramping_since: datetime | None


@dataclass(frozen=True, slots=True)
class Deployment:
    name: str
    created_at: datetime | None
    routing: Routing
    latest: str


@dataclass(frozen=True, slots=True)
class Version:
    """`status` and `drainage` are the protocol's words without their prefix."""

    build_id: str
    status: str
    created_at: datetime | None
    routed_at: datetime | None
    drainage: str
    drainage_checked_at: datetime | None


@dataclass(frozen=True, slots=True)
class DeploymentDetail:
    """`token` says which state this is: a change of an older one is refused."""

    name: str
    created_at: datetime | None
    routing: Routing
    versions: tuple[Version, ...]
    changed_by: str
    token: bytes
    #: who alone may change the routing, where somebody is named
    manager: str = ""


@dataclass(frozen=True, slots=True)
class VersionDetail:
    build_id: str
    status: str
    created_at: datetime | None
    drainage: str
    drainage_changed_at: datetime | None
    drainage_checked_at: datetime | None
    #: (name, whether it has workflow tasks, whether it has activity tasks)
    queues: tuple[tuple[str, bool, bool], ...]


@dataclass(frozen=True, slots=True)
class Page:
    deployments: tuple[Deployment, ...]
    next_token: bytes


def find(namespace: str, rows: int, token: bytes = b"") -> Page:
    answer = call(
        workflow_service().ListWorkerDeployments,
        ListWorkerDeploymentsRequest(namespace=namespace, page_size=rows, next_page_token=token),
    )
    found = tuple(
        Deployment(
            one.name,
            payloads.moment(one.create_time),
            _routing(one.routing_config),
            one.latest_version_summary.deployment_version.build_id,
        )
        for one in answer.worker_deployments
    )
    return Page(found, answer.next_page_token)


def describe(namespace: str, name: str) -> DeploymentDetail:
    answer = call(
        workflow_service().DescribeWorkerDeployment,
        DescribeWorkerDeploymentRequest(namespace=namespace, deployment_name=name),
    )
    about = answer.worker_deployment_info
    return DeploymentDetail(
        name=about.name,
        created_at=payloads.moment(about.create_time),
        routing=_routing(about.routing_config),
        versions=tuple(map(_version, about.version_summaries[:VERSIONS_MAX])),
        changed_by=about.last_modifier_identity,
        token=answer.conflict_token,
        manager=about.manager_identity,
    )


def describe_version(namespace: str, name: str, build_id: str) -> VersionDetail:
    answer = call(
        workflow_service().DescribeWorkerDeploymentVersion,
        DescribeWorkerDeploymentVersionRequest(
            namespace=namespace,
            deployment_version=WorkerDeploymentVersion(deployment_name=name, build_id=build_id),
        ),
    )
    about = answer.worker_deployment_version_info
    return VersionDetail(
        build_id=about.deployment_version.build_id,
        status=_status(about.status),
        created_at=payloads.moment(about.create_time),
        drainage=_drainage(about.drainage_info.status),
        drainage_changed_at=payloads.moment(about.drainage_info.last_changed_time),
        drainage_checked_at=payloads.moment(about.drainage_info.last_checked_time),
        queues=_queues(about.task_queue_infos),
    )


def set_current(namespace: str, name: str, build_id: str, *, token: bytes, identity: str) -> None:
    """New runs, and those that move with the deployment, go there from now on."""
    call(
        workflow_service().SetWorkerDeploymentCurrentVersion,
        SetWorkerDeploymentCurrentVersionRequest(
            namespace=namespace,
            deployment_name=name,
            build_id=build_id,
            conflict_token=token,
            identity=identity,
        ),
    )


def set_ramping(
    namespace: str, name: str, build_id: str, percent: float, *, token: bytes, identity: str
) -> None:
    """That share of them goes there; an empty build id ends a ramp."""
    call(
        workflow_service().SetWorkerDeploymentRampingVersion,
        SetWorkerDeploymentRampingVersionRequest(
            namespace=namespace,
            deployment_name=name,
            build_id=build_id,
            percentage=percent,
            conflict_token=token,
            identity=identity,
        ),
    )


def delete_version(namespace: str, name: str, build_id: str, identity: str) -> None:
    call(
        workflow_service().DeleteWorkerDeploymentVersion,
        DeleteWorkerDeploymentVersionRequest(
            namespace=namespace,
            deployment_version=WorkerDeploymentVersion(deployment_name=name, build_id=build_id),
            identity=identity,
        ),
    )


def _routing(given: Any) -> Routing:
    ramps = given.HasField("ramping_deployment_version") or given.ramping_version_percentage > 0
    return Routing(
        current=given.current_deployment_version.build_id,
        current_since=payloads.moment(given.current_version_changed_time),
        ramping=given.ramping_deployment_version.build_id if ramps else None,
        percent=given.ramping_version_percentage,
        ramping_since=payloads.moment(given.ramping_version_percentage_changed_time),
    )


def _version(given: Any) -> Version:
    return Version(
        build_id=given.deployment_version.build_id,
        status=_status(given.status),
        created_at=payloads.moment(given.create_time),
        routed_at=payloads.moment(given.routing_update_time),
        drainage=_drainage(given.drainage_info.status),
        drainage_checked_at=payloads.moment(given.drainage_info.last_checked_time),
    )


def _status(given: Any) -> str:
    prefix = "WORKER_DEPLOYMENT_VERSION_STATUS_"
    return WorkerDeploymentVersionStatus.Name(given).removeprefix(prefix)


def _drainage(given: Any) -> str:
    found = VersionDrainageStatus.Name(given).removeprefix("VERSION_DRAINAGE_STATUS_")
    return "" if found == "UNSPECIFIED" else found


def _queues(given: Any) -> tuple[tuple[str, bool, bool], ...]:
    kinds: dict[str, set[int]] = {}
    for one in given:
        kinds.setdefault(one.name, set()).add(one.type)
    workflow, activity = (
        TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW,
        TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY,
    )
    return tuple((name, workflow in its, activity in its) for name, its in sorted(kinds.items()))
