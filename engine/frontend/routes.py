"""Where each RPC of WorkflowService belongs, when there are several nodes: one table.

AdminService's questions about a run are in it too; the rest of it tells of the node that answers.


a run's        the node that has the run's shard
a queue's      the node that has the task queue
an asker's     the node that opened the question, which its token names
any node's     the rest: namespaces, schedules, batches, lists and counts, what the server is
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from google.protobuf.struct_pb2 import Struct
from temporalio.api.workflowservice.v1 import ExecuteMultiOperationRequest

from engine.core.keys import WORKFLOW, QueueKey, RunKey, activity_run, operation_run
from engine.errors import InvalidArgument, NamespaceNotFound
from engine.frontend.parts import Parts
from engine.ports import Cluster
from engine.protocol import tokens
from engine.protocol.tokens import QueryToken

Route = Callable[[Cluster, str, Any], str]


def by_workflow_id(cluster: Cluster, namespace_id: str, request: Any) -> str:
    return cluster.of_run(RunKey(namespace_id, request.workflow_id, ""))


def by_activity_id(cluster: Cluster, namespace_id: str, request: Any) -> str:
    """Of a workflow, where the request names one; else a standalone one."""
    if getattr(request, "workflow_id", ""):
        return by_workflow_id(cluster, namespace_id, request)
    return cluster.of_run(activity_run(namespace_id, request.activity_id))


def by_operation_id(cluster: Cluster, namespace_id: str, request: Any) -> str:
    """Of a standalone Nexus operation."""
    return cluster.of_run(operation_run(namespace_id, request.operation_id))


def by_execution(cluster: Cluster, namespace_id: str, request: Any) -> str:
    return by_workflow_id(cluster, namespace_id, request.execution)


def by_workflow_execution(cluster: Cluster, namespace_id: str, request: Any) -> str:
    return by_workflow_id(cluster, namespace_id, request.workflow_execution)


def by_fields(cluster: Cluster, namespace_id: str, request: Struct) -> str:
    """Of a workflow, where the fields name one; else of a standalone activity."""
    if not _text(request, "workflow_id"):
        return cluster.of_run(activity_run(namespace_id, _text(request, "activity_id")))
    return cluster.of_run(RunKey(namespace_id, _text(request, "workflow_id"), ""))


def by_update(cluster: Cluster, namespace_id: str, request: Any) -> str:
    return by_workflow_execution(cluster, namespace_id, request.update_ref)


def by_start(cluster: Cluster, namespace_id: str, request: ExecuteMultiOperationRequest) -> str:
    for operation in request.operations:
        return by_workflow_id(cluster, namespace_id, operation.start_workflow)
    return cluster.here


def by_task_token(cluster: Cluster, _namespace_id: str, request: Any) -> str:
    token = tokens.task(request.task_token)
    return cluster.of_run(RunKey(token.namespace_id, token.workflow_id, ""))


def by_query_token(cluster: Cluster, _namespace_id: str, request: Any) -> str:
    """Tokens are not secret: a node that is none of ours is not called."""
    token = tokens.decode(QueryToken, request.task_token, "Error deserializing task token.")
    return token.node if cluster.lives(token.node) else cluster.here


def by_queue(cluster: Cluster, namespace_id: str, request: Any) -> str:
    return cluster.of_queue(QueueKey(namespace_id, request.task_queue.name, WORKFLOW))


RUNS: Mapping[str, Route] = {
    "DeleteActivityExecution": by_activity_id,
    "DeleteNexusOperationExecution": by_operation_id,
    "DeleteWorkflowExecution": by_workflow_execution,
    "DescribeActivityExecution": by_activity_id,
    "DescribeNexusOperationExecution": by_operation_id,
    "DescribeWorkflowExecution": by_execution,
    "ExecuteMultiOperation": by_start,
    "GetWorkflowExecutionHistory": by_execution,
    "GetWorkflowExecutionHistoryReverse": by_execution,
    "PauseActivity": by_execution,
    "PauseActivityExecution": by_activity_id,
    "PauseWorkflowExecution": by_workflow_id,
    "PollActivityExecution": by_activity_id,
    "PollNexusOperationExecution": by_operation_id,
    "PollWorkflowExecutionTimeSkipping": by_workflow_execution,
    "PollWorkflowExecutionUpdate": by_update,
    "QueryWorkflow": by_execution,
    "RecordActivityTaskHeartbeat": by_task_token,
    "RecordActivityTaskHeartbeatById": by_activity_id,
    "RequestCancelActivityExecution": by_activity_id,
    "RequestCancelNexusOperationExecution": by_operation_id,
    "RequestCancelWorkflowExecution": by_workflow_execution,
    "ResetActivity": by_execution,
    "ResetActivityExecution": by_activity_id,
    "ResetStickyTaskQueue": by_execution,
    "ResetWorkflowExecution": by_workflow_execution,
    "RespondActivityTaskCanceled": by_task_token,
    "RespondActivityTaskCanceledById": by_activity_id,
    "RespondActivityTaskCompleted": by_task_token,
    "RespondActivityTaskCompletedById": by_activity_id,
    "RespondActivityTaskFailed": by_task_token,
    "RespondActivityTaskFailedById": by_activity_id,
    "RespondWorkflowTaskCompleted": by_task_token,
    "RespondWorkflowTaskFailed": by_task_token,
    "SignalWithStartWorkflowExecution": by_workflow_id,
    "SignalWorkflowExecution": by_workflow_execution,
    "StartActivityExecution": by_activity_id,
    "StartNexusOperationExecution": by_operation_id,
    "StartWorkflowExecution": by_workflow_id,
    "TerminateActivityExecution": by_activity_id,
    "TerminateNexusOperationExecution": by_operation_id,
    "TerminateWorkflowExecution": by_workflow_execution,
    "TriggerWorkflowRule": by_execution,
    "UnpauseActivity": by_execution,
    "UnpauseActivityExecution": by_activity_id,
    "UnpauseWorkflowExecution": by_workflow_id,
    "UpdateActivityExecutionOptions": by_activity_id,
    "UpdateActivityOptions": by_execution,
    "UpdateWorkflowExecution": by_workflow_execution,
    "UpdateWorkflowExecutionOptions": by_workflow_execution,
}
ADMIN_RUNS: Mapping[str, Route] = {"ListAttempts": by_fields}
QUEUES: Mapping[str, Route] = {
    "DescribeTaskQueue": by_queue,
    "PollActivityTaskQueue": by_queue,
    "PollNexusTaskQueue": by_queue,
    "PollWorkflowTaskQueue": by_queue,
}
ASKERS: Mapping[str, Route] = {
    "RespondNexusTaskCompleted": by_query_token,
    "RespondNexusTaskFailed": by_query_token,
    "RespondQueryTaskCompleted": by_query_token,
}
#: ShutdownWorker and what workers say are told to the other nodes by themselves.
ANYWHERE = frozenset(
    {
        "CountActivityExecutions",
        "CountNexusOperationExecutions",
        "CountSchedules",
        "CountWorkers",
        "CountWorkflowExecutions",
        "CreateSchedule",
        "CreateWorkerDeployment",
        "CreateWorkerDeploymentVersion",
        "CreateWorkflowRule",
        "DeleteSchedule",
        "DeleteWorkerDeployment",
        "DeleteWorkerDeploymentVersion",
        "DeleteWorkflowRule",
        "DeprecateNamespace",
        "DescribeBatchOperation",
        "DescribeDeployment",
        "DescribeNamespace",
        "DescribeSchedule",
        "DescribeWorker",
        "DescribeWorkerDeployment",
        "DescribeWorkerDeploymentVersion",
        "DescribeWorkflowRule",
        "FetchWorkerConfig",
        "GetClusterInfo",
        "GetCurrentDeployment",
        "GetDeploymentReachability",
        "GetSearchAttributes",
        "GetSystemInfo",
        "GetWorkerBuildIdCompatibility",
        "GetWorkerTaskReachability",
        "GetWorkerVersioningRules",
        "ListActivityExecutions",
        "ListArchivedWorkflowExecutions",
        "ListBatchOperations",
        "ListClosedWorkflowExecutions",
        "ListDeployments",
        "ListNamespaces",
        "ListOpenWorkflowExecutions",
        "ListNexusOperationExecutions",
        "ListScheduleMatchingTimes",
        "ListSchedules",
        "ListTaskQueuePartitions",
        "ListWorkerDeployments",
        "ListWorkers",
        "ListWorkflowExecutions",
        "ListWorkflowRules",
        "PatchSchedule",
        "RecordWorkerHeartbeat",
        "RegisterNamespace",
        "ScanWorkflowExecutions",
        "SetCurrentDeployment",
        "SetWorkerDeploymentCurrentVersion",
        "SetWorkerDeploymentManager",
        "SetWorkerDeploymentRampingVersion",
        "ShutdownWorker",
        "StartBatchOperation",
        "StopBatchOperation",
        "UpdateNamespace",
        "UpdateSchedule",
        "UpdateTaskQueueConfig",
        "UpdateWorkerBuildIdCompatibility",
        "UpdateWorkerConfig",
        "UpdateWorkerDeploymentVersionComputeConfig",
        "UpdateWorkerDeploymentVersionMetadata",
        "UpdateWorkerVersioningRules",
        "ValidateWorkerDeploymentVersionComputeConfig",
    }
)


async def node(route: Route, parts: Parts, cluster: Cluster, request: Any) -> str:
    """A request that names nothing that there is, is refused here as well as anywhere."""
    try:
        by_name = isinstance(request, Struct)
        name = _text(request, "namespace") if by_name else request.namespace
        namespace = await parts.namespaces.named(name)
        return route(cluster, namespace.id, request)
    except (InvalidArgument, NamespaceNotFound):
        return cluster.here


def _text(request: Struct, field: str) -> str:
    return request.fields[field].string_value if field in request.fields else ""
