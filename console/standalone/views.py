from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET

from console.access.decorators import requires
from console.access.policy import can
from console.gateway.standalone import ACTIVITIES
from console.standalone import looking, presenters
from console.standalone.forms import SearchForm
from console.ui.htmx import HtmxRequest, nothing_new, render_page, unchanged, version_of
from console.ui.pages import SIZES
from console.ui.refusals import Refusal


@require_GET
@requires("standalone.view")
def listed(request: HtmxRequest, namespace: str, kind: str) -> HttpResponse:
    form = _form(request)
    found = looking.search(namespace, looking.kind_of(kind), form, request.GET.dict())
    version = version_of(found.page.executions, found.says)
    if unchanged(request, version):
        return nothing_new()
    context = presenters.page(found) | {
        "sizes": presenters.sizes(found, SIZES),
        "version": version,
        "may_bulk": can(request.user, "bulk.run", namespace),
        "plan_url": reverse("bulk:plan", args=[namespace]),
        "may_start": found.kind is ACTIVITIES and can(request.user, "standalone.start", namespace),
    }
    return render_page(request, "standalone/list.html", context, parts=["search", "results"])


@require_GET
@requires("standalone.view")
def summary(request: HtmxRequest, namespace: str, kind: str) -> HttpResponse:
    query, _ = _form(request).asked
    found = looking.by_status(namespace, looking.kind_of(kind), query)
    links = presenters.counts(found, query)
    version = version_of(links)
    if unchanged(request, version):
        return nothing_new()
    context = {"links": links, "counted": found, "kind": kind, "version": version}
    return render_page(request, "standalone/summary.html", context)


def _form(request: HtmxRequest) -> SearchForm:
    form = SearchForm(request.GET)
    if form.problem:
        raise Refusal(400, form.problem)
    return form


@require_GET
@requires("standalone.view")
def one(
    request: HtmxRequest, namespace: str, kind: str, *, alone_id: str, run_id: str
) -> HttpResponse:
    found = looking.one(namespace, kind, alone_id, run_id)
    version = version_of(found)
    if unchanged(request, version):
        return nothing_new()
    acts = [act for act in presenters.acts(found) if can(request.user, act.right, namespace)]
    context = presenters.detail(found) | {
        "acts": acts,
        "like_url": presenters.start_like(found.summary.key)
        if can(request.user, "standalone.start", namespace)
        else "",
        "at": timezone.now(),
        "version": version,
    }
    return render_page(request, "standalone/one.html", context, parts=["live"])


@require_GET
@requires("standalone.view")
def attempts(
    request: HtmxRequest, namespace: str, kind: str, *, alone_id: str, run_id: str
) -> HttpResponse:
    """Every attempt that failed, or further ones below those that are there."""
    key = looking.activity_key(namespace, kind, alone_id, run_id)
    found = looking.attempts(key, request.GET.get("token", ""))
    context = {"alone": key, "attempts": found}
    more = request.htmx.target == "more-attempts"
    template = "activities/attempt_rows.html" if more else "standalone/attempts.html"
    return render_page(request, template, context, parts=["more-attempts"])
