"""How deployments, their versions and their routing are shown."""

from __future__ import annotations

from temporalio.api.common.v1 import Payload
from temporalio.api.deployment.v1 import (
    RoutingConfig,
    VersionDrainageInfo,
    VersionMetadata,
    WorkerDeploymentInfo,
    WorkerDeploymentVersion,
)
from temporalio.api.enums.v1 import VersionDrainageStatus, WorkerDeploymentVersionStatus

from engine.background.deployment import Deployment, Version
from engine.frontend import task_queues
from engine.frontend.parts import Parts
from engine.protocol import times

Summary = WorkerDeploymentInfo.WorkerDeploymentVersionSummary
_DRAINING = VersionDrainageStatus.VERSION_DRAINAGE_STATUS_DRAINING
_DRAINED = VersionDrainageStatus.VERSION_DRAINAGE_STATUS_DRAINED


def routing(found: Deployment) -> RoutingConfig:
    shown = RoutingConfig(
        current_version=old_name(found, found.current),
        ramping_version_percentage=found.ramp_percentage,
        ramping_version_changed_time=times.timestamp(found.ramp_at),
        ramping_version_percentage_changed_time=times.timestamp(found.ramp_percentage_at),
        revision_number=found.revision,
    )
    if found.ramping is not None:
        shown.ramping_version = old_name(found, found.ramping)
    if found.ramping:
        shown.ramping_deployment_version.CopyFrom(new_name(found, found.ramping))
    if found.current:
        shown.current_deployment_version.CopyFrom(new_name(found, found.current))
    if found.current_at:
        shown.current_version_changed_time.FromNanoseconds(found.current_at)
    return shown


def metadata(version: Version) -> VersionMetadata:
    entries = {name: Payload.FromString(noted) for name, noted in version.metadata.items()}
    return VersionMetadata(entries=entries)


def new_name(found: Deployment, build_id: str) -> WorkerDeploymentVersion:
    return WorkerDeploymentVersion(deployment_name=found.name, build_id=build_id)


def old_name(found: Deployment, build_id: str) -> str:
    return f"{found.name}.{build_id}" if build_id else task_queues.UNVERSIONED_NAME


def summary(parts: Parts, found: Deployment, version: Version) -> Summary:
    shown = Summary(
        version=old_name(found, version.build_id),
        status=_status(version),
        deployment_version=new_name(found, version.build_id),
        create_time=times.timestamp(version.created_at),
        current_since_time=times.timestamp(version.current_at),
        ramping_since_time=times.timestamp(version.ramping_at),
        routing_update_time=times.timestamp(version.routed_at),
        first_activation_time=times.timestamp(version.activated_at),
        last_current_time=times.timestamp(version.last_current_at),
        last_deactivation_time=times.timestamp(version.deactivated_at),
    )
    if version.deactivated_at and not version.is_routed:
        drainage = VersionDrainageInfo(
            status=_DRAINED if version.drained_at else _DRAINING,
            last_changed_time=times.timestamp(version.drained_at or version.deactivated_at),
            last_checked_time=times.timestamp(version.drained_at or parts.clock.now()),
        )
        shown.drainage_info.CopyFrom(drainage)
        shown.drainage_status = drainage.status
    return shown


def _status(version: Version) -> WorkerDeploymentVersionStatus.ValueType:
    if version.current_at:
        return WorkerDeploymentVersionStatus.WORKER_DEPLOYMENT_VERSION_STATUS_CURRENT
    if version.ramping_at:
        return WorkerDeploymentVersionStatus.WORKER_DEPLOYMENT_VERSION_STATUS_RAMPING
    if version.made_by and not version.queues and not version.activated_at:
        return WorkerDeploymentVersionStatus.WORKER_DEPLOYMENT_VERSION_STATUS_CREATED
    if not version.activated_at:
        return WorkerDeploymentVersionStatus.WORKER_DEPLOYMENT_VERSION_STATUS_INACTIVE
    if version.drained_at:
        return WorkerDeploymentVersionStatus.WORKER_DEPLOYMENT_VERSION_STATUS_DRAINED
    return WorkerDeploymentVersionStatus.WORKER_DEPLOYMENT_VERSION_STATUS_DRAINING


def token(found: Deployment) -> bytes:
    return found.changed_at.to_bytes(8, "big")
