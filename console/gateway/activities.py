"""Typed calls on pending activities, and every attempt of one that failed.

Pause, resume, reset and options reach one activity by its id, all of a type, or all of the run (but
a pause, which the protocol has by id and by type alone); none of them leaves an event in the
history. Complete and fail do.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar

from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.json_format import ParseDict
from temporalio.api.activity.v1 import ActivityOptions as ActivityOptionsMessage
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.failure.v1 import ApplicationFailureInfo
from temporalio.api.failure.v1 import Failure as FailureMessage
from temporalio.api.workflowservice.v1 import (
    PauseActivityRequest,
    ResetActivityRequest,
    RespondActivityTaskCompletedByIdRequest,
    RespondActivityTaskFailedByIdRequest,
    UnpauseActivityRequest,
    UpdateActivityOptionsRequest,
)

from console.gateway import admin, payloads, sight, workflows
from console.gateway.channel import GatewayError, Trouble, call, workflow_service
from console.gateway.payloads import Failure, Place, Within
from console.gateway.runs import ActivityOptions, RunKey

ATTEMPTS_PAGE_ROWS = 20


@dataclass(frozen=True, slots=True)
class Which:
    """One by its id, all of a type, or all of the run: at most one of the two says something."""

    id: str = ""
    type: str = ""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One that failed and was, or will be, tried again."""

    number: int
    started_at: datetime | None
    failed_at: datetime | None
    retry_at: datetime | None
    worker: str
    failure: Failure

    @property
    def took(self) -> timedelta | None:
        return self.failed_at - self.started_at if self.started_at and self.failed_at else None


@dataclass(frozen=True, slots=True)
class AttemptPage:
    rows: tuple[Attempt, ...]
    next_token: str


def pause(key: RunKey, which: Which, reason: str, identity: str) -> None:
    asked = PauseActivityRequest(
        namespace=key.namespace,
        execution=_execution(key),
        identity=identity,
        reason=reason,
    )
    call(workflow_service().PauseActivity, _naming(asked, which))


def resume(
    key: RunKey, which: Which, identity: str, *, from_first: bool, forgets_beat: bool
) -> None:
    asked = UnpauseActivityRequest(
        namespace=key.namespace,
        execution=_execution(key),
        identity=identity,
        reset_attempts=from_first,
        reset_heartbeat=forgets_beat,
    )
    call(workflow_service().UnpauseActivity, _naming(asked, which))


def reset(key: RunKey, which: Which, identity: str, *, forgets_beat: bool) -> None:
    """Tries now, counting from the first attempt; the options stay as they are."""
    asked = ResetActivityRequest(
        namespace=key.namespace,
        execution=_execution(key),
        identity=identity,
        reset_heartbeat=forgets_beat,
    )
    call(workflow_service().ResetActivity, _naming(asked, which))


def complete(key: RunKey, activity_id: str, result: list[Any], identity: str) -> None:
    """Also while it waits for its next attempt. `result`: one value, or none at all."""
    call(
        workflow_service().RespondActivityTaskCompletedById,
        RespondActivityTaskCompletedByIdRequest(
            namespace=key.namespace,
            workflow_id=key.workflow_id,
            run_id=key.run_id,
            activity_id=activity_id,
            result=payloads.sent(key.namespace, result) if result else None,
            identity=identity,
        ),
    )


def fail(
    key: RunKey, activity_id: str, message: str, identity: str, *, kind: str, final: bool
) -> None:
    """Only an attempt that runs can be failed; `final` says that no other may follow."""
    info = ApplicationFailureInfo(type=kind, non_retryable=final)
    call(
        workflow_service().RespondActivityTaskFailedById,
        RespondActivityTaskFailedByIdRequest(
            namespace=key.namespace,
            workflow_id=key.workflow_id,
            run_id=key.run_id,
            activity_id=activity_id,
            failure=FailureMessage(
                message=message, source="perdure-console", application_failure_info=info
            ),
            identity=identity,
        ),
    )


#: our field -> where the protocol keeps it
PATHS: Mapping[str, str] = {
    "task_queue": "task_queue.name",
    "schedule_to_close_timeout": "schedule_to_close_timeout",
    "schedule_to_start_timeout": "schedule_to_start_timeout",
    "start_to_close_timeout": "start_to_close_timeout",
    "heartbeat_timeout": "heartbeat_timeout",
    "initial_interval": "retry_policy.initial_interval",
    "backoff_coefficient": "retry_policy.backoff_coefficient",
    "maximum_interval": "retry_policy.maximum_interval",
    "maximum_attempts": "retry_policy.maximum_attempts",
    "priority_key": "priority.priority_key",
}
#: What the protocol takes with its whole retry policy alone.
FINAL_TYPES = "final_types"
_RETRY = [name for name, path in PATHS.items() if path.startswith("retry_policy.")]


def change(
    key: RunKey,
    which: Which,
    changes: Mapping[str, Any],
    identity: str,
    standing: ActivityOptions | None = None,
) -> ActivityOptions:
    """`changes`: field of ActivityOptions -> new value. What the activity has then comes back."""
    asked = UpdateActivityOptionsRequest(
        namespace=key.namespace,
        execution=_execution(key),
        identity=identity,
        **wanted(changes, standing),
    )
    answer = call(workflow_service().UpdateActivityOptions, _naming(asked, which))
    return workflows.options(answer.activity_options)


