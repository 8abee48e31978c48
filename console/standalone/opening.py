"""One payload, opened on demand: found by its number in what the server tells of its owner."""

import re
from dataclasses import dataclass, replace

from django.http import HttpResponse

from console.gateway import payloads, sight, standalone_details, texts
from console.gateway.held import Held
from console.gateway.payloads import Value
from console.gateway.sight import Seen
from console.gateway.standalone_details import Detail
from console.gateway.texts import Window
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
    return replace(it, value=payloads.readable(it.held.payload, name=it.held.name))


def _seen(it: Opened) -> Seen:
    return sight.current().seen(it.held.payload, it.held.name)


def window(it: Opened, first: int) -> Window | None:
    """None where nothing of it can be shown."""
    seen = _seen(it)
    return None if seen.state in {"closed", "hidden"} else texts.window(seen.payload, first)


def may_take(it: Opened) -> bool:
    return sight.current().may_take(_seen(it))


def as_file(it: Opened) -> HttpResponse:
    """What this person sees of it; what is encoded, as the server keeps it."""
    seen = _seen(it)
    if not sight.current().may_take(seen):
        raise Refusal(403, "It holds bytes that cannot be masked field by field.")
    kind, end = texts.file_of(seen.payload)
    response = HttpResponse(seen.payload.data, content_type=kind)
    run = re.sub(r"[^A-Za-z0-9-]", "", it.one.summary.key.run_id)
    masked = "-masked" if seen.masked else ""
    name = f"payload-{run}-{it.number}{masked}.{end}"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["Cache-Control"] = "no-store"
    response["X-Content-Type-Options"] = "nosniff"
    return response
