"""What is changed about worker deployments: which version tasks go to, and which are deleted."""

from __future__ import annotations

from temporalio.api.workflowservice.v1 import (
    DeleteWorkerDeploymentRequest,
    DeleteWorkerDeploymentResponse,
    DeleteWorkerDeploymentVersionRequest,
    DeleteWorkerDeploymentVersionResponse,
    SetWorkerDeploymentCurrentVersionRequest,
    SetWorkerDeploymentCurrentVersionResponse,
    SetWorkerDeploymentRampingVersionRequest,
    SetWorkerDeploymentRampingVersionResponse,
)

from engine.background.deployment import Deployment, Version
from engine.core.keys import QueueKey, version_name, version_queue
from engine.errors import FailedPrecondition, InvalidArgument, NotFound
from engine.frontend import deployment_rows, deployments, task_queues
from engine.frontend.parts import Parts

PERCENTAGE_MAX = 100.0
Routing = SetWorkerDeploymentCurrentVersionRequest | SetWorkerDeploymentRampingVersionRequest


async def set_current(
    parts: Parts, request: SetWorkerDeploymentCurrentVersionRequest
) -> SetWorkerDeploymentCurrentVersionResponse:
    await parts.namespace(request.namespace)
    deployments.check_name("deployment name", request.deployment_name)
    build_id = _build_id(request)
    found = await _found(parts, request, build_id)

    def check(now: Deployment) -> Deployment:
        return _checked(parts, now, request, build_id, "current")

    before = await parts.deployments.set_current(
        found.namespace_id, found.name, build_id, request.identity, check
    )
    after = parts.deployments.find(found.namespace_id, found.name)
    if before is None or after is None:
        deployments.unknown(found.name)
    response = SetWorkerDeploymentCurrentVersionResponse(
        conflict_token=deployment_rows.token(after),
        previous_version=deployment_rows.old_name(before, before.current),
    )
    if before.current:
        previous = deployment_rows.new_name(before, before.current)
        response.previous_deployment_version.CopyFrom(previous)
    return response


async def set_ramping(
    parts: Parts, request: SetWorkerDeploymentRampingVersionRequest
) -> SetWorkerDeploymentRampingVersionResponse:
    """No version at some per cent ramps to the unversioned workers; at none it ends the ramp."""
    if not 0 <= request.percentage <= PERCENTAGE_MAX:
        raise InvalidArgument("Percentage must be between 0 and 100 (inclusive)")
    build_id = _build_id(request)
    found = await _found(parts, request, build_id)
    ramp = build_id if build_id or request.percentage else None

    def check(now: Deployment) -> Deployment:
        checked = _checked(parts, now, request, build_id, "ramping")
        if ramp == now.current:
            shown = deployment_rows.old_name(now, now.current)
            raise FailedPrecondition(f"requested ramping version {shown} is already current")
        return checked

    before = await parts.deployments.set_ramp(
        found.namespace_id, found.name, (ramp, request.percentage), request.identity, check
    )
    after = parts.deployments.find(found.namespace_id, found.name)
    if before is None or after is None:
        deployments.unknown(found.name)
    response = SetWorkerDeploymentRampingVersionResponse(
        conflict_token=deployment_rows.token(after), previous_percentage=before.ramp_percentage
    )
    if before.ramping is not None:
        response.previous_version = deployment_rows.old_name(before, before.ramping)
    if before.ramping:
        previous = deployment_rows.new_name(before, before.ramping)
        response.previous_deployment_version.CopyFrom(previous)
    return response


async def _found(parts: Parts, request: Routing, build_id: str) -> Deployment:
    """Where no worker of it need be there, the deployment need not be there either."""
    namespace_id, name = (await parts.namespace(request.namespace)).id, request.deployment_name
    if build_id and request.allow_no_pollers and not parts.deployments.find(namespace_id, name):
        deployments.check_new(name)
        at = parts.clock.now()
        await parts.deployments.make(
            Deployment(namespace_id=namespace_id, name=name, created_at=at, changed_at=at)
        )
    return await deployments.named(parts, request.namespace, name)


