"""Failures that the server itself makes."""

from __future__ import annotations

from temporalio.api.common.v1 import Payloads
from temporalio.api.enums.v1 import TimeoutType
from temporalio.api.failure.v1 import Failure

SOURCE = "Server"


def timeout(
    kind: TimeoutType.ValueType, message: str, heartbeat: Payloads | None = None
) -> Failure:
    failure = Failure(message=message, source=SOURCE)
    failure.timeout_failure_info.timeout_type = kind
    if heartbeat is not None:
        failure.timeout_failure_info.last_heartbeat_details.CopyFrom(heartbeat)
    return failure


def server(message: str, *, non_retryable: bool = False) -> Failure:
    failure = Failure(message=message, source=SOURCE)
    failure.server_failure_info.non_retryable = non_retryable
    return failure


def unfinished_update() -> Failure:
    """Of an update that was accepted by a run that then closed without an answer to it."""
    failure = Failure(
        message=(
            "Workflow Update failed because the Workflow completed before the Update completed."
        ),
        source=SOURCE,
    )
    failure.application_failure_info.type = "AcceptedUpdateCompletedWorkflow"
    failure.application_failure_info.non_retryable = True
    return failure


def truncated(failure: Failure, bytes_max: int) -> Failure:
    """The failure, or the beginning of what it says if it is too large to be kept."""
    if failure.ByteSize() <= bytes_max:
        return failure
    kept = Failure(message=failure.message[:bytes_max], source=failure.source)
    kept.server_failure_info.SetInParent()
    return kept
