"""A history event as the console sees it: cheap to make, since a page may need ten thousand.

An Event keeps its message and decodes attributes only when somebody looks at them. `head` is the
event that opened its group (an activity's Scheduled, a timer's Started …), so that groups need no
second look at the wire.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp
from temporalio.api.common.v1 import Payload, Payloads, RetryPolicy
from temporalio.api.enums.v1 import EventType, WorkflowTaskFailedCause
from temporalio.api.failure.v1 import Failure as FailureMessage
from temporalio.api.history.v1 import HistoryEvent

from console.gateway import payloads, sight
from console.gateway.lengths import length
from console.gateway.payloads import Failure, Value
from console.gateway.walking import numbered_in

#: category -> step -> (what the protocol calls it, the field that leads to the head)
STEPS: dict[str, dict[str, tuple[str, str]]] = {
    "activity": {
        "opened": ("ActivityTaskScheduled", ""),
        "started": ("ActivityTaskStarted", "scheduled_event_id"),
        "completed": ("ActivityTaskCompleted", "scheduled_event_id"),
        "failed": ("ActivityTaskFailed", "scheduled_event_id"),
        "timed-out": ("ActivityTaskTimedOut", "scheduled_event_id"),
        "cancel-requested": ("ActivityTaskCancelRequested", "scheduled_event_id"),
        "canceled": ("ActivityTaskCanceled", "scheduled_event_id"),
    },
    "timer": {
        "opened": ("TimerStarted", ""),
        "completed": ("TimerFired", "started_event_id"),
        "canceled": ("TimerCanceled", "started_event_id"),
    },
    "child": {
        "opened": ("StartChildWorkflowExecutionInitiated", ""),
        "start-failed": ("StartChildWorkflowExecutionFailed", "initiated_event_id"),
        "started": ("ChildWorkflowExecutionStarted", "initiated_event_id"),
        "completed": ("ChildWorkflowExecutionCompleted", "initiated_event_id"),
        "failed": ("ChildWorkflowExecutionFailed", "initiated_event_id"),
        "canceled": ("ChildWorkflowExecutionCanceled", "initiated_event_id"),
        "timed-out": ("ChildWorkflowExecutionTimedOut", "initiated_event_id"),
        "terminated": ("ChildWorkflowExecutionTerminated", "initiated_event_id"),
    },
    "external": {
        "opened": ("SignalExternalWorkflowExecutionInitiated", ""),
        "failed": ("SignalExternalWorkflowExecutionFailed", "initiated_event_id"),
        "completed": ("ExternalWorkflowExecutionSignaled", "initiated_event_id"),
    },
    "external-cancel": {
        "opened": ("RequestCancelExternalWorkflowExecutionInitiated", ""),
        "failed": ("RequestCancelExternalWorkflowExecutionFailed", "initiated_event_id"),
        "completed": ("ExternalWorkflowExecutionCancelRequested", "initiated_event_id"),
    },
    "signal": {"point": ("WorkflowExecutionSignaled", "")},
    "update": {
        "opened": ("WorkflowExecutionUpdateAccepted", ""),
        "completed": ("WorkflowExecutionUpdateCompleted", "accepted_event_id"),
        "failed": ("WorkflowExecutionUpdateRejected", ""),
        "admitted": ("WorkflowExecutionUpdateAdmitted", ""),
    },
    "marker": {
        "point": ("MarkerRecorded", ""),
        "attributes": ("UpsertWorkflowSearchAttributes", ""),
        "memo": ("WorkflowPropertiesModified", ""),
    },
    "nexus": {
        "opened": ("NexusOperationScheduled", ""),
        "started": ("NexusOperationStarted", "scheduled_event_id"),
        "completed": ("NexusOperationCompleted", "scheduled_event_id"),
        "failed": ("NexusOperationFailed", "scheduled_event_id"),
        "canceled": ("NexusOperationCanceled", "scheduled_event_id"),
        "timed-out": ("NexusOperationTimedOut", "scheduled_event_id"),
        "cancel-requested": ("NexusOperationCancelRequested", "scheduled_event_id"),
    },
    "task": {
        "opened": ("WorkflowTaskScheduled", ""),
        "started": ("WorkflowTaskStarted", "scheduled_event_id"),
        "completed": ("WorkflowTaskCompleted", "scheduled_event_id"),
        "failed": ("WorkflowTaskFailed", "scheduled_event_id"),
        "timed-out": ("WorkflowTaskTimedOut", "scheduled_event_id"),
    },
    "run": {
        "opened": ("WorkflowExecutionStarted", ""),
        "completed": ("WorkflowExecutionCompleted", ""),
        "failed": ("WorkflowExecutionFailed", ""),
        "timed-out": ("WorkflowExecutionTimedOut", ""),
        "canceled": ("WorkflowExecutionCanceled", ""),
        "terminated": ("WorkflowExecutionTerminated", ""),
        "continued-as-new": ("WorkflowExecutionContinuedAsNew", ""),
        "cancel-requested": ("WorkflowExecutionCancelRequested", ""),
        "paused": ("WorkflowExecutionPaused", ""),
        "unpaused": ("WorkflowExecutionUnpaused", ""),
    },
}


@dataclass(frozen=True, slots=True)
class Kind:
    word: str
    field: str
    category: str
    step: str
    link: str


@dataclass(frozen=True, slots=True)
class Event:
    id: int
    at: datetime
    kind: str
    category: str
    step: str
    head: int
    raw: HistoryEvent

    @property
    def attributes(self) -> Any:
        return getattr(self.raw, KINDS[self.raw.event_type].field)


def _field(word: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in word)[1:]


def _kinds() -> dict[int, Kind]:
    known = {
        word: (category, step, link)
        for category, steps in STEPS.items()
        for step, (word, link) in steps.items()
    }
    kinds: dict[int, Kind] = {}
    for name, number in EventType.items():
        word = "".join(part.capitalize() for part in name.removeprefix("EVENT_TYPE_").split("_"))
        category, step, link = known.get(word, ("other", "point", ""))
        field = f"{_field(word)}_event_attributes"
        kinds[number] = Kind(
            word,
            field if field in HistoryEvent.DESCRIPTOR.fields_by_name else "",
            category,
            step,
            link,
        )
    return kinds


KINDS: dict[int, Kind] = _kinds()


def event(raw: HistoryEvent) -> Event:
    kind = KINDS[raw.event_type]
    head = getattr(getattr(raw, kind.field), kind.link) if kind.link else 0
    return Event(
        raw.event_id,
        payloads.moment(raw.event_time) or EPOCH,
        kind.word,
        kind.category,
        kind.step,
        head or raw.event_id,
        raw,
    )


EPOCH = datetime.fromisoformat("1970-01-01T00:00:00+00:00")


def has_attributes(event: Event) -> bool:
    """Events of a kind that the protocol here does not know have none."""
    return bool(KINDS[event.raw.event_type].field)


def name(event: Event) -> str:
    """What a person would call the group that this event opens."""
    path = NAMES.get(event.kind, "")
    return text(event, path) if path else event.kind


def text(event: Event, path: str) -> str:
    """A field of the event's message by its path, as text; empty where there is none."""
    value: Any = event.attributes if KINDS[event.raw.event_type].field else None
    for step in path.split("."):
        value = getattr(value, step, None)
    return "" if value is None else str(value)


