"""One payload, opened on demand: found by its place, decoded even if the codec has just failed."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from django.http import HttpResponse

from console.access import sighted
from console.gateway import held as gateway
from console.gateway import payloads, sight
from console.gateway.events import Event
from console.gateway.held import Held
from console.gateway.payloads import Place, Value
from console.gateway.runs import RunDetail, RunKey
from console.ui.refusals import Refusal
from console.workflows.reading import read


@dataclass(frozen=True, slots=True)
class Opened:
    """`held` is the gateway's own, as it came; `value` is what this person sees of it."""

    run: RunDetail
    place: Place
    held: Held
    value: Value = payloads.NOTHING

    @property
    def key(self) -> RunKey:
        return self.run.summary.key

    @property
    def address(self) -> tuple[str, str, str]:
        return self.key.namespace, self.key.workflow_id, self.key.run_id


def opened(run: RunDetail, place: Place) -> Opened:
    held = _held(run, place)
    if held is None:
        raise Refusal(404, "There is no such payload, or not any more.")
    return _read(Opened(run, place, held))


def in_file(run: RunDetail, history: Sequence[Event], place: Place) -> Opened:
    """`run` is what the file tells of it."""
    event = next((one for one in history if one.id == int(place.name)), None)
    held = gateway.in_event(event, place.number) if event else None
    if held is None:
        raise Refusal(404, "There is no such payload in this file.")
    return _read(Opened(run, place, held))


def _held(run: RunDetail, place: Place) -> Held | None:
    match place.part:
        case "events":
            return gateway.in_event(_event(run, int(place.name)), place.number)
        case "answers":
            return gateway.in_answer(run, place)
        case "attempts":
            return gateway.in_attempt(run, place)
        case _:
            return gateway.in_description(run, place)


def _event(run: RunDetail, event_id: int) -> Event:
    known = read(run.summary.key, run.summary.history_length)
    while not known.complete and known.last_id < event_id:
        known = read(run.summary.key, run.summary.history_length)
    found = next((one for one in known.events if one.id == event_id), None)
    if found is None:
        raise Refusal(404, f"This history has no event {event_id}.")
    return found


def _read(it: Opened) -> Opened:
    sight.current().prepare([it.held.payload], insist=True)
    return again(it)


def again(it: Opened) -> Opened:
    """As it is seen now: by another sight than before."""
    return replace(it, value=sighted.value(it.held))


def as_file(it: Opened) -> HttpResponse:
    held = it.held.event_id or it.held.title[:60]
    return sighted.as_file(it.held, it.key.run_id, f"{held}-{it.place.number}")


def followed(it: Opened) -> Opened:
    return _read(replace(it, held=sighted.fetched(it.held)))
