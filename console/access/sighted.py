"""What this person sees of one payload: in windows, as a file. By the masks, and nothing beside."""

import re
from dataclasses import replace

from django.http import HttpResponse

from console.gateway import payloads, sight, stores, texts
from console.gateway.held import Held
from console.gateway.payloads import Value
from console.gateway.sight import Seen
from console.gateway.texts import Window
from console.ui.refusals import Refusal


def value(held: Held) -> Value:
    """As it is seen now: another sight sees another."""
    return payloads.readable(held.payload, name=held.name)


def window(held: Held, first: int) -> Window | None:
    """None where nothing of it can be shown."""
    seen = _seen(held)
    return None if seen.state in {"closed", "hidden"} else texts.window(seen.payload, first)


def fetched(held: Held) -> Held:
    """What the reference leads to; asked for by a click, and kept nowhere."""
    looking = sight.current()
    with sight.unmasked() as bare:
        reference = bare.seen(held.payload, held.name).payload
    if not sight.is_reference(reference):
        raise Refusal(409, "This payload lies in no store: there is nothing to fetch.")
    try:
        found = stores.follow(looking.policy.stores, reference, looking.namespace)
    except stores.NotFollowed as no:
        raise Refusal(502, str(no)) from no
    return replace(held, payload=found)


def may_take(held: Held) -> bool:
    return sight.current().may_take(_seen(held))


def as_file(held: Held, run_id: str, place: str) -> HttpResponse:
    """What is encoded comes as it is kept; `place` and the run's id name the file."""
    seen = _seen(held)
    if not sight.current().may_take(seen):
        raise Refusal(403, "It holds bytes that cannot be masked field by field.")
    kind, end = texts.file_of(seen.payload)
    response = HttpResponse(seen.payload.data, content_type=kind)
    masked = "-masked" if seen.masked else ""
    run, place = (re.sub(r"[^A-Za-z0-9-]+", "-", part) for part in (run_id, place))
    name = f"payload-{run}-{place}{masked}.{end}"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["Cache-Control"] = "no-store"
    response["X-Content-Type-Options"] = "nosniff"
    return response


def _seen(held: Held) -> Seen:
    return sight.current().seen(held.payload, held.name)
