"""What a worker says in these tests: commands, payloads, failures."""

from __future__ import annotations

import json
from typing import Any

from google.protobuf.duration_pb2 import Duration
from temporalio.api.command.v1 import Command
from temporalio.api.common.v1 import (
    ActivityType,
    Payload,
    Payloads,
    RetryPolicy,
    WorkflowExecution,
    WorkflowType,
)
from temporalio.api.enums.v1 import CommandType
from temporalio.api.failure.v1 import ApplicationFailureInfo, Failure
from temporalio.api.taskqueue.v1 import TaskQueue


def text(*values: Any) -> Payloads:
    """Payloads as the SDKs' default converter makes them."""
    return Payloads(
        payloads=[
            Payload(metadata={"encoding": b"json/plain"}, data=json.dumps(value).encode())
            for value in values
        ]
    )


def seconds(count: float) -> Duration:
    length = Duration()
    length.FromNanoseconds(int(count * 1_000_000_000))
    return length


def failed(message: str, kind: str = "", *, non_retryable: bool = False) -> Failure:
    return Failure(
        message=message,
        application_failure_info=ApplicationFailureInfo(type=kind, non_retryable=non_retryable),
    )


def retries(initial: float = 0.05, attempts: int = 0) -> RetryPolicy:
    """An interval that does not grow."""
    return RetryPolicy(
        initial_interval=seconds(initial), backoff_coefficient=1, maximum_attempts=attempts
    )


def command(name: str, **attributes: Any) -> Command:
    """`command("start_timer", timer_id="t")`: any command, named as in the protocol."""
    made = Command(command_type=CommandType.Value(f"COMMAND_TYPE_{name.upper()}"))
    field = getattr(made, f"{name}_command_attributes")
    field.SetInParent()
    field.MergeFrom(type(field)(**attributes))
    return made


def complete(result: Payloads | None = None) -> Command:
    return command("complete_workflow_execution", result=result)


def fail(failure: Failure) -> Command:
    return command("fail_workflow_execution", failure=failure)


def schedule_activity(activity_id: str, queue: str, **given: Any) -> Command:
    """Ten seconds from start to close unless it is given times of its own."""
    if not any(name.endswith("_close_timeout") for name in given):
        given["start_to_close_timeout"] = seconds(10)
    return command(
        "schedule_activity_task",
        activity_id=activity_id,
        activity_type=ActivityType(name=given.pop("kind", "Charge")),
        task_queue=TaskQueue(name=queue),
        **given,
    )


def cancel_activity(scheduled_event_id: int) -> Command:
    return command("request_cancel_activity_task", scheduled_event_id=scheduled_event_id)


def start_timer(timer_id: str, after: float) -> Command:
    return command("start_timer", timer_id=timer_id, start_to_fire_timeout=seconds(after))


def cancel_timer(timer_id: str) -> Command:
    return command("cancel_timer", timer_id=timer_id)


def start_child(workflow_id: str, queue: str, **given: Any) -> Command:
    return command(
        "start_child_workflow_execution",
        workflow_id=workflow_id,
        workflow_type=WorkflowType(name=given.pop("kind", "Child")),
        task_queue=TaskQueue(name=queue),
        **given,
    )


def continue_as_new(queue: str, **given: Any) -> Command:
    return command(
        "continue_as_new_workflow_execution",
        workflow_type=WorkflowType(name=given.pop("kind", "Scripted")),
        task_queue=TaskQueue(name=queue),
        **given,
    )


def signal_external(workflow_id: str, name: str, **given: Any) -> Command:
    return command(
        "signal_external_workflow_execution",
        execution=WorkflowExecution(workflow_id=workflow_id, run_id=given.pop("run_id", "")),
        signal_name=name,
        **given,
    )
