"""Workers of versions, as far as the console's tests need them: they poll."""

from collections.abc import Iterator
from contextlib import contextmanager

from temporalio.api.deployment.v1 import WorkerDeploymentOptions, WorkerDeploymentVersion
from temporalio.api.enums.v1 import WorkerVersioningMode
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflow.v1 import VersioningOverride
from temporalio.api.workflowservice.v1 import PollWorkflowTaskQueueRequest

from console.gateway import deployments as gateway
from console.gateway.channel import GatewayError, workflow_service
from tests.support.eventually import eventually

NAMESPACE = "default"
POLL_SECONDS = 20.0


def pinned(name: str, build_id: str) -> VersioningOverride:
    """For the start of a run: it belongs to this version, whatever its code says."""
    override = VersioningOverride()
    override.pinned.behavior = (
        VersioningOverride.PinnedOverrideBehavior.PINNED_OVERRIDE_BEHAVIOR_PINNED
    )
    override.pinned.version.CopyFrom(
        WorkerDeploymentVersion(deployment_name=name, build_id=build_id)
    )
    return override


@contextmanager
def polled_by(name: str, queue: str, *build_ids: str) -> Iterator[None]:
    """Each as a worker of that version polls, until the server knows all of them."""
    polls = []
    for build_id in build_ids:
        request = PollWorkflowTaskQueueRequest(
            namespace=NAMESPACE, task_queue=TaskQueue(name=queue), identity=f"worker {build_id}",
            deployment_options=WorkerDeploymentOptions(
                deployment_name=name, build_id=build_id,
                worker_versioning_mode=WorkerVersioningMode.WORKER_VERSIONING_MODE_VERSIONED,
            ),
        )  # fmt: skip
        polls.append(workflow_service().PollWorkflowTaskQueue.future(request, timeout=POLL_SECONDS))

    def known() -> set[str]:
        try:
            return {one.build_id for one in gateway.describe(NAMESPACE, name).versions}
        except GatewayError:
            return set()

    try:
        eventually(known, lambda seen: seen >= set(build_ids), within=15, every=0.2)
        yield
    finally:
        for poll in polls:
            poll.cancel()
