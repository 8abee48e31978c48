"""RPCs of the protocol that are not built, and why: they answer UNIMPLEMENTED by their absence.

With the tables in `rpc.py` they are the whole of the protocol; a test holds that.
"""

from __future__ import annotations

_ARCHIVE = (
    "closed runs are kept for the namespace's retention and then removed; nothing is archived"
)
_CONFIG = "workers and task queues are configured where they run"
_BUILD_IDS = "rules and sets of build ids are the protocol's older ways; deployments replace them"
_COMPUTE = "workers are started where they run, not by the server"
_NEXUS = "a Nexus operation belongs to a workflow here"
_ONE_CLUSTER = "there is one cluster: nothing is replicated"
_PARTITIONS = "a task queue has one partition"
_PAUSE = "pausing is not built yet"
_RULES = "there is no rule language for workflows"
_TIME = "time is not skipped: a server of the clock's own time"

WORKFLOW: dict[str, str] = {
    "CountNexusOperationExecutions": _NEXUS,
    "CreateWorkflowRule": _RULES,
    "DeleteNexusOperationExecution": _NEXUS,
    "DeleteWorkflowRule": _RULES,
    "DescribeDeployment": _BUILD_IDS,
    "DescribeNexusOperationExecution": _NEXUS,
    "DescribeWorkflowRule": _RULES,
    "FetchWorkerConfig": _CONFIG,
    "GetCurrentDeployment": _BUILD_IDS,
    "GetDeploymentReachability": _BUILD_IDS,
    "GetWorkerBuildIdCompatibility": _BUILD_IDS,
    "GetWorkerTaskReachability": _BUILD_IDS,
    "GetWorkerVersioningRules": _BUILD_IDS,
    "ListArchivedWorkflowExecutions": _ARCHIVE,
    "ListDeployments": _BUILD_IDS,
    "ListNexusOperationExecutions": _NEXUS,
    "ListTaskQueuePartitions": _PARTITIONS,
    "ListWorkflowRules": _RULES,
    "PauseWorkflowExecution": _PAUSE,
    "PollNexusOperationExecution": _NEXUS,
    "PollWorkflowExecutionTimeSkipping": _TIME,
    "RequestCancelNexusOperationExecution": _NEXUS,
    "SetCurrentDeployment": _BUILD_IDS,
    "StartNexusOperationExecution": _NEXUS,
    "TerminateNexusOperationExecution": _NEXUS,
    "TriggerWorkflowRule": _RULES,
    "UnpauseWorkflowExecution": _PAUSE,
    "UpdateTaskQueueConfig": _CONFIG,
    "UpdateWorkerBuildIdCompatibility": _BUILD_IDS,
    "UpdateWorkerConfig": _CONFIG,
    "UpdateWorkerDeploymentVersionComputeConfig": _COMPUTE,
    "UpdateWorkerVersioningRules": _BUILD_IDS,
    "ValidateWorkerDeploymentVersionComputeConfig": _COMPUTE,
}

OPERATOR: dict[str, str] = {
    "AddOrUpdateRemoteCluster": _ONE_CLUSTER,
    "RemoveRemoteCluster": _ONE_CLUSTER,
}
