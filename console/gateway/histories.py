"""Pages of a history, from both ends, and the single events that an audit row points at."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from google.protobuf import json_format
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.enums.v1 import HistoryEventFilterType
from temporalio.api.history.v1 import History, HistoryEvent
from temporalio.api.workflowservice.v1 import (
    GetWorkflowExecutionHistoryRequest,
    GetWorkflowExecutionHistoryReverseRequest,
)

from console.gateway import events, sight
from console.gateway.channel import call, workflow_service
from console.gateway.events import Event
from console.gateway.runs import RunKey

PAGE_EVENTS = 1_000
#: how far back the event of an act is looked for
TRAIL_EVENTS = 100
#: Written when they happen. What comes while a worker has a task may be written after its end, with
#: the time when it came.
TASK_ENDS = frozenset({"WorkflowTaskCompleted", "WorkflowTaskFailed", "WorkflowTaskTimedOut"})


@dataclass(frozen=True, slots=True)
class EventPage:
    events: tuple[Event, ...]
    next_token: bytes


def forward(key: RunKey, token: bytes = b"", size: int = PAGE_EVENTS) -> EventPage:
    answer = call(
        workflow_service().GetWorkflowExecutionHistory,
        GetWorkflowExecutionHistoryRequest(
            namespace=key.namespace,
            execution=_execution(key),
            maximum_page_size=size,
            next_page_token=token,
        ),
    )
    return EventPage(_events(answer.history.events), answer.next_page_token)


def backward(key: RunKey, token: bytes = b"", size: int = PAGE_EVENTS) -> EventPage:
    """The newest events first."""
    answer = call(
        workflow_service().GetWorkflowExecutionHistoryReverse,
        GetWorkflowExecutionHistoryReverseRequest(
            namespace=key.namespace,
            execution=_execution(key),
            maximum_page_size=size,
            next_page_token=token,
        ),
    )
    return EventPage(_events(answer.history.events), answer.next_page_token)


def newest(key: RunKey, since: datetime | None = None, size: int = PAGE_EVENTS) -> Iterator[Event]:
    """The newest first, back to where all that stands before is older; the whole without a time."""
    token = b""
    while True:
        page = backward(key, token, size)
        for event in page.events:
            if since and event.kind in TASK_ENDS and event.at and event.at < since:
                return
            yield event
        if not (token := page.next_token):
            return


def close_event(key: RunKey) -> Event | None:
    answer = call(
        workflow_service().GetWorkflowExecutionHistory,
        GetWorkflowExecutionHistoryRequest(
            namespace=key.namespace,
            execution=_execution(key),
            history_event_filter_type=HistoryEventFilterType.HISTORY_EVENT_FILTER_TYPE_CLOSE_EVENT,
        ),
    )
    found = _events(answer.history.events)
    return found[-1] if found else None


def update_event_id(key: RunKey, update_id: str) -> int | None:
    """The event of the accepted update with this id, if it is among the newest."""
    return update_among(backward(key, size=TRAIL_EVENTS).events, update_id)


def update_among(history: Iterable[Event], update_id: str) -> int | None:
    return next((one.id for one in history if events.update_id(one) == update_id), None)


def event_id_carrying(history: Sequence[Event], request_id: str) -> int | None:
    """The event that was asked for under this request id or update id."""
    return next((event.id for event in history if request_id in events.asked_under(event)), None)


def event_id_by(key: RunKey, kind: str, identity: str, request_id: str) -> int | None:
    """The event that carries the request's id; else the newest of this kind by this identity."""
    newest = backward(key, size=20).events
    by_identity = (e.id for e in newest if e.kind == kind and events.identity(e) == identity)
    return event_id_carrying(newest, request_id) or next(by_identity, None)


def as_json(history: Sequence[Event]) -> str:
    """As stored, in the form that the SDKs' replayers read; what one may not see is masked."""
    looking = sight.current()
    raws = [looking.as_seen(event.raw) for event in history]
    return json_format.MessageToJson(History(events=raws), indent=1)


def _events(raws: Sequence[HistoryEvent]) -> tuple[Event, ...]:
    return tuple(events.event(raw) for raw in raws)


def _execution(key: RunKey) -> WorkflowExecution:
    return WorkflowExecution(workflow_id=key.workflow_id, run_id=key.run_id)
