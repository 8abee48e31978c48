"""What the server tells of one standalone activity or Nexus operation."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Any

from temporalio.api.activity.v1 import ActivityOptions as ActivityOptionsMessage
from temporalio.api.enums.v1 import (
    NexusOperationCancellationState,
    PendingActivityState,
    PendingNexusOperationState,
)

from console.gateway import activities, payloads, sight, standalone, summaries, workflows
from console.gateway.activities import AttemptPage
from console.gateway.held import Held
from console.gateway.payloads import Failure, Place, Value, Within
from console.gateway.runs import ActivityOptions
from console.gateway.standalone import ACTIVITIES, Execution, Key
from console.gateway.walking import numbered_in

#: Fields of a description that are options of the activity as well.
OPTIONS = (
    "schedule_to_close_timeout",
    "schedule_to_start_timeout",
    "start_to_close_timeout",
    "heartbeat_timeout",
    "retry_policy",
    "priority",
)


@dataclass(frozen=True, slots=True)
class Detail:
    """`state` and `cancel`: the protocol's words without their prefix, or empty."""

    summary: Execution
    about: str
    state: str
    attempt: int
    started_at: datetime | None
    answered_at: datetime | None
    next_try_at: datetime | None
    expires_at: datetime | None
    worker: str
    #: the last failure of an attempt
    failure: Failure | None
    input: tuple[Value, ...]
    result: tuple[Value, ...]
    #: how it ended, if it did not end well
    ended: Failure | None
    cancel: str = ""
    cancel_reason: str = ""
    #: of an activity alone
    beat_at: datetime | None = None
    beats: int = 0
    heartbeat: tuple[Value, ...] = ()
    options: ActivityOptions | None = None
    #: payloads for interceptors, by name
    header: Mapping[str, Value] = field(default_factory=dict)
    #: of an operation alone
    token: str = ""
    blocked: str = ""
    headers: Mapping[str, str] | None = None
    #: as it came, for whoever opens a payload of it
    told: Any = None

    @property
    def trouble(self) -> Failure | None:
        """What it failed with, or does: what a server says around it is not the cause."""
        found = self.ended or self.failure
        while found and not found.message and found.cause:
            found = found.cause
        return found


def describe(key: Key) -> Detail:
    more = {"include_input": True, "include_outcome": True}
    if key.kind is ACTIVITIES:
        more |= {"include_heartbeat_details": True, "include_last_failure": True}
    answer = standalone.asked_about(key, **more)
    sight.prepare(answer)
    return _activity(key, answer) if key.kind is ACTIVITIES else _operation(key, answer)


def held(one: Detail, number: int) -> Held | None:
    """Its payload of that number, in the order of the whole description."""
    found = next(islice(numbered_in(one.told), number, None), None)
    key = one.summary.key
    told = {key.kind.noun: key.id, "run": key.run_id, "payload": number}
    return Held(f"{one.summary.does} {key.id}", *found, told) if found else None


def attempts(key: Key, token: str) -> AttemptPage | None:
    """Those that failed and were, or will be, tried again, the newest first.

    None: this server keeps only the last failure.
    """
    return activities.listed(_named(key), f"activity {key.id}", token)


def held_by_attempt(one: Detail, attempt: int, number: int) -> Held | None:
    """The payload of that number in the failure of that attempt."""
    key = one.summary.key
    failure = activities.failure_of(_named(key), attempt)
    found = next(islice(numbered_in(failure), number, None), None) if failure else None
    told = {key.kind.noun: key.id, "run": key.run_id, "attempt": attempt, "payload": number}
    title = f"Attempt {attempt} of {one.summary.does} {key.id}"
    return Held(title, *found, told) if found else None


def _named(key: Key) -> dict[str, str]:
    return {"namespace": key.namespace, "activity_id": key.id, "run_id": key.run_id}


def _activity(key: Key, answer: Any) -> Detail:
    info, of = answer.info, _within(key, answer)
    outcome = answer.outcome
    return Detail(
        summary=_summary(key, answer, at=info.task_queue),
        about=summaries.said(info.user_metadata),
        state=_word(PendingActivityState.Name(info.run_state), "PENDING_ACTIVITY_STATE_"),
        attempt=info.attempt,
        started_at=payloads.moment(info.last_started_time),
        answered_at=payloads.moment(info.last_attempt_complete_time),
        next_try_at=payloads.moment(info.next_attempt_schedule_time),
        expires_at=payloads.moment(info.expiration_time),
        worker=info.last_worker_identity,
        failure=_failure(info, "last_failure", of),
        input=payloads.values(answer.input, of),
        result=payloads.values(outcome.result, of),
        ended=_failure(outcome, "failure", of),
        cancel_reason=info.canceled_reason,
        beat_at=payloads.moment(info.last_heartbeat_time),
        beats=info.total_heartbeat_count,
        heartbeat=payloads.values(info.heartbeat_details, of),
        options=workflows.options(_options(info)),
        header={
            name: payloads.readable(one, of, name)
            for name, one in sorted(info.header.fields.items())
        },
        told=answer,
    )


def _operation(key: Key, answer: Any) -> Detail:
    info, of = answer.info, _within(key, answer)
    cancel = info.cancellation_info
    return Detail(
        summary=_summary(key, answer, at=info.endpoint),
        about=summaries.said(info.user_metadata),
        state=_word(PendingNexusOperationState.Name(info.state), "PENDING_NEXUS_OPERATION_STATE_"),
        attempt=info.attempt,
        started_at=None,
        answered_at=payloads.moment(info.last_attempt_complete_time),
        next_try_at=payloads.moment(info.next_attempt_schedule_time),
        expires_at=payloads.moment(info.expiration_time),
        worker="",
        failure=_failure(info, "last_attempt_failure", of),
        input=payloads.values([answer.input] if answer.HasField("input") else [], of),
        result=payloads.values([answer.result] if answer.HasField("result") else [], of),
        ended=_failure(answer, "failure", of),
        cancel=_word(
            NexusOperationCancellationState.Name(cancel.state),
            "NEXUS_OPERATION_CANCELLATION_STATE_",
        )
        if info.HasField("cancellation_info")
        else "",
        cancel_reason=cancel.reason,
        token=info.operation_token,
        blocked=info.blocked_reason or cancel.blocked_reason,
        headers=dict(info.nexus_header),
        told=answer,
    )


def _within(key: Key, answer: Any) -> Within:
    """Its payloads are numbered through the whole answer."""
    return Within(Place(key.kind.name, key.id), answer)


def _summary(key: Key, answer: Any, *, at: str) -> Execution:
    info = answer.info
    return Execution(
        key=Key(key.namespace, key.kind, key.id, answer.run_id),
        does=standalone.does(key.kind, info),
        at=at,
        status=standalone.status_of(key.kind, info.status),
        started_at=payloads.moment(info.schedule_time),
        closed_at=payloads.moment(info.close_time),
        took=payloads.span(info.execution_duration) if info.HasField("close_time") else None,
        attributes=standalone.named(info),
    )


def _failure(given: Any, field: str, of: Within) -> Failure | None:
    return payloads.failure(getattr(given, field), of=of) if given.HasField(field) else None


def _options(info: Any) -> ActivityOptionsMessage:
    options = ActivityOptionsMessage()
    options.task_queue.name = info.task_queue
    for name in OPTIONS:
        if info.HasField(name):
            getattr(options, name).CopyFrom(getattr(info, name))
    return options


def _word(name: str, prefix: str) -> str:
    word = name.removeprefix(prefix).lower()
    return "" if word == "unspecified" else word