#: event -> where its message keeps the name of its group
NAMES = {
    "ActivityTaskScheduled": "activity_type.name",
    "StartChildWorkflowExecutionInitiated": "workflow_type.name",
    "WorkflowExecutionSignaled": "signal_name",
    "SignalExternalWorkflowExecutionInitiated": "signal_name",
    "RequestCancelExternalWorkflowExecutionInitiated": "workflow_execution.workflow_id",
    "WorkflowExecutionUpdateAccepted": "accepted_request.input.name",
    "WorkflowExecutionUpdateAdmitted": "request.input.name",
    "WorkflowExecutionUpdateRejected": "rejected_request.input.name",
    "NexusOperationScheduled": "operation",
    "MarkerRecorded": "marker_name",
    "WorkflowExecutionStarted": "workflow_type.name",
}


def update_id(event: Event) -> str:
    """The id under which an accepted update was sent: the console's audit id, if it sent it."""
    return text(event, "accepted_request.meta.update_id")


def asked_under(event: Event) -> set[str]:
    """The ids that the caller gave, where the protocol keeps them in the event."""
    return {update_id(event), text(event, "request_id"), text(event, "attached_request_id")}


def identity(event: Event) -> str:
    return text(event, "accepted_request.meta.identity") or text(event, "identity")


