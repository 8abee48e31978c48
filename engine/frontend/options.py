"""Options of a run that runs: a version of workers that it is to stay on, or not; its priority."""

from __future__ import annotations

from temporalio.api.deployment.v1 import WorkerDeploymentVersion
from temporalio.api.enums.v1 import VersioningBehavior
from temporalio.api.workflow.v1 import (
    PostResetOperation,
    VersioningOverride,
    WorkflowExecutionOptions,
)
from temporalio.api.workflowservice.v1 import (
    UpdateWorkflowExecutionOptionsRequest,
    UpdateWorkflowExecutionOptionsResponse,
)

from engine.core import versioning
from engine.core.effects import OptionsChanged
from engine.core.inputs import ChangeOptions
from engine.core.keys import WORKFLOW, RunKey
from engine.core.run_options import OVERRIDE, PARTS_OF_PRIORITY, PRIORITY
from engine.errors import FailedPrecondition, InvalidArgument, Unsupported
from engine.frontend import checks
from engine.frontend.parts import Parts

_UNSPECIFIED = VersioningBehavior.VERSIONING_BEHAVIOR_UNSPECIFIED
#: An override in the older way is these together.
_OLDER = {"behavior", "deployment", "pinned_version"}


async def update(
    parts: Parts, request: UpdateWorkflowExecutionOptionsRequest
) -> UpdateWorkflowExecutionOptionsResponse:
    await parts.namespace(request.namespace)
    checks.id_of_a_run(request.workflow_execution.workflow_id)
    if not request.HasField("update_mask"):
        raise InvalidArgument("UpdateMask is required")
    if not request.HasField("workflow_execution_options"):
        raise InvalidArgument("WorkflowExecutionOptions is required")
    key = await parts.run_key(request.namespace, request.workflow_execution)
    checks.length("Identity", request.identity, parts.limits)
    given = await checked(parts, key, request, request.identity)
    paths = given.paths
    changed: OptionsChanged = await parts.shards.submit(key, given)
    options = WorkflowExecutionOptions()
    options.CopyFrom(changed.options)
    asked = request.workflow_execution_options.versioning_override
    if OVERRIDE in paths and asked.WhichOneof("override") is None and asked.ByteSize():
        # Who asks in the older way is answered so.
        options.versioning_override.CopyFrom(asked)
    return UpdateWorkflowExecutionOptionsResponse(workflow_execution_options=options)


async def checked(
    parts: Parts,
    key: RunKey,
    request: UpdateWorkflowExecutionOptionsRequest | PostResetOperation.UpdateWorkflowOptions,
    identity: str = "",
) -> ChangeOptions:
    """What is asked for, of a run as it is now."""
    if not request.HasField("update_mask"):
        raise InvalidArgument("UpdateMask is required")
    paths = tuple(request.update_mask.paths)
    for path in paths:
        _check_path(path)
    wanted = WorkflowExecutionOptions()
    wanted.CopyFrom(request.workflow_execution_options)
    if OVERRIDE in paths and wanted.HasField(OVERRIDE):
        wanted.versioning_override.CopyFrom(override(wanted.versioning_override))
        queue = await parts.shards.inspect(key, lambda state: state.queue)
        check_queue(parts, key.namespace_id, queue, wanted.versioning_override)
    checks.priority(wanted.priority)
    return ChangeOptions(at=parts.clock.now(), options=wanted, paths=paths, identity=identity)


def _check_path(path: str) -> None:
    whole, _, part = path.partition(".")
    if path in (OVERRIDE, PRIORITY) or (whole == PRIORITY and part in PARTS_OF_PRIORITY):
        return
    if whole == "time_skipping_config":
        raise Unsupported("time is not skipped: a server of the clock's own time")
    if whole == OVERRIDE and part in _OLDER:
        raise InvalidArgument(
            "error applying update_options: versioning_override fields must be updated together"
        )
    if whole == OVERRIDE and part:
        raise InvalidArgument(
            "error applying update_options: versioning_override doesn't support partial updates"
        )
    name = WorkflowExecutionOptions.DESCRIPTOR.full_name
    raise InvalidArgument(
        f'error parsing UpdateMask: proto: invalid path "{path}" for message "{name}"'
    )


def override(given: VersioningOverride) -> VersioningOverride:
    """In the newer way, in whichever it was said."""
    which = given.WhichOneof("override")
    if which == "one_time":
        raise Unsupported("an override for one task is not built: pin the run, and unpin it")
    if which == "pinned":
        if given.pinned.behavior != versioning.PINNED_OVERRIDE:
            raise InvalidArgument("must specify pinned override behavior if override is pinned.")
        return VersioningOverride(pinned=given.pinned)
    if which == "auto_upgrade":
        if not given.auto_upgrade:
            raise InvalidArgument("auto-upgrade override must be true")
        return VersioningOverride(auto_upgrade=True)
    return _of_older(given)


def _of_older(given: VersioningOverride) -> VersioningOverride:
    if given.behavior == _UNSPECIFIED:
        raise InvalidArgument("override behavior is required")
    if given.behavior == versioning.AUTO_UPGRADE:
        if given.pinned_version or given.HasField("deployment"):
            raise InvalidArgument("only provide pinned version if behavior is 'PINNED'")
        return VersioningOverride(auto_upgrade=True)
    version = WorkerDeploymentVersion()
    if given.pinned_version:
        version.deployment_name, _, version.build_id = given.pinned_version.partition(".")
    elif given.HasField("deployment"):
        version.deployment_name = given.deployment.series_name
        version.build_id = given.deployment.build_id
    else:
        raise InvalidArgument(
            "must provide deployment (deprecated) or pinned version if behavior is 'PINNED'"
        )
    pinned = VersioningOverride.PinnedOverride(behavior=versioning.PINNED_OVERRIDE, version=version)
    return VersioningOverride(pinned=pinned)


def check_queue(parts: Parts, namespace_id: str, queue: str, given: VersioningOverride) -> None:
    """Nobody of a version that has never polled the queue would come for what is pinned to it."""
    if not given.pinned.HasField("version"):
        return
    version = given.pinned.version
    found = parts.deployments.find(namespace_id, version.deployment_name)
    known = found.versions.get(version.build_id) if found is not None else None
    if known is None or (queue, WORKFLOW) not in known.queues:
        raise FailedPrecondition(
            f"Pinned version '{versioning.named(version)}' is not present in task queue '{queue}'"
            " of type 'Workflow'"
        )
