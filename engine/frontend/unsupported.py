"""RPCs of the protocol that are not built, and why: they answer UNIMPLEMENTED by their absence.

With the tables in `rpc.py` they are the whole of the protocol; a test holds that.
"""

from __future__ import annotations

_ARCHIVE = (
    "closed runs are kept for the namespace's retention and then removed; nothing is archived"
)
_CONFIG = "workers and task queues are configured where they run"
_DEPLOYMENT = "workers are not versioned by the server; patches in the workflow code do it"
_NEXUS = "Nexus links clusters; this engine is one"
_OPTIONS = "a running activity or run keeps the options it was started with"
_ONE_CLUSTER = "there is one cluster: nothing is replicated"
_PARTITIONS = "a task queue has one partition"
_PAUSE = "pausing is not built yet"
_RULES = "there is no rule language for workflows"
_STANDALONE = "an activity belongs to a workflow here"
_TIME = "time is not skipped: a server of the clock's own time"

WORKFLOW: dict[str, str] = {
    "CountActivityExecutions": _STANDALONE,
    "CountNexusOperationExecutions": _NEXUS,
    "CreateWorkerDeployment": _DEPLOYMENT,
    "CreateWorkerDeploymentVersion": _DEPLOYMENT,
    "CreateWorkflowRule": _RULES,
    "DeleteActivityExecution": _STANDALONE,
    "DeleteNexusOperationExecution": _NEXUS,
    "DeleteWorkerDeployment": _DEPLOYMENT,
    "DeleteWorkerDeploymentVersion": _DEPLOYMENT,
    "DeleteWorkflowRule": _RULES,
    "DescribeActivityExecution": _STANDALONE,
    "DescribeDeployment": _DEPLOYMENT,
    "DescribeNexusOperationExecution": _NEXUS,
    "DescribeWorkerDeployment": _DEPLOYMENT,
    "DescribeWorkerDeploymentVersion": _DEPLOYMENT,
    "DescribeWorkflowRule": _RULES,
    "FetchWorkerConfig": _CONFIG,
    "GetCurrentDeployment": _DEPLOYMENT,
    "GetDeploymentReachability": _DEPLOYMENT,
    "GetWorkerBuildIdCompatibility": _DEPLOYMENT,
    "GetWorkerTaskReachability": _DEPLOYMENT,
    "GetWorkerVersioningRules": _DEPLOYMENT,
    "ListActivityExecutions": _STANDALONE,
    "ListArchivedWorkflowExecutions": _ARCHIVE,
    "ListDeployments": _DEPLOYMENT,
    "ListNexusOperationExecutions": _NEXUS,
    "ListTaskQueuePartitions": _PARTITIONS,
    "ListWorkerDeployments": _DEPLOYMENT,
    "ListWorkflowRules": _RULES,
    "PauseActivityExecution": _STANDALONE,
    "PauseWorkflowExecution": _PAUSE,
    "PollActivityExecution": _STANDALONE,
    "PollNexusOperationExecution": _NEXUS,
    "PollNexusTaskQueue": _NEXUS,
    "PollWorkflowExecutionTimeSkipping": _TIME,
    "RequestCancelActivityExecution": _STANDALONE,
    "RequestCancelNexusOperationExecution": _NEXUS,
    "ResetActivityExecution": _STANDALONE,
    "RespondNexusTaskCompleted": _NEXUS,
    "RespondNexusTaskFailed": _NEXUS,
    "SetCurrentDeployment": _DEPLOYMENT,
    "SetWorkerDeploymentCurrentVersion": _DEPLOYMENT,
    "SetWorkerDeploymentManager": _DEPLOYMENT,
    "SetWorkerDeploymentRampingVersion": _DEPLOYMENT,
    "StartActivityExecution": _STANDALONE,
    "StartNexusOperationExecution": _NEXUS,
    "TerminateActivityExecution": _STANDALONE,
    "TerminateNexusOperationExecution": _NEXUS,
    "TriggerWorkflowRule": _RULES,
    "UnpauseActivityExecution": _STANDALONE,
    "UnpauseWorkflowExecution": _PAUSE,
    "UpdateActivityExecutionOptions": _STANDALONE,
    "UpdateTaskQueueConfig": _CONFIG,
    "UpdateWorkerBuildIdCompatibility": _DEPLOYMENT,
    "UpdateWorkerConfig": _CONFIG,
    "UpdateWorkerDeploymentVersionComputeConfig": _DEPLOYMENT,
    "UpdateWorkerDeploymentVersionMetadata": _DEPLOYMENT,
    "UpdateWorkerVersioningRules": _DEPLOYMENT,
    "UpdateWorkflowExecutionOptions": _OPTIONS,
    "ValidateWorkerDeploymentVersionComputeConfig": _DEPLOYMENT,
}

OPERATOR: dict[str, str] = {
    "AddOrUpdateRemoteCluster": _ONE_CLUSTER,
    "CreateNexusEndpoint": _NEXUS,
    "DeleteNexusEndpoint": _NEXUS,
    "GetNexusEndpoint": _NEXUS,
    "ListNexusEndpoints": _NEXUS,
    "RemoveRemoteCluster": _ONE_CLUSTER,
    "UpdateNexusEndpoint": _NEXUS,
}
