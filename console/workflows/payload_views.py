"""One payload of a run: whole, in windows, as a file; revealed, fetched from where it lies."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from console.access import sighted
from console.access.decorators import demand, requires
from console.gateway import sight
from console.gateway.payloads import Place
from console.ui.htmx import HtmxRequest, render_page
from console.workflows import actions, opening
from console.workflows.forms import RevealForm, TimelineForm
from console.workflows.opening import Opened
from console.workflows.run_views import described, frame

Shown = Callable[[HtmxRequest, Opened], HttpResponse]
Addressed = Callable[[HtmxRequest, str, str, str, Place], HttpResponse]


def of_place(view: Shown) -> Addressed:
    """The address says which payload; an answer is for who may ask."""

    @wraps(view)
    def on(
        request: HtmxRequest, namespace: str, workflow_id: str, run_id: str, place: Place
    ) -> HttpResponse:
        if place.part == "answers":
            demand(request.user, "run.query", namespace)
        return view(request, opening.opened(described(namespace, workflow_id, run_id), place))

    return on


def fetched(view: Shown) -> Shown:
    """`?fetched` stands in links that are beside what a click has fetched from its store."""

    @wraps(view)
    def on(request: HtmxRequest, it: Opened) -> HttpResponse:
        return view(request, opening.followed(it) if "fetched" in request.GET else it)

    return on


@require_GET
@requires("payload.view")
@of_place
def payload(request: HtmxRequest, it: Opened) -> HttpResponse:
    return _page(request, it)


@require_GET
@requires("payload.view")
@of_place
@fetched
def download(request: HtmxRequest, it: Opened) -> HttpResponse:
    return opening.as_file(it)


@require_http_methods(["GET", "POST"])
@requires("payload.reveal")
@of_place
@fetched
def reveal(request: HtmxRequest, it: Opened) -> HttpResponse:
    demand(request.user, "payload.view", it.key.namespace)
    form = RevealForm(request.POST or None)
    context = _context(request, it) | {"form": form, "title": "Reveal this payload"}
    if not form.is_valid():
        status = 422 if form.errors else 200
        template = "workflows/reveal.html"
        return render_page(request, template, context, parts=["dialog"], status=status)
    actions.reveal(request.user, it.key, it.held, form.cleaned_data["reason"])
    with sight.unmasked():
        context |= {"it": opening.again(it), "window": sighted.window(it.held, 0), "revealed": True}
        return render_page(request, "workflows/revealed.html", context, parts=["dialog"])


@require_POST
@requires("payload.view")
@of_place
def follow(request: HtmxRequest, it: Opened) -> HttpResponse:
    return _page(request, opening.followed(it), fetched=True)


def _page(request: HtmxRequest, it: Opened, *, fetched: bool = False) -> HttpResponse:
    first = TimelineForm(request.GET).asked()["first"] or 0
    context = _context(request, it) | {"window": sighted.window(it.held, first), "fetched": fetched}
    return render_page(request, "workflows/payload.html", context, parts=["payload"])


def _context(request: HtmxRequest, it: Opened) -> dict[str, Any]:
    return frame(request, it.run, "payloads") | {
        "it": it,
        "way": reverse("workflows:payload", args=[*it.address, it.place]),
        "may_follow": True,
        "may_download": sighted.may_take(it.held),
    }