def delay(event: Event) -> timedelta | None:
    """How long the timer of a TimerStarted is set for."""
    return payloads.span(event.attributes.start_to_fire_timeout)


def attempt(event: Event) -> int:
    return int(getattr(event.attributes, "attempt", 0) or 0)


def failure(event: Event) -> Failure | None:
    attributes = event.attributes
    for field in ("failure", "last_failure"):
        if field in attributes.DESCRIPTOR.fields_by_name and attributes.HasField(field):
            return payloads.failure(getattr(attributes, field), of=event.raw)
    if event.kind.endswith("UpdateCompleted") and attributes.outcome.HasField("failure"):
        return payloads.failure(attributes.outcome.failure, of=event.raw)
    return None


def task_failed_because(event: Event) -> str:
    """Why a workflow task failed, in the protocol's word without its prefix."""
    cause: Any = getattr(event.attributes, "cause", 0)
    name = WorkflowTaskFailedCause.Name(cause) if cause else ""
    words = name.removeprefix("WORKFLOW_TASK_FAILED_CAUSE_").split("_")
    return "".join(word.capitalize() for word in words)


def undelivered_because(event: Event) -> str:
    """Why a signal or cancellation did not reach the run that it was sent to."""
    return UNDELIVERED.get(getattr(event.attributes, "cause", 0), "it takes no more signals")


#: causes by the numbers that signals and cancellations share
UNDELIVERED = {0: "nobody says why", 1: "no such run is open", 2: "there is no such namespace"}


def reset_from(event: Event) -> str:
    """The run that was reset, where this is the event with which a reset begins."""
    is_one = event.kind == "WorkflowTaskFailed"
    return text(event, "base_run_id") if is_one and text(event, "new_run_id") else ""


def input_of(event: Event) -> tuple[Value, ...]:
    if event.kind.endswith("UpdateAccepted"):
        return payloads.values(event.attributes.accepted_request.input.args, event.raw)
    value = getattr(event.attributes, "input", None)
    return payloads.values(value, event.raw) if isinstance(value, Payloads) else ()


def result_of(event: Event) -> tuple[Value, ...]:
    if event.kind.endswith("UpdateCompleted"):
        return payloads.values(event.attributes.outcome.success, event.raw)
    value = getattr(event.attributes, "result", None)
    return payloads.values(value, event.raw) if isinstance(value, Payloads) else ()


@dataclass(frozen=True, slots=True)
class Field:
    """One attribute of an event. Exactly one of text, values, failure, event_id says something."""

    name: str
    text: str = ""
    values: tuple[Value, ...] = ()
    failure: Failure | None = None
    event_id: int = 0


def fields(event: Event) -> tuple[Field, ...]:
    """Every attribute that is set, in the protocol's order, decoded."""
    if not KINDS[event.raw.event_type].field:
        return ()
    prepare([event])
    return tuple(_flat(event.attributes, "", event.raw))


def prepare(some: Iterable[Event]) -> None:
    """Has a codec decode what these events carry, in one call, before a page reads it."""
    sight.prepare(*(event.raw for event in some))


