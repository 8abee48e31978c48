"""By which version of its workers a run is done, and what is said of that from outside."""

from dataclasses import dataclass
from typing import Any

from google.protobuf.field_mask_pb2 import FieldMask
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.deployment.v1 import WorkerDeploymentOptions, WorkerDeploymentVersion
from temporalio.api.enums.v1 import TaskQueueType, VersioningBehavior
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflow.v1 import VersioningOverride, WorkflowExecutionOptions
from temporalio.api.workflowservice.v1 import (
    DescribeTaskQueueRequest,
    UpdateWorkflowExecutionOptionsRequest,
)

from console.gateway.channel import call, workflow_service
from console.gateway.runs import RunKey, WorkerVersion

_BEHAVIORS = {
    VersioningBehavior.VERSIONING_BEHAVIOR_PINNED: "pinned",
    VersioningBehavior.VERSIONING_BEHAVIOR_AUTO_UPGRADE: "moves with its queue",
}


@dataclass(frozen=True, slots=True)
class Override:
    """Pinned to a version; without one, moved along with its queue, whatever its code says."""

    version: WorkerVersion | None = None


@dataclass(frozen=True, slots=True)
class Versioning:
    """`behavior`: what its code says, in words; empty where it says nothing.

    `override` is None where nothing is said from outside.
    """

    version: WorkerVersion | None = None
    behavior: str = ""
    override: Override | None = None


def of(told: Any) -> Versioning:
    """Of the server's own description of a run."""
    info = told.workflow_execution_info.versioning_info
    own = info.deployment_version
    return Versioning(
        version=WorkerVersion(own.deployment_name, own.build_id) if own.build_id else None,
        behavior=_BEHAVIORS.get(info.behavior, ""),
        override=override_of(info.versioning_override),
    )


def override_of(given: VersioningOverride) -> Override | None:
    if given.HasField("pinned"):
        version = given.pinned.version
        return Override(WorkerVersion(version.deployment_name, version.build_id))
    return Override() if given.auto_upgrade else None


def message(wanted: Override | None) -> VersioningOverride | None:
    """As the protocol has it."""
    if wanted is None:
        return None
    if wanted.version is None:
        return VersioningOverride(auto_upgrade=True)
    override = VersioningOverride()
    override.pinned.behavior = VersioningOverride.PINNED_OVERRIDE_BEHAVIOR_PINNED
    override.pinned.version.deployment_name = wanted.version.deployment
    override.pinned.version.build_id = wanted.version.build
    return override


def is_said_in(changed: Any) -> bool:
    """Whether an event of changed options speaks of versions."""
    return bool(changed.HasField("versioning_override") or changed.unset_versioning_override)


def on_queue(namespace: str, queue: str) -> tuple[WorkerVersion, ...]:
    """Those whose workers poll it for workflow tasks now, or that it is routed to."""
    told = call(
        workflow_service().DescribeTaskQueue,
        DescribeTaskQueueRequest(
            namespace=namespace,
            task_queue=TaskQueue(name=queue),
            task_queue_type=TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW,
        ),
    )
    routing = told.versioning_info
    named: list[WorkerDeploymentVersion | WorkerDeploymentOptions] = [
        routing.current_deployment_version,
        routing.ramping_deployment_version,
        *(one.deployment_options for one in told.pollers),
    ]
    found = {(one.deployment_name, one.build_id) for one in named if one.deployment_name}
    return tuple(WorkerVersion(*one) for one in sorted(found, reverse=True) if one[1])


def override(key: RunKey, wanted: Override | None, identity: str) -> None:
    """None leaves the run to its code again."""
    options = WorkflowExecutionOptions(versioning_override=message(wanted))
    call(
        workflow_service().UpdateWorkflowExecutionOptions,
        UpdateWorkflowExecutionOptionsRequest(
            namespace=key.namespace,
            workflow_execution=WorkflowExecution(workflow_id=key.workflow_id, run_id=key.run_id),
            workflow_execution_options=options,
            update_mask=FieldMask(paths=["versioning_override"]),
            identity=identity,
        ),
    )
