"""What the engine refuses, as exceptions that a caller can act on.

    EngineError
    ├── InvalidArgument                the request can never be right
    ├── NotFound
    │   ├── NamespaceNotFound
    │   ├── RunNotFound
    │   └── TaskNotFound               stale or unknown token: the worker drops its work
    ├── AlreadyStarted                 a run of this workflow id is running, or ran
    │   ├── ActivityAlreadyStarted     a standalone activity of this id
    │   ├── OperationAlreadyStarted    a standalone Nexus operation of this id
    │   └── ScheduleExists
    ├── NamespaceAlreadyExists
    ├── DeploymentExists
    ├── EndpointExists
    ├── FailedPrecondition
    │   └── WorkflowNotReady
    ├── PermissionDenied
    ├── QueryFailed                    the workflow's own query handler refused
    ├── ResourceExhausted
    ├── Unavailable                    nothing was stored; the same call may be sent again
    ├── DeadlineExceeded               nobody answered in the time that the caller gave
    ├── Aborted
    ├── OperationsFailed               of several in one call; each says its own part
    └── Unsupported

`frontend/statuses.py` turns each leaf into its gRPC status, once.
"""

from __future__ import annotations

from enum import Enum
from typing import Any


class EngineError(Exception):
    """The root of all refusals; its message is meant for the caller."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class InvalidArgument(EngineError):
    pass


class NotFound(EngineError):
    pass


class NamespaceNotFound(NotFound):
    def __init__(self, namespace: str) -> None:
        super().__init__(f"Namespace {namespace} is not found.")
        self.namespace = namespace


class NamespaceIsNotRegistered(EngineError):
    """It is deprecated: what runs there goes on, and nothing new begins."""

    def __init__(self, message: str, namespace: str = "", state: int = 0) -> None:
        super().__init__(message)
        self.namespace, self.state = namespace, state


class RunNotFound(NotFound):
    pass


class TaskNotFound(NotFound):
    pass


class AlreadyStarted(EngineError):
    def __init__(
        self, message: str, run_id: str, start_request_id: str = "", first_run_id: str = ""
    ) -> None:
        super().__init__(message)
        self.run_id = run_id
        self.start_request_id = start_request_id
        # Of the chain that the run is in.
        self.first_run_id = first_run_id


class ActivityAlreadyStarted(AlreadyStarted):
    """A standalone activity of this id is there, or was."""


class OperationAlreadyStarted(AlreadyStarted):
    """A standalone Nexus operation of this id is there, or was."""


class ScheduleExists(AlreadyStarted):
    def __init__(self, schedule_id: str, run_id: str = "") -> None:
        super().__init__(f'schedule "{schedule_id}" is already registered', run_id)


class NamespaceAlreadyExists(EngineError):
    pass


class DeploymentExists(EngineError):
    """Or the version of one."""


class EndpointExists(EngineError):
    """A Nexus endpoint of that name."""


class FailedPrecondition(EngineError):
    pass


class WorkflowNotReady(FailedPrecondition):
    pass


class PermissionDenied(EngineError):
    pass


class QueryFailed(EngineError):
    """Carries the `temporalio.api.failure.v1.Failure` of the workflow's handler, if it gave one."""

    def __init__(self, message: str, failure: Any = None) -> None:
        super().__init__(message)
        self.failure = failure


class ResourceExhausted(EngineError):
    """`cause` and `scope` are numbers of the protocol's ResourceExhaustedCause and Scope."""

    def __init__(self, message: str, cause: int = 0, scope: int = 0) -> None:
        super().__init__(message)
        self.cause = cause
        self.scope = scope


class Unavailable(EngineError):
    pass


class DeadlineExceeded(EngineError):
    pass


class Aborted(EngineError):
    pass


class Done(Enum):
    DONE = "an operation that was carried out"


class OperationsFailed(EngineError):
    """`parts` has a refusal for each operation; None for one that was not tried."""

    def __init__(self, message: str, parts: tuple[EngineError | Done | None, ...] = ()) -> None:
        super().__init__(message)
        self.parts = parts


class Unsupported(EngineError):
    pass
