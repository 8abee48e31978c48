"""What a run's description holds, by its place: memo, search attributes, its pending activities."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from temporalio.api.common.v1 import Payload

from console.gateway import activities, events, questions, steering
from console.gateway.events import Event
from console.gateway.payloads import Place
from console.gateway.runs import RunDetail
from console.gateway.walking import numbered_in
from console.gateway.workflows import OUR_ATTRIBUTES


@dataclass(frozen=True, slots=True)
class Held:
    """`payload` as it came; `name` as a mask knows it; `told` is how the activity log names it."""

    title: str
    name: str
    payload: Payload
    told: Mapping[str, Any]
    event_id: int = 0


def in_event(event: Event, number: int) -> Held | None:
    found = events.payload(event, number)
    told = {"event": event.id, "kind": event.kind, "payload": number}
    return Held(event.kind, *found, told, event.id) if found else None


def in_description(run: RunDetail, place: Place) -> Held | None:
    about, name = run.told.workflow_execution_info, place.name
    match place.part:
        case "memo":
            return _named(f"Memo {name}", "memo", name, about.memo.fields)
        case "attributes" if name not in OUR_ATTRIBUTES:
            fields = about.search_attributes.indexed_fields
            return _named(f"Search attribute {name}", "search attribute", name, fields)
        case "pending":
            return _pending(run, place)
        case _:
            return None


def _named(title: str, kind: str, name: str, fields: Mapping[str, Payload]) -> Held | None:
    return Held(title, name, fields[name], {kind: name}) if name in fields else None


def _pending(run: RunDetail, place: Place) -> Held | None:
    """Heartbeat and failure change with each attempt: what is opened is what they hold now."""
    of_it = (one for one in run.told.pending_activities if one.activity_id == place.name)
    found = next(
        (one for info in of_it for one in islice(numbered_in(info), place.number, None)), None
    )
    kind = next((one.type for one in run.activities if one.id == place.name), "")
    told = {"activity": place.name, "kind": kind, "payload": place.number}
    return Held(f"Pending {kind} {place.name}", *found, told) if found else None


def in_attempt(run: RunDetail, place: Place) -> Held | None:
    failure = activities.failed_attempt(run.summary.key, place.name)
    found = next(islice(numbered_in(failure), place.number, None), None) if failure else None
    told = {"attempt": place.name, "payload": place.number}
    return Held(f"Attempt {place.name}", *found, told) if found else None


def in_answer(run: RunDetail, place: Place) -> Held | None:
    """Asks the workflow once more."""
    question = questions.opened(place.name)
    if question is None:
        return None
    values = steering.answer(run.summary.key, question).payloads
    told = {
        "query": question.name,
        "arguments": list(question.arguments),
        "payload": place.number,
    }
    title = f"Answer to {question.name}"
    return Held(title, "", values[place.number], told) if place.number < len(values) else None
