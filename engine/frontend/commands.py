"""What is filled into a worker's commands before the run sees them.

The run knows neither its namespace's name nor its search attributes; both are known here.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from temporalio.api.command.v1 import Command
from temporalio.api.common.v1 import SearchAttributes
from temporalio.api.enums.v1 import CommandType as C
from temporalio.api.enums.v1 import WorkflowTaskFailedCause
from temporalio.api.workflowservice.v1 import (
    RespondWorkflowTaskCompletedRequest,
    RespondWorkflowTaskFailedRequest,
)

from engine.background import system_operations
from engine.background.endpoints import Endpoints
from engine.core.limits import Limits
from engine.errors import InvalidArgument
from engine.frontend import attributes, start_checks
from engine.frontend.parts import Parts
from engine.namespaces import Namespace
from engine.protocol.nexus import SYSTEM_ENDPOINT

Cause = WorkflowTaskFailedCause
BAD_ATTRIBUTES = Cause.WORKFLOW_TASK_FAILED_CAUSE_BAD_SEARCH_ATTRIBUTES
BAD_OPERATION = Cause.WORKFLOW_TASK_FAILED_CAUSE_BAD_SCHEDULE_NEXUS_OPERATION_ATTRIBUTES

_WITH_NAMESPACE = {
    C.COMMAND_TYPE_START_CHILD_WORKFLOW_EXECUTION: (
        "start_child_workflow_execution_command_attributes"
    ),
    C.COMMAND_TYPE_SIGNAL_EXTERNAL_WORKFLOW_EXECUTION: (
        "signal_external_workflow_execution_command_attributes"
    ),
    C.COMMAND_TYPE_REQUEST_CANCEL_EXTERNAL_WORKFLOW_EXECUTION: (
        "request_cancel_external_workflow_execution_command_attributes"
    ),
}
_WITH_ATTRIBUTES = {
    C.COMMAND_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES: (
        "upsert_workflow_search_attributes_command_attributes"
    ),
    C.COMMAND_TYPE_START_CHILD_WORKFLOW_EXECUTION: (
        "start_child_workflow_execution_command_attributes"
    ),
    C.COMMAND_TYPE_CONTINUE_AS_NEW_WORKFLOW_EXECUTION: (
        "continue_as_new_workflow_execution_command_attributes"
    ),
}


def fill_in(commands: RespondWorkflowTaskCompletedRequest, here: Namespace, limits: Limits) -> None:
    """Refuses with InvalidArgument search attributes that cannot be taken."""
    for command in commands.commands:
        field = _WITH_NAMESPACE.get(command.command_type)
        if field is not None and not getattr(command, field).namespace:
            getattr(command, field).namespace = here.name
        for given in _search_attributes(command):
            given.CopyFrom(attributes.stamped(given, here, limits))


def check_own_operations(
    parts: Parts, commands: RespondWorkflowTaskCompletedRequest, here: Namespace
) -> None:
    """Refuses with InvalidArgument what workflows may not ask of the engine itself."""
    for command in commands.commands:
        if command.command_type == C.COMMAND_TYPE_SCHEDULE_NEXUS_OPERATION:
            given = command.schedule_nexus_operation_command_attributes
            # What comes with a header is refused with the other commands.
            if given.endpoint == SYSTEM_ENDPOINT and not given.nexus_header:
                asked = system_operations.request_of(
                    given.service, given.operation, given.input, here.name
                )
                start_checks.check_signal_with_start(parts, asked)


async def endpoints(
    commands: RespondWorkflowTaskCompletedRequest, known: Endpoints
) -> dict[str, str]:
    """The ids of those that the commands name and that there are."""
    found = {}
    for command in commands.commands:
        if command.command_type == C.COMMAND_TYPE_SCHEDULE_NEXUS_OPERATION:
            name = command.schedule_nexus_operation_command_attributes.endpoint
            if name == SYSTEM_ENDPOINT:
                found[name] = ""
            elif (endpoint := await known.named(name)) is not None:
                found[name] = endpoint.id
    return found


def _search_attributes(command: Command) -> Iterator[SearchAttributes]:
    field = _WITH_ATTRIBUTES.get(command.command_type)
    if field is not None:
        given: Any = getattr(command, field)
        if given.search_attributes.indexed_fields:
            yield given.search_attributes


def failure_of(
    request: RespondWorkflowTaskCompletedRequest,
    refusal: InvalidArgument,
    cause: WorkflowTaskFailedCause.ValueType,
) -> RespondWorkflowTaskFailedRequest:
    """What the task fails with instead."""
    failed = RespondWorkflowTaskFailedRequest(
        task_token=request.task_token,
        namespace=request.namespace,
        identity=request.identity,
        cause=cause,
    )
    name = Cause.Name(cause).removeprefix("WORKFLOW_TASK_FAILED_CAUSE_")
    words = "".join(word.capitalize() for word in name.split("_"))
    failed.failure.message = f"{words}: {refusal.message}"
    return failed
