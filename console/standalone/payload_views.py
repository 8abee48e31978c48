"""One payload of what stands alone: whole, in windows, as a file; revealed."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpResponse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from console.access import sighted
from console.access.decorators import demand, requires
from console.gateway import sight
from console.standalone import actions, opening
from console.standalone.forms import RevealForm, first_of
from console.standalone.opening import Opened
from console.ui import paths
from console.ui.htmx import HtmxRequest, render_page

Shown = Callable[[HtmxRequest, Opened], HttpResponse]


def of_number(view: Shown) -> Callable[..., HttpResponse]:
    """The address says which payload of which one. `?fetched` stands in links that are beside what
    a click has fetched from its store."""

    @wraps(view)
    def on(
        request: HtmxRequest,
        namespace: str,
        kind: str,
        *,
        alone_id: str,
        run_id: str,
        number: int,
        attempt: int = 0,
    ) -> HttpResponse:
        it = opening.opened((namespace, kind, alone_id, run_id), number, attempt)
        return view(request, opening.followed(it) if "fetched" in request.GET else it)

    return on


@require_GET
@requires("payload.view")
@of_number
def payload(request: HtmxRequest, it: Opened) -> HttpResponse:
    return _page(request, it)


@require_GET
@requires("payload.view")
@of_number
def download(_request: HtmxRequest, it: Opened) -> HttpResponse:
    return opening.as_file(it)


@require_http_methods(["GET", "POST"])
@requires("payload.reveal")
@of_number
def reveal(request: HtmxRequest, it: Opened) -> HttpResponse:
    demand(request.user, "payload.view", it.one.summary.key.namespace)
    form = RevealForm(request.POST or None)
    context = _context(it) | {"form": form}
    if not form.is_valid():
        status = 422 if form.errors else 200
        template = "standalone/reveal.html"
        return render_page(request, template, context, parts=["dialog"], status=status)
    actions.reveal(request.user, it.one, it.held, form.cleaned_data["reason"])
    with sight.unmasked():
        context |= {"it": opening.again(it), "window": sighted.window(it.held, 0)}
        return render_page(request, "standalone/revealed.html", context, parts=["dialog"])


@require_POST
@requires("payload.view")
@of_number
def follow(request: HtmxRequest, it: Opened) -> HttpResponse:
    return _page(request, opening.followed(it), fetched=True)


def _page(request: HtmxRequest, it: Opened, *, fetched: bool = False) -> HttpResponse:
    window = sighted.window(it.held, first_of(request.GET))
    context = _context(it) | {"window": window, "fetched": fetched}
    return render_page(request, "standalone/payload.html", context, parts=["payload"])


def _context(it: Opened) -> dict[str, Any]:
    key, views = it.one.summary.key, ("reveal", "download", "follow")
    return {
        "it": it,
        "alone": key,
        "urls": {view: paths.of_payload(view, key, it.number, it.attempt) for view in views},
        "may_download": sighted.may_take(it.held),
    }
