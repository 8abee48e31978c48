"""One payload of a history from a file: whole, in windows, as a file, fetched from where it lies.

Nothing of it is revealed: whoever opened the file has what it holds.
"""

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.views.decorators.http import require_GET, require_POST

from console.access import sighted
from console.access.decorators import demand, requires
from console.access.policy import can
from console.gateway.payloads import Place
from console.ui.htmx import HtmxRequest, render_page
from console.workflows import opening
from console.workflows.file_views import frame
from console.workflows.forms import TimelineForm
from console.workflows.opening import Opened

#: Who starts runs may write any reference that a store's settings allow; so nobody else follows
#: one that a file brings.
MAY_FOLLOW = "run.start"


@require_GET
@requires("history.open")
def payload(request: HtmxRequest, namespace: str, file_id: UUID, of_event: Place) -> HttpResponse:
    it, context = _opened(request, namespace, file_id, of_event)
    return _page(request, it, context)


@require_POST
@requires("run.start")
def follow(request: HtmxRequest, namespace: str, file_id: UUID, of_event: Place) -> HttpResponse:
    it, context = _opened(request, namespace, file_id, of_event)
    return _page(request, opening.followed(it), context | {"fetched": True})


@require_GET
@requires("history.open")
def download(request: HtmxRequest, namespace: str, file_id: UUID, of_event: Place) -> HttpResponse:
    it, _ = _opened(request, namespace, file_id, of_event)
    if "fetched" in request.GET:
        demand(request.user, MAY_FOLLOW, namespace)
        it = opening.followed(it)
    return opening.as_file(it)


def _opened(
    request: HtmxRequest, namespace: str, file_id: UUID, place: Place
) -> tuple[Opened, dict[str, Any]]:
    run, known, context = frame(request, namespace, file_id, "events")
    return opening.in_file(run, known.events, place), context


def _page(request: HtmxRequest, it: Opened, context: dict[str, Any]) -> HttpResponse:
    first = TimelineForm(request.GET).asked()["first"] or 0
    context |= {
        "it": it,
        "way": request.path.removesuffix("follow/"),
        "window": sighted.window(it.held, first),
        "may_download": sighted.may_take(it.held),
        "may_follow": can(request.user, MAY_FOLLOW, it.key.namespace),
    }
    return render_page(request, "workflows/payload.html", context, parts=["payload"])
