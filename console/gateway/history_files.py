"""A history as a file: from the command line, the web UI, an SDK, or this console."""

import json
import zlib
from collections.abc import Sequence
from typing import Any

from google.protobuf.message import DecodeError
from temporalio.api.history.v1 import History, HistoryEvent

from console.gateway import events, indexed, payloads, protojson
from console.gateway.events import Event
from console.gateway.protojson import Unreadable
from console.gateway.runs import RunDetail, RunKey, RunSummary

#: A little more than the longest history that a server lets grow.
EVENTS_MAX = 60_000
STATUSES = {
    "completed": "Completed",
    "failed": "Failed",
    "timed-out": "TimedOut",
    "canceled": "Canceled",
    "terminated": "Terminated",
    "continued-as-new": "ContinuedAsNew",
}


def read(text: bytes) -> list[Event]:
    """Raises Unreadable, which says where in the file it is and what is wrong."""
    listed = _listed(text)
    if not listed:
        raise Unreadable("This history has no event.")
    if len(listed) > EVENTS_MAX:
        raise Unreadable(f"{len(listed):,} events; {EVENTS_MAX:,} are the most.")
    found = [_event(number, content) for number, content in enumerate(listed, 1)]
    if found[0].kind != "WorkflowExecutionStarted":
        raise Unreadable(f"Event 1 is {found[0].kind}; a history begins with its start.")
    return found


def _listed(text: bytes) -> list[Any]:
    # What a shell has written may be in another encoding than UTF-8.
    encoding = json.detect_encoding(text)
    try:
        content = json.loads(text.decode(encoding))
    except UnicodeDecodeError as error:
        named = encoding.upper().removesuffix("-SIG")
        raise Unreadable(f"Byte {error.start:,}: this is no text in {named}.") from error
    except json.JSONDecodeError as error:
        where = f"Line {error.lineno:,}, column {error.colno:,}"
        raise Unreadable(f"{where}: this is not JSON: {error.msg}.") from error
    except RecursionError as error:
        raise Unreadable("It is nested too deep to be a history.") from error
    except ValueError as error:
        raise Unreadable("A number in it has more digits than one of a history has.") from error
    inside = content.get("history", content) if isinstance(content, dict) else content
    listed = inside.get("events") if isinstance(inside, dict) else inside
    if not isinstance(listed, list):
        raise Unreadable("This is JSON, and no history: it has no list of `events`.")
    return listed


def _event(number: int, content: Any) -> Event:
    raw = HistoryEvent()
    try:
        protojson.fill(raw, content)
    except Unreadable as error:
        at = f", {error.path}" if error.path else ""
        raise Unreadable(f"Event {number:,} of the file{at}: {error.says}.") from error
    if raw.event_id != number:
        raise Unreadable(
            f"Event {number:,} of the file has the id {raw.event_id:,}:"
            " events are numbered from 1 without a gap."
        )
    wrong = _wrong(raw)
    if wrong:
        raise Unreadable(f"Event {number:,} of the file: {wrong}.")
    return events.event(raw)


def _wrong(raw: HistoryEvent) -> str:
    kind = events.KINDS.get(raw.event_type)
    if not raw.event_type:
        return "it has no eventType"
    if kind is None or not kind.field:
        return f"this console knows no event of type {raw.event_type}"
    given = raw.WhichOneof("attributes")
    return "" if given == kind.field else f"its attributes ({kind.field}) are not there"


def packed(history: Sequence[Event]) -> bytes:
    return zlib.compress(History(events=[event.raw for event in history]).SerializeToString(), 1)


def unpacked(content: bytes) -> list[Event]:
    try:
        raws = History.FromString(zlib.decompress(content)).events
    except (zlib.error, DecodeError) as error:
        raise AssertionError("what was kept is what was packed") from error
    return [events.event(raw) for raw in raws]


def described(namespace: str, name: str, history: Sequence[Event]) -> RunDetail:
    """What the history itself tells of its run; `name` where it has no workflow id."""
    started = history[0].attributes
    close = next((event for event in reversed(history) if event.category == "run"), history[0])
    status = STATUSES.get(close.step, "Running")
    parent = started.parent_workflow_execution
    return RunDetail(
        summary=RunSummary(
            key=RunKey(namespace, started.workflow_id or name, started.original_execution_run_id),
            type=started.workflow_type.name,
            task_queue=started.task_queue.name,
            status=status,
            started_at=history[0].at,
            execution_at=None,
            closed_at=close.at if status in STATUSES.values() else None,
            history_length=len(history),
            history_bytes=sum(event.raw.ByteSize() for event in history),
            transitions=0,
            parent=RunKey(
                started.parent_workflow_namespace or namespace, parent.workflow_id, parent.run_id
            )
            if parent.workflow_id
            else None,
            root=None,
            first_run_id=started.first_execution_run_id,
            attributes=indexed.seen(started.search_attributes.indexed_fields.items()),
            memo={},
            problem=None,
        ),
        execution_timeout=payloads.span(started.workflow_execution_timeout),
        run_timeout=payloads.span(started.workflow_run_timeout),
        task_timeout=payloads.span(started.workflow_task_timeout),
        cancel_requested=False,
    )
