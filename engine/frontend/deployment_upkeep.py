"""Deployments beside their routing: made by hand, managed, and what is noted of versions."""

from __future__ import annotations

from temporalio.api.compute.v1 import ComputeConfigScalingGroup
from temporalio.api.workflowservice.v1 import (
    CreateWorkerDeploymentRequest,
    CreateWorkerDeploymentResponse,
    CreateWorkerDeploymentVersionRequest,
    CreateWorkerDeploymentVersionResponse,
    SetWorkerDeploymentManagerRequest,
    SetWorkerDeploymentManagerResponse,
    UpdateWorkerDeploymentVersionComputeConfigRequest,
    UpdateWorkerDeploymentVersionComputeConfigResponse,
    UpdateWorkerDeploymentVersionMetadataRequest,
    UpdateWorkerDeploymentVersionMetadataResponse,
    ValidateWorkerDeploymentVersionComputeConfigRequest,
    ValidateWorkerDeploymentVersionComputeConfigResponse,
)

from engine.background.deployment import Deployment, Version
from engine.errors import DeploymentExists, InvalidArgument, NotFound
from engine.frontend import checks, deployment_changes, deployment_rows, deployments
from engine.frontend.parts import Parts

# Every node has all of it in memory, and reads it anew every few seconds.
METADATA_BYTES_MAX = 16_384


async def set_manager(
    parts: Parts, request: SetWorkerDeploymentManagerRequest
) -> SetWorkerDeploymentManagerResponse:
    """From now on only that identity may change the routing; an empty one lets anybody."""
    await parts.namespace(request.namespace)
    if not request.identity:
        raise InvalidArgument("Identity is required")
    checks.length("Identity", request.identity, parts.limits)
    checks.length("ManagerIdentity", request.manager_identity, parts.limits)
    manager = request.identity if request.self else request.manager_identity
    found = await deployments.named(parts, request.namespace, request.deployment_name)

    def managed(now: Deployment) -> Deployment:
        deployment_changes.check_token(now, request.conflict_token)
        if now.manager == manager:
            return now
        return now.with_changes(
            manager=manager, changed_at=parts.clock.now(), modified_by=request.identity
        )

    before = await parts.deployments.change(found.namespace_id, found.name, managed)
    after = parts.deployments.find(found.namespace_id, found.name)
    if before is None or after is None:
        deployments.unknown(found.name)
    return SetWorkerDeploymentManagerResponse(
        conflict_token=deployment_rows.token(after), previous_manager_identity=before.manager
    )


async def update_metadata(
    parts: Parts, request: UpdateWorkerDeploymentVersionMetadataRequest
) -> UpdateWorkerDeploymentVersionMetadataResponse:
    """Who removes and notes the same name removes it."""
    namespace_id = (await parts.namespace(request.namespace)).id
    if not request.upsert_entries and not request.remove_entries:
        raise InvalidArgument("At least one of remove_entries or upsert_entries must be provided")
    checks.length("Identity", request.identity, parts.limits)
    name, build_id = deployments.wanted(request)
    said = {
        entry: noted.SerializeToString()
        for entry, noted in request.upsert_entries.items()
        if entry not in request.remove_entries
    }

    def noted(now: Deployment) -> Deployment:
        version = now.versions.get(build_id)
        if version is None:
            raise NotFound(deployments.NO_VERSION)
        kept = {
            entry: note
            for entry, note in version.metadata.items()
            if entry not in request.remove_entries
        }
        metadata = {**kept, **said}
        if sum(len(entry) + len(note) for entry, note in metadata.items()) > METADATA_BYTES_MAX:
            raise InvalidArgument(f"metadata of a version exceeds {METADATA_BYTES_MAX} bytes")
        return now.with_version(
            version.with_changes(metadata=metadata, modified_by=request.identity)
        )

    await parts.deployments.change(namespace_id, name, noted)
    after = parts.deployments.find(namespace_id, name)
    if after is None or build_id not in after.versions:
        raise NotFound(deployments.NO_VERSION)
    return UpdateWorkerDeploymentVersionMetadataResponse(
        metadata=deployment_rows.metadata(after.versions[build_id])
    )


