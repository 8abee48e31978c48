"""One payload of what stands alone: whole, in windows, as a file; revealed."""

from typing import Any

from django.http import HttpResponse
from django.views.decorators.http import require_GET, require_http_methods

from console.access import sighted
from console.access.decorators import requires
from console.gateway import sight
from console.standalone import actions, opening
from console.standalone.forms import RevealForm, first_of
from console.standalone.opening import Opened
from console.ui.htmx import HtmxRequest, render_page


@require_GET
@requires("payload.view")
def payload(
    request: HtmxRequest, namespace: str, kind: str, *, alone_id: str, run_id: str, number: int
) -> HttpResponse:
    it = opening.opened((namespace, kind, alone_id, run_id), number)
    context = _context(it) | {"window": sighted.window(it.held, first_of(request.GET))}
    return render_page(request, "standalone/payload.html", context, parts=["payload"])


@require_GET
@requires("payload.view")
def download(
    request: HtmxRequest, namespace: str, kind: str, *, alone_id: str, run_id: str, number: int
) -> HttpResponse:
    return opening.as_file(opening.opened((namespace, kind, alone_id, run_id), number))


@require_http_methods(["GET", "POST"])
@requires("payload.reveal")
def reveal(
    request: HtmxRequest, namespace: str, kind: str, *, alone_id: str, run_id: str, number: int
) -> HttpResponse:
    it = opening.opened((namespace, kind, alone_id, run_id), number)
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


def _context(it: Opened) -> dict[str, Any]:
    return {
        "it": it,
        "alone": it.one.summary.key,
        "may_download": sighted.may_take(it.held),
    }
