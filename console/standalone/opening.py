"""One payload, opened on demand: found by its number in what the server tells of its owner."""

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


def opened(address: tuple[str, str, str, str], number: int) -> Opened:
    one = looking.one(*address)
    held = standalone_details.held(one, number)
    if held is None:
        raise Refusal(404, "There is no such payload, or not any more.")
    sight.current().prepare([held.payload], insist=True)
    return again(Opened(one, number, held))


def again(it: Opened) -> Opened:
    """As it is seen now: by another sight than before."""
    return replace(it, value=sighted.value(it.held))


def as_file(it: Opened) -> HttpResponse:
    return sighted.as_file(it.held, it.one.summary.key.run_id, str(it.number))
