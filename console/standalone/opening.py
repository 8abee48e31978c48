"""One payload, opened on demand: found by its number in what the server tells of its owner, or in
the failure of one of its attempts."""

from dataclasses import dataclass, replace

from django.http import HttpResponse

from console.access import sighted
from console.gateway import payloads, sight, standalone_details
from console.gateway.held import Held
from console.gateway.payloads import Value
from console.gateway.standalone_details import Detail
from console.standalone import looking
from console.ui.refusals import Refusal


@dataclass(frozen=True, slots=True)
class Opened:
    """`held` is the gateway's own, as it came; `value` is what this person sees of it."""

    one: Detail
    number: int
    held: Held
    value: Value = payloads.NOTHING
    attempt: int = 0


def opened(address: tuple[str, str, str, str], number: int, attempt: int = 0) -> Opened:
    """`attempt`: in the failure of that one, else in what is told of the whole."""
    if attempt:
        one = looking.activity(*address)
        held = standalone_details.held_by_attempt(one, attempt, number)
    else:
        one = looking.one(*address)
        held = standalone_details.held(one, number)
    if held is None:
        raise Refusal(404, "There is no such payload, or not any more.")
    return _read(Opened(one, number, held, attempt=attempt))


def _read(it: Opened) -> Opened:
    sight.current().prepare([it.held.payload], insist=True)
    return again(it)


def again(it: Opened) -> Opened:
    """As it is seen now: by another sight than before."""
    return replace(it, value=sighted.value(it.held))


def followed(it: Opened) -> Opened:
    return _read(replace(it, held=sighted.fetched(it.held)))


def as_file(it: Opened) -> HttpResponse:
    return sighted.as_file(it.held, it.one.summary.key.run_id, str(it.number))