def _build_id(request: Routing) -> str:
    """Said in the older way, which goes first where both are said, or in the newer one."""
    older = request.version
    if not older:
        return request.build_id
    if older == task_queues.UNVERSIONED_NAME:
        return ""
    name, found, build_id = older.partition(".")
    if not found and ":" not in older:
        why = f"expected delimiter ':' or '.' not found in version string {older}"
        raise InvalidArgument(f"invalid version string: {why}")
    if not build_id:
        why = f"build id is empty in version string {older}"
        raise InvalidArgument(f"invalid version string: {why}")
    if name != request.deployment_name:
        raise InvalidArgument(
            f"invalid version string '{older}' does not match deployment name"
            f" '{request.deployment_name}'"
        )
    return build_id


def check_manager(now: Deployment, identity: str) -> None:
    if now.manager and now.manager != identity:
        raise FailedPrecondition(
            f"ManagerIdentity '{now.manager}' is set and does not match user identity '{identity}';"
            " to proceed, set your own identity as the ManagerIdentity, remove the ManagerIdentity,"
            " or wait for the other client to do so"
        )


def check_token(now: Deployment, token: bytes) -> None:
    if token and token != deployment_rows.token(now):
        raise FailedPrecondition("conflict token mismatch")


def _checked(
    parts: Parts, now: Deployment, request: Routing, build_id: str, place: str
) -> Deployment:
    """With the version, where it is to come before its workers do."""
    check_manager(now, request.identity)
    check_token(now, request.conflict_token)
    if not build_id:
        return now
    if build_id not in now.versions and request.allow_no_pollers:
        deployments.check_name("build ID", build_id)
        deployments.check_room(now)
        return now.with_version(Version(build_id=build_id, created_at=parts.clock.now()))
    if build_id not in now.versions:
        raise NotFound(f"build ID '{build_id}' not found in Worker Deployment '{now.name}'")
    # Once is enough: what a version takes part in already is not looked at again.
    if build_id not in (now.current, now.ramping) and not request.ignore_missing_task_queues:
        _check_queues(now, build_id, place)
    return now


def _check_queues(now: Deployment, build_id: str, place: str) -> None:
    """A queue of the version before that this one's workers do not poll would be left alone."""
    before = now.versions.get(now.current)
    if before is not None and set(before.queues) - set(now.versions[build_id].queues):
        raise FailedPrecondition(
            f"proposed {place} version '{version_name(now.name, build_id)}' is missing active task "
            "queues from the current version; these would become unversioned if it is set as the "
            f"{place} version"
        )


async def delete_version(
    parts: Parts, request: DeleteWorkerDeploymentVersionRequest
) -> DeleteWorkerDeploymentVersionResponse:
    await parts.namespace(request.namespace)
    name, build_id = deployments.whole(request)
    found = await deployments.named(parts, request.namespace, name)
    if build_id not in found.versions:
        # Deleted already, or never there.
        return DeleteWorkerDeploymentVersionResponse()
    found = await deployments.looked_at(parts, request.namespace, found, build_id)
    has_pollers = await _has_pollers(parts, found, found.versions[build_id])
    shown = f"version '{version_name(name, build_id)}' cannot be deleted since it"

    def without(now: Deployment) -> Deployment:
        version = now.versions.get(build_id)
        if version is None:
            return now
        check_manager(now, request.identity)
        if version.is_routed:
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
    deployments.check_name("WorkerDeploymentName", request.deployment_name)

    def nothing(now: Deployment) -> None:
        if now.versions:
            raise FailedPrecondition("deployment has versions, can't be deleted")

    await parts.deployments.change(namespace_id, request.deployment_name, nothing)
    return DeleteWorkerDeploymentResponse()
