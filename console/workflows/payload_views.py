"""One payload of one event: whole, in windows, as a file; revealed, fetched from where it lies."""

from typing import Any

from django.http import HttpResponse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from console.access.decorators import requires
from console.gateway import sight
from console.gateway.payloads import Place
from console.ui.htmx import HtmxRequest, render_page
from console.workflows import actions, opening
from console.workflows.forms import RevealForm, TimelineForm
from console.workflows.opening import Opened
from console.workflows.run_views import described, frame


@require_GET
@requires("payload.view")
def payload(
    request: HtmxRequest,
    namespace: str,
    workflow_id: str,
    run_id: str,
    *,
    event_id: int,
    number: int,
) -> HttpResponse:
    it = _opened(namespace, workflow_id, run_id, Place(event_id, number))
    first = TimelineForm(request.GET).asked()["first"] or 0
    context = _page(request, it) | {"window": opening.window(it, first)}
    return render_page(request, "workflows/payload.html", context, parts=["payload"])


@require_GET
@requires("payload.view")
def download(
    request: HtmxRequest,
    namespace: str,
    workflow_id: str,
    run_id: str,
    *,
    event_id: int,
    number: int,
) -> HttpResponse:
    it = _opened(namespace, workflow_id, run_id, Place(event_id, number))
    return opening.as_file(opening.followed(it) if "fetched" in request.GET else it)


@require_http_methods(["GET", "POST"])
@requires("payload.reveal")
def reveal(
    request: HtmxRequest,
    namespace: str,
    workflow_id: str,
    run_id: str,
    *,
    event_id: int,
    number: int,
) -> HttpResponse:
    it = _opened(namespace, workflow_id, run_id, Place(event_id, number))
    if "fetched" in request.GET:
        it = opening.followed(it)
    form = RevealForm(request.POST or None)
    context = _page(request, it) | {"form": form, "title": "Reveal this payload"}
    if not form.is_valid():
        status = 422 if form.errors else 200
        template = "workflows/reveal.html"
        return render_page(request, template, context, parts=["dialog"], status=status)
    actions.reveal(request.user, it.key, it.event, number, form.cleaned_data["reason"])
    with sight.unmasked():
        context |= {"it": opening.again(it), "window": opening.window(it, 0), "revealed": True}
        return render_page(request, "workflows/revealed.html", context, parts=["dialog"])


@require_POST
@requires("payload.view")
def follow(
    request: HtmxRequest,
    namespace: str,
    workflow_id: str,
    run_id: str,
    *,
    event_id: int,
    number: int,
) -> HttpResponse:
    it = opening.followed(_opened(namespace, workflow_id, run_id, Place(event_id, number)))
    first = TimelineForm(request.GET).asked()["first"] or 0
    context = _page(request, it) | {"window": opening.window(it, first), "fetched": True}
    return render_page(request, "workflows/payload.html", context, parts=["payload"])


def _opened(namespace: str, workflow_id: str, run_id: str, place: Place) -> Opened:
    return opening.opened(described(namespace, workflow_id, run_id), place)


def _page(request: HtmxRequest, it: Opened) -> dict[str, Any]:
    args = [*it.address, it.event.id, it.place.number]
    return frame(request, it.run, "payloads") | {
        "it": it,
        "args": args,
        "may_download": opening.may_take(it),
    }