def wanted(changes: Mapping[str, Any], standing: ActivityOptions | None = None) -> dict[str, Any]:
    """The fields of a request that say what is to change.

    `standing`: of the one whose FINAL_TYPES change; the rest of its retry policy goes with them.
    """
    options = ActivityOptionsMessage()
    paths = [PATHS[name] for name in changes if name != FINAL_TYPES]
    plain = {name: value for name, value in changes.items() if name != FINAL_TYPES}
    if FINAL_TYPES in changes:
        assert standing is not None, "the types are those of one activity"
        options.retry_policy.non_retryable_error_types.extend(changes[FINAL_TYPES])
        told = {name: getattr(standing, name) for name in _RETRY}
        plain = {name: value for name, value in told.items() if value} | plain
        paths = [path for path in paths if not path.startswith("retry_policy.")] + ["retry_policy"]
    for name, value in plain.items():
        _set(options, PATHS[name], value)
    return {"activity_options": options, "update_mask": FieldMask(paths=paths)}


Naming = TypeVar(
    "Naming",
    PauseActivityRequest,
    UnpauseActivityRequest,
    ResetActivityRequest,
    UpdateActivityOptionsRequest,
)


def _naming(asked: Naming, which: Which) -> Naming:
    if which.id:
        asked.id = which.id
    elif which.type:
        asked.type = which.type
    elif isinstance(asked, UnpauseActivityRequest):
        asked.unpause_all = True
    elif not isinstance(asked, PauseActivityRequest):
        asked.match_all = True
    return asked


def _set(message: Any, path: str, value: Any) -> None:
    *parents, name = path.split(".")
    for parent in parents:
        message = getattr(message, parent)
    if isinstance(value, timedelta):
        getattr(message, name).FromTimedelta(value)
    elif value is None:
        getattr(message, name).SetInParent()
    else:
        setattr(message, name, value)


def attempts(
    key: RunKey, *, activity_id: str = "", event_id: int = 0, token: str = ""
) -> AttemptPage | None:
    """The newest first; of a pending activity by its id, of any by the event that scheduled it.

    None: this server keeps only the last failure.
    """
    whose = f"activity {activity_id}" if activity_id else f"event {event_id}"
    named = _of_run(key) | {"activity_id": activity_id, "scheduled_event_id": event_id}
    return listed(named, whose, token)


def _of_run(key: RunKey) -> dict[str, Any]:
    return {"namespace": key.namespace, "workflow_id": key.workflow_id, "run_id": key.run_id}


def listed(named: Mapping[str, Any], whose: str, token: str) -> AttemptPage | None:
    """`named`: which activity the engine is asked of, `whose` in the names of its places."""
    try:
        answer = admin.ask("ListAttempts", page_size=ATTEMPTS_PAGE_ROWS, page_token=token, **named)
    except GatewayError as error:
        if error.trouble is Trouble.UNSUPPORTED:
            return None
        raise
    failures = [_failure(row) for row in answer["rows"]]
    sight.prepare(*failures)
    rows = tuple(
        _attempt(row, one, whose) for row, one in zip(answer["rows"], failures, strict=True)
    )
    return AttemptPage(rows, answer["next_page_token"])


#: the name of an attempt's place: its number, and whose it is
ATTEMPT = re.compile(r"([0-9]{1,9}) of (activity|event) (.+)", re.DOTALL)


def failed_attempt(key: RunKey, name: str) -> FailureMessage | None:
    """By the name of its place; the list begins below the number that it is asked for."""
    said = ATTEMPT.fullmatch(name)
    if said is None or (said[2] == "event" and not said[3].isdecimal()):
        return None
    whose = {"activity_id": said[3]} if said[2] == "activity" else {}
    of_event = {"scheduled_event_id": int(said[3])} if said[2] == "event" else {}
    return failure_of(_of_run(key) | whose | of_event, int(said[1]))


def failure_of(named: Mapping[str, Any], attempt: int) -> FailureMessage | None:
    answer = admin.ask("ListAttempts", page_size=1, page_token=str(attempt + 1), **named)
    found = (_failure(row) for row in answer["rows"] if int(row["attempt"]) == attempt)
    return next(found, None)


def _failure(row: Mapping[str, Any]) -> FailureMessage:
    return ParseDict(row["failure"], FailureMessage())


def _attempt(row: Mapping[str, Any], failure: FailureMessage, whose: str) -> Attempt:
    place = Place("attempts", f"{int(row['attempt'])} of {whose}")
    return Attempt(
        number=int(row["attempt"]),
        started_at=admin.moment(row["started_at"]),
        failed_at=admin.moment(row["failed_at"]),
        retry_at=admin.moment(row["retry_at"]),
        worker=row["identity"],
        failure=payloads.failure(failure, of=Within(place, failure)),
    )


def _execution(key: RunKey) -> WorkflowExecution:
    return WorkflowExecution(workflow_id=key.workflow_id, run_id=key.run_id)