async def create(
    parts: Parts, request: CreateWorkerDeploymentRequest
) -> CreateWorkerDeploymentResponse:
    namespace_id = (await parts.namespace(request.namespace)).id
    name = request.deployment_name
    deployments.check_new(name)
    if name.startswith("__"):
        raise InvalidArgument("WorkerDeploymentName cannot start with '__'")
    checks.length("Identity", request.identity, parts.limits)
    checks.length("RequestId", request.request_id, parts.limits)
    at, made_by = parts.clock.now(), request.request_id or parts.clock.new_id()
    await parts.deployments.make(
        Deployment(
            namespace_id=namespace_id,
            name=name,
            created_at=at,
            changed_at=at,
            modified_by=request.identity,
            made_by=made_by,
        )
    )
    found = parts.deployments.find(namespace_id, name)
    if found is None:
        deployments.unknown(name)
    if found.made_by != made_by:
        how = "" if found.made_by else " (auto-created from worker polls)"
        raise DeploymentExists(f'Worker Deployment with name "{name}" already exists{how}')
    return CreateWorkerDeploymentResponse(conflict_token=deployment_rows.token(found))


async def create_version(
    parts: Parts, request: CreateWorkerDeploymentVersionRequest
) -> CreateWorkerDeploymentVersionResponse:
    await parts.namespace(request.namespace)
    name, build_id = (
        request.deployment_version.deployment_name,
        request.deployment_version.build_id,
    )
    deployments.check_name("deployment name", name)
    deployments.check_name("build ID", build_id)
    checks.length("Identity", request.identity, parts.limits)
    checks.length("RequestId", request.request_id, parts.limits)
    at, made_by = parts.clock.now(), request.request_id or parts.clock.new_id()
    found = await deployments.named(parts, request.namespace, name)
    for group, config in request.compute_config.scaling_groups.items():
        raise _no_provider(group, config)

    def made(now: Deployment) -> Deployment:
        there = now.versions.get(build_id)
        if there is not None and there.made_by == made_by:
            return now
        if there is not None:
            shown = deployment_rows.old_name(now, build_id)
            raise DeploymentExists(f'Worker Deployment Version "{shown}" already exists')
        deployments.check_room(now)
        return now.with_version(
            Version(build_id=build_id, created_at=at, modified_by=request.identity, made_by=made_by)
        )

    if await parts.deployments.change(found.namespace_id, name, made) is None:
        deployments.unknown(name)
    return CreateWorkerDeploymentVersionResponse()


async def update_compute(
    parts: Parts, request: UpdateWorkerDeploymentVersionComputeConfigRequest
) -> UpdateWorkerDeploymentVersionComputeConfigResponse:
    """No version ever has one, so that one can only be taken away."""
    namespace = await parts.namespace(request.namespace)
    version = request.deployment_version
    deployments.check_name("deployment name", version.deployment_name)
    deployments.check_name("build ID", version.build_id)
    found = parts.deployments.find(namespace.id, version.deployment_name)
    if found is None or version.build_id not in found.versions:
        raise NotFound(
            f"build ID '{version.build_id}' not found in Worker Deployment"
            f" '{version.deployment_name}'"
        )
    for group, config in request.compute_config_scaling_groups.items():
        raise _no_provider(group, config.scaling_group)
    return UpdateWorkerDeploymentVersionComputeConfigResponse()


async def validate_compute(
    parts: Parts, request: ValidateWorkerDeploymentVersionComputeConfigRequest
) -> ValidateWorkerDeploymentVersionComputeConfigResponse:
    await parts.namespace(request.namespace)
    for group, config in request.compute_config_scaling_groups.items():
        raise _no_provider(group, config.scaling_group)
    raise InvalidArgument(
        "No prior compute config found, which means nothing can be removed and something needs to"
        " be added to be valid"
    )


def _no_provider(group: str, config: ComputeConfigScalingGroup) -> InvalidArgument:
    """Workers are started where they run, and by no server."""
    return InvalidArgument(
        f"{group}: Could not instantiate compute provider with type '{config.provider.type}'"
    )
