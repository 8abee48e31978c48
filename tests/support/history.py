"""Histories as numbered text.

    assert_history(events, '''
        1 WorkflowExecutionStarted attempt=1
        2 WorkflowTaskScheduled
    ''')

What stands behind a name must hold of the event; what does not stand there may be anything.
A value is compared as text: numbers, names of enums without their prefix, payloads as JSON.
"""

import re
from collections.abc import Iterable
from typing import Any

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message
from temporalio.api.common.v1 import Payload, Payloads
from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent

_CHECK = re.compile(r"([\w.]+)=('[^']*'|\S+)")


def name_of(event: HistoryEvent) -> str:
    """WorkflowExecutionStarted, of EVENT_TYPE_WORKFLOW_EXECUTION_STARTED."""
    words = EventType.Name(event.event_type).removeprefix("EVENT_TYPE_").split("_")
    return "".join(word.capitalize() for word in words)


def attributes_of(event: HistoryEvent) -> Message:
    field = event.WhichOneof("attributes")
    assert field is not None
    attributes: Message = getattr(event, field)
    return attributes


def listed(events: Iterable[HistoryEvent]) -> str:
    return "\n".join(f"{event.event_id} {name_of(event)}" for event in events)


def assert_history(events: Iterable[HistoryEvent], expected: str) -> None:
    seen = list(events)
    lines = [line.strip() for line in expected.strip().splitlines()]
    wanted = "\n".join(" ".join(line.split()[:2]) for line in lines)
    assert listed(seen) == wanted
    for event, line in zip(seen, lines, strict=True):
        for path, value in _CHECK.findall(line):
            found = value_at(attributes_of(event), path)
            assert found == value.strip("'"), f"{line}: {path} is {found!r}"


def value_at(message: Any, path: str) -> str:
    field = None
    for part in path.split("."):
        field = message.DESCRIPTOR.fields_by_name[part]
        message = getattr(message, part)
    return _text(field, message)


def _text(field: FieldDescriptor | None, value: Any) -> str:
    if isinstance(value, Payloads):
        return ",".join(payload.data.decode() for payload in value.payloads)
    if isinstance(value, Payload):
        return value.data.decode()
    if isinstance(value, Message) and hasattr(value, "ToJsonString"):
        return str(value.ToJsonString())
    if field is not None and field.enum_type is not None:
        return field.enum_type.values_by_number[value].name
    return str(value)
