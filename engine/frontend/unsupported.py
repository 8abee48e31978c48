"""RPCs of the protocol that are not built, and why: they answer UNIMPLEMENTED by their absence.

With the tables in `rpc.py` they are the whole of the protocol; a test holds that.
"""

from __future__ import annotations

_NEXUS = "a Nexus operation belongs to a workflow here"
_ONE_CLUSTER = "there is one cluster: nothing is replicated"
_RULES = "there is no rule language for workflows"
_TIME = "time is not skipped: a server of the clock's own time"

WORKFLOW: dict[str, str] = {
    "CountNexusOperationExecutions": _NEXUS,
    "CreateWorkflowRule": _RULES,
    "DeleteNexusOperationExecution": _NEXUS,
    "DeleteWorkflowRule": _RULES,
    "DescribeNexusOperationExecution": _NEXUS,
    "DescribeWorkflowRule": _RULES,
    "ListNexusOperationExecutions": _NEXUS,
    "ListWorkflowRules": _RULES,
    "PollNexusOperationExecution": _NEXUS,
    "PollWorkflowExecutionTimeSkipping": _TIME,
    "RequestCancelNexusOperationExecution": _NEXUS,
    "StartNexusOperationExecution": _NEXUS,
    "TerminateNexusOperationExecution": _NEXUS,
    "TriggerWorkflowRule": _RULES,
}

OPERATOR: dict[str, str] = {
    "AddOrUpdateRemoteCluster": _ONE_CLUSTER,
}