def payload(event: Event, number: int) -> tuple[str, Payload] | None:
    """By its place: its name, if it has one, and itself."""
    return next(islice(numbered_in(event.raw), number, None), None)


def _flat(message: Message, prefix: str, of: HistoryEvent) -> list[Field]:
    result: list[Field] = []
    for descriptor, value in message.ListFields():
        wraps = descriptor.name in WRAPPERS and prefix
        label = prefix.removesuffix(".") if wraps else prefix + descriptor.json_name
        result += _one(label, descriptor.name, enum_word(descriptor, value), of)
    return result


#: Fields that only hold a map: memo.fields.customer is memo.customer to a reader.
WRAPPERS = frozenset({"fields", "indexed_fields"})


def enum_word(descriptor: FieldDescriptor, value: Any) -> Any:
    """RETRY_STATE_TIMEOUT of RetryState -> Timeout; a number that it does not know stays one."""
    kind = descriptor.enum_type
    known = kind.values_by_number.get(value) if kind and isinstance(value, int) else None
    if kind is None or known is None:
        return value
    prefix = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", kind.name).upper() + "_"
    return known.name.removeprefix(prefix).replace("_", " ").capitalize()


def _one(label: str, name: str, value: Any, of: HistoryEvent) -> list[Field]:
    for kind, build in BUILDERS:
        if isinstance(value, kind):
            return [build(label, value, of)]
    if name.endswith("event_id"):
        return [Field(label, event_id=int(value))]
    if isinstance(value, Message):
        return _flat(value, f"{label}.", of)
    if hasattr(value, "items"):
        pairs = sorted(value.items())
        return [one for key, each in pairs for one in _entry(f"{label}.{key}", key, each, of)]
    return [Field(label, text=str(value))]


def _entry(label: str, key: Any, value: Any, of: HistoryEvent) -> list[Field]:
    if isinstance(value, Payload):
        return [Field(label, values=(payloads.readable(value, of, str(key)),))]
    return _one(label, "", value, of)


BUILDERS: tuple[tuple[type, Callable[[str, Any, HistoryEvent], Field]], ...] = (
    (Payloads, lambda label, value, of: Field(label, values=payloads.values(value, of))),
    (Payload, lambda label, value, of: Field(label, values=(payloads.readable(value, of),))),
    (FailureMessage, lambda label, value, of: Field(label, failure=payloads.failure(value, of=of))),
    (
        Duration,
        lambda label, value, _: Field(label, text=f"{length(value).total_seconds():g} s"),
    ),
    (Timestamp, lambda label, value, _: Field(label, text=value.ToJsonString())),
)


def limits(event: Event) -> list[tuple[str, str]]:
    """The time limits and the retry policy that an activity was scheduled with, in words."""
    if event.kind != "ActivityTaskScheduled":
        return []
    attributes = event.attributes
    limited = {
        "a try": payloads.span(attributes.start_to_close_timeout),
        "in all": payloads.span(attributes.schedule_to_close_timeout),
        "to be taken": payloads.span(attributes.schedule_to_start_timeout),
        "between heartbeats": payloads.span(attributes.heartbeat_timeout),
    }
    times = ", ".join(
        f"{span.total_seconds():g} s {what}" for what, span in limited.items() if span
    )
    return [("Time limits", times), ("Retries", _retries(attributes.retry_policy))]


def _retries(policy: RetryPolicy) -> str:
    first = payloads.span(policy.initial_interval)
    most = payloads.span(policy.maximum_interval)
    parts = [
        f"after {first.total_seconds():g} s" if first else "",
        f"{policy.backoff_coefficient:g} times as long each time"
        if policy.backoff_coefficient
        else "",
        f"at most {most.total_seconds():g} s" if most else "",
        f"{policy.maximum_attempts} tries in all" if policy.maximum_attempts else "no end",
    ]
    return ", ".join(part for part in parts if part)
