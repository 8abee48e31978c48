"""RPC name -> function: the two tables, and the gRPC handlers made from them.

A name that is in no table has no handler and answers UNIMPLEMENTED; `unsupported.py` says why.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import grpc
from google.protobuf.descriptor import MethodDescriptor, ServiceDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from temporalio.api.operatorservice.v1 import service_pb2 as operator_service
from temporalio.api.workflowservice.v1 import service_pb2 as workflow_service

from engine.background.starts import Call
from engine.frontend import (
    activities,
    admin,
    batches,
    deployment_changes,
    deployment_upkeep,
    deployments,
    endpoints,
    forwarding,
    interventions,
    multi,
    namespaces,
    nexus,
    operator,
    options,
    pausing,
    queries,
    reading,
    resetting,
    rules,
    schedule_rows,
    schedules,
    standalone,
    standalone_interventions,
    standalone_operation_rows,
    standalone_operations,
    standalone_rows,
    standalone_starting,
    starting,
    statuses,
    steering,
    system,
    task_queue_config,
    task_queues,
    turned_off,
    updates,
    visibility,
    workers,
    workflow_tasks,
)
from engine.frontend.guard import Function, guarded, serialised
from engine.frontend.parts import Parts

WORKFLOW: dict[str, Function] = {
    "CountActivityExecutions": standalone_rows.count,
    "CountNexusOperationExecutions": standalone_operation_rows.count,
    "CountSchedules": schedule_rows.count,
    "CountWorkers": workers.count,
    "CountWorkflowExecutions": visibility.count,
    "CreateSchedule": schedules.create,
    "CreateWorkerDeployment": deployment_upkeep.create,
    "CreateWorkerDeploymentVersion": deployment_upkeep.create_version,
    "CreateWorkflowRule": rules.create,
    "DeleteActivityExecution": standalone.delete,
    "DeleteNexusOperationExecution": standalone_operations.delete,
    "DeleteSchedule": schedules.delete,
    "DeleteWorkerDeployment": deployment_changes.delete,
    "DeleteWorkerDeploymentVersion": deployment_changes.delete_version,
    "DeleteWorkflowExecution": steering.delete,
    "DeleteWorkflowRule": rules.delete,
    "DeprecateNamespace": namespaces.deprecate,
    "DescribeActivityExecution": standalone.describe,
    "DescribeBatchOperation": batches.describe,
    "DescribeDeployment": turned_off.deployments,
    "DescribeNamespace": namespaces.describe,
    "DescribeNexusOperationExecution": standalone_operations.describe,
    "DescribeSchedule": schedules.describe,
    "DescribeTaskQueue": task_queues.describe,
    "DescribeWorker": workers.describe,
    "DescribeWorkerDeployment": deployments.describe,
    "DescribeWorkerDeploymentVersion": deployments.describe_version,
    "DescribeWorkflowExecution": reading.describe,
    "DescribeWorkflowRule": rules.describe,
    "ExecuteMultiOperation": multi.execute,
    "FetchWorkerConfig": turned_off.fetch_worker_config,
    "GetClusterInfo": system.cluster_info,
    "GetCurrentDeployment": turned_off.deployments,
    "GetDeploymentReachability": turned_off.deployments,
    "GetSearchAttributes": system.search_attributes,
    "GetSystemInfo": system.system_info,
    "GetWorkerBuildIdCompatibility": turned_off.build_id_sets,
    "GetWorkerTaskReachability": turned_off.build_id_rules,
    "GetWorkerVersioningRules": turned_off.build_id_rules,
    "GetWorkflowExecutionHistory": reading.history,
    "GetWorkflowExecutionHistoryReverse": reading.history_reverse,
    "ListActivityExecutions": standalone_rows.list_all,
    "ListArchivedWorkflowExecutions": turned_off.archived,
    "ListBatchOperations": batches.list_all,
    "ListClosedWorkflowExecutions": visibility.list_closed,
    "ListDeployments": turned_off.deployments,
    "ListNamespaces": namespaces.list_all,
    "ListNexusOperationExecutions": standalone_operation_rows.list_all,
    "ListOpenWorkflowExecutions": visibility.list_open,
    "ListScheduleMatchingTimes": schedules.matching_times,
    "ListSchedules": schedule_rows.list_all,
    "ListTaskQueuePartitions": task_queues.partitions,
    "ListWorkerDeployments": deployments.list_all,
    "ListWorkers": workers.list_all,
    "ListWorkflowExecutions": visibility.list_runs,
    "ListWorkflowRules": rules.list_all,
    "PatchSchedule": schedules.patch,
    "PauseActivity": interventions.pause,
    "PauseActivityExecution": standalone_interventions.pause,
    "PauseWorkflowExecution": pausing.pause,
    "PollActivityExecution": standalone.poll,
    "PollActivityTaskQueue": activities.poll,
    "PollNexusOperationExecution": standalone_operations.poll,
    "PollNexusTaskQueue": nexus.poll,
    "PollWorkflowExecutionTimeSkipping": turned_off.poll_time_skipping,
    "PollWorkflowExecutionUpdate": updates.poll,
    "PollWorkflowTaskQueue": workflow_tasks.poll,
    "QueryWorkflow": queries.query,
    "RecordActivityTaskHeartbeat": activities.heartbeat,
    "RecordActivityTaskHeartbeatById": activities.heartbeat_by_id,
    "RecordWorkerHeartbeat": workers.record,
    "RegisterNamespace": namespaces.register,
    "RequestCancelActivityExecution": standalone.request_cancel,
    "RequestCancelNexusOperationExecution": standalone_operations.request_cancel,
    "RequestCancelWorkflowExecution": steering.request_cancel,
    "ResetActivity": interventions.reset,
    "ResetActivityExecution": standalone_interventions.reset,
    "ResetStickyTaskQueue": workflow_tasks.reset_sticky,
    "ResetWorkflowExecution": resetting.reset,
    "RespondActivityTaskCanceled": activities.cancel,
    "RespondActivityTaskCanceledById": activities.cancel_by_id,
    "RespondActivityTaskCompleted": activities.complete,
    "RespondActivityTaskCompletedById": activities.complete_by_id,
    "RespondActivityTaskFailed": activities.fail,
    "RespondActivityTaskFailedById": activities.fail_by_id,
    "RespondNexusTaskCompleted": nexus.complete,
    "RespondNexusTaskFailed": nexus.fail,
    "RespondQueryTaskCompleted": queries.answer,
    "RespondWorkflowTaskCompleted": workflow_tasks.complete,
    "RespondWorkflowTaskFailed": workflow_tasks.fail,
    "ScanWorkflowExecutions": visibility.scan,
    "SetCurrentDeployment": turned_off.deployments,
    "SetWorkerDeploymentCurrentVersion": deployment_changes.set_current,
    "SetWorkerDeploymentManager": deployment_upkeep.set_manager,
    "SetWorkerDeploymentRampingVersion": deployment_changes.set_ramping,
    "ShutdownWorker": task_queues.shut_down_worker,
    "SignalWithStartWorkflowExecution": starting.signal_with_start,
    "SignalWorkflowExecution": steering.signal,
    "StartActivityExecution": standalone_starting.start,
    "StartBatchOperation": batches.start,
    "StartNexusOperationExecution": standalone_operations.start,
    "StartWorkflowExecution": starting.start,
    "StopBatchOperation": batches.stop,
    "TerminateActivityExecution": standalone.terminate,
    "TerminateNexusOperationExecution": standalone_operations.terminate,
    "TerminateWorkflowExecution": steering.terminate,
    "TriggerWorkflowRule": turned_off.trigger_workflow_rule,
    "UnpauseActivity": interventions.unpause,
    "UnpauseActivityExecution": standalone_interventions.unpause,
    "UnpauseWorkflowExecution": pausing.unpause,
    "UpdateActivityExecutionOptions": standalone_interventions.update_options,
    "UpdateActivityOptions": interventions.update_options,
    "UpdateNamespace": namespaces.update,
    "UpdateSchedule": schedules.update,
    "UpdateTaskQueueConfig": task_queue_config.update,
    "UpdateWorkerBuildIdCompatibility": turned_off.build_id_sets,
    "UpdateWorkerConfig": turned_off.update_worker_config,
    "UpdateWorkerDeploymentVersionComputeConfig": deployment_upkeep.update_compute,
    "UpdateWorkerDeploymentVersionMetadata": deployment_upkeep.update_metadata,
    "UpdateWorkerVersioningRules": turned_off.build_id_rules,
    "UpdateWorkflowExecution": updates.update,
    "UpdateWorkflowExecutionOptions": options.update,
    "ValidateWorkerDeploymentVersionComputeConfig": deployment_upkeep.validate_compute,
}


OPERATOR: dict[str, Function] = {
    "AddSearchAttributes": operator.add_search_attributes,
    "CreateNexusEndpoint": endpoints.create,
    "DeleteNamespace": operator.delete_namespace,
    "DeleteNexusEndpoint": endpoints.delete,
    "GetNexusEndpoint": endpoints.get,
    "ListClusters": operator.list_clusters,
    "ListNexusEndpoints": endpoints.list_all,
    "ListSearchAttributes": operator.list_search_attributes,
    "RemoveRemoteCluster": operator.remove_cluster,
    "RemoveSearchAttributes": operator.remove_search_attributes,
    "UpdateNexusEndpoint": endpoints.update,
}

#: What schedules, batches and workflows ask for.
OWN_CALLS = (
    "DeleteActivityExecution",
    "DeleteWorkflowExecution",
    "DescribeActivityExecution",
    "DescribeWorkflowExecution",
    "GetWorkflowExecutionHistory",
    "RequestCancelActivityExecution",
    "RequestCancelWorkflowExecution",
    "ResetActivity",
    "ResetWorkflowExecution",
    "SignalWithStartWorkflowExecution",
    "SignalWorkflowExecution",
    "StartWorkflowExecution",
    "TerminateActivityExecution",
    "TerminateWorkflowExecution",
    "UnpauseActivity",
    "UpdateActivityOptions",
    "UpdateWorkflowExecutionOptions",
)

#: What workers and their callers ask again and again.
OFTEN = (
    "DescribeWorkflowExecution",
    "ExecuteMultiOperation",
    "GetWorkflowExecutionHistory",
    "PollActivityTaskQueue",
    "PollWorkflowTaskQueue",
    "QueryWorkflow",
    "RecordActivityTaskHeartbeat",
    "RespondActivityTaskCompleted",
    "RespondActivityTaskFailed",
    "RespondQueryTaskCompleted",
    "RespondWorkflowTaskCompleted",
    "SignalWithStartWorkflowExecution",
    "SignalWorkflowExecution",
    "StartWorkflowExecution",
    "UpdateWorkflowExecution",
)

SERVICES: tuple[tuple[ServiceDescriptor, Mapping[str, Function]], ...] = (
    (workflow_service.DESCRIPTOR.services_by_name["WorkflowService"], WORKFLOW),
    (operator_service.DESCRIPTOR.services_by_name["OperatorService"], OPERATOR),
)


def handlers(parts: Parts) -> tuple[grpc.GenericRpcHandler[Any, Any], ...]:
    protocol = (_service(descriptor, table, parts) for descriptor, table in SERVICES)
    return (*protocol, admin.handler(parts))


def add_often(server: grpc.aio.Server, parts: Parts) -> None:
    """gRPC takes in one call of each method added so at a time, and one of all the others, over
    several rounds of the event loop: those that come often wait for none but their own kind."""
    descriptor, table = SERVICES[0]
    methods = _methods(descriptor, {name: table[name] for name in OFTEN}, parts)
    server.add_registered_method_handlers(  # type: ignore[attr-defined]
        descriptor.full_name, methods
    )


def caller(parts: Parts) -> Call:
    """How the engine itself calls WorkflowService: by the same checks and routes as a client."""
    service = workflow_service.DESCRIPTOR.services_by_name["WorkflowService"]
    table = {
        name: forwarding.routed(parts, service.full_name, name, WORKFLOW[name])
        for name in OWN_CALLS
    }

    async def call(name: str, request: Message) -> Any:
        try:
            answer = await table[name](parts, request)
        except grpc.aio.AioRpcError as refusal:
            raise statuses.refusal(refusal.code(), refusal.details() or "") from refusal
        response = GetMessageClass(service.methods_by_name[name].output_type)
        return response.FromString(answer) if isinstance(answer, bytes) else answer

    return call


def _service(
    descriptor: ServiceDescriptor, table: Mapping[str, Function], parts: Parts
) -> grpc.GenericRpcHandler[Any, Any]:
    methods = _methods(descriptor, table, parts)
    return grpc.method_handlers_generic_handler(descriptor.full_name, methods)


def _methods(
    descriptor: ServiceDescriptor, table: Mapping[str, Function], parts: Parts
) -> dict[str, grpc.RpcMethodHandler[Any, Any]]:
    return {
        name: _method(
            descriptor.methods_by_name[name],
            forwarding.routed(parts, descriptor.full_name, name, function),
            parts,
        )
        for name, function in table.items()
    }


def _method(
    method: MethodDescriptor, function: Function, parts: Parts
) -> grpc.RpcMethodHandler[Any, Any]:
    handler: grpc.RpcMethodHandler[Any, Any] = grpc.unary_unary_rpc_method_handler(
        guarded(method.name, function, parts),
        request_deserializer=GetMessageClass(method.input_type).FromString,
        response_serializer=serialised,
    )
    return handler
