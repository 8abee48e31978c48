from collections.abc import Callable
from functools import partial

from django.http import HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_GET
from django_htmx.http import reswap, trigger_client_event

from console.access.decorators import requires
from console.access.policy import can
from console.gateway import indexed, namespaces, query, standalone
from console.gateway.namespaces import Attributes
from console.gateway.standalone import KINDS
from console.ui.htmx import HtmxRequest, go_to, nothing_new, render_page, unchanged, version_of
from console.ui.pages import SIZES, size_of
from console.ui.refusals import Refusal
from console.workflows import (
    choosing,
    completing,
    filtering,
    finding,
    places,
    presenters,
    table,
    values,
)
from console.workflows.forms import RunsForm, asked

#: attributes, and the known values of one
Asked = tuple[Attributes, Callable[[str], list[str]]]


@require_GET
@requires("run.view")
def runs(request: HtmxRequest, namespace: str) -> HttpResponse:
    form = RunsForm(request.GET)
    if form.problem:
        raise Refusal(400, form.problem)
    wanted = asked(form)
    search = finding.search(
        namespace, wanted["q"], wanted["size"], request.GET.dict(), wanted["cols"]
    )
    rows = table.table(search)
    if unchanged(request, rows.version):
        return nothing_new()
    context = {
        "search": search,
        "table": rows,
        "version": rows.version,
        "chips": presenters.chip_links(search.query, search.cols, search.pager.size),
        "new_chip": presenters.address(search.query, search.cols, search.pager.size),
        "pieces": query.pieces(search.query, search.wrong_at),
        "sizes": presenters.size_links(search, SIZES),
    } | _may(request, namespace)
    response = render_page(request, "workflows/runs.html", context, parts=PARTS)
    if search.trouble and request.htmx.target == "search":
        keep_rows(response)
    return response


def _may(request: HtmxRequest, namespace: str) -> dict[str, bool]:
    return {
        "may_start": can(request.user, "run.start", namespace),
        "may_bulk": can(request.user, "bulk.run", namespace),
    }


#: the parts of the runs page
PARTS = ("search", "asking", "results", "fresh")


def keep_rows(response: HttpResponse) -> None:
    """A query that cannot be answered changes the question only.

    The rows before it stay, greyed.
    """
    reswap(response, "outerHTML")
    response["HX-Retarget"] = "#asking"
    response["HX-Reselect"] = "#asking"
    trigger_client_event(response, "stale", after="settle")


@require_GET
@requires("run.view")
def tokens(request: HtmxRequest, namespace: str) -> HttpResponse:
    """The coloured copy behind the field, redrawn as one types."""
    text = request.GET.get("q", "")[: query.LENGTH_MAX]
    return render_page(request, "workflows/tokens.html", {"pieces": query.pieces(text)})


@require_GET
@requires("run.view")
def offers(request: HtmxRequest, namespace: str) -> HttpResponse:
    """What may come next in the query, as one types: a dozen at most. `of`: what stands alone."""
    text = request.GET.get("q", "")[: query.LENGTH_MAX]
    caret, (named, seen) = request.GET.get("caret", ""), _asked_of(namespace, request, "of")
    found = completing.offers(
        text,
        int(caret) if caret.isdecimal() and len(caret) < 6 else len(text),
        named,
        seen,
    )
    return render_page(request, "workflows/offers.html", {"offers": found})


def _asked_of(namespace: str, request: HtmxRequest, name: str) -> Asked:
    """What a query may name, and its known values: of runs, or of the kind that stands alone."""
    alone = KINDS.get(request.GET.get(name, ""))
    if alone is None:
        named, seen = namespaces.attributes(namespace), partial(values.seen, namespace)
    else:
        named = standalone.attributes(namespace, alone)
        seen = partial(standalone.values, namespace, alone)
    return indexed.searchable(named), seen


@require_GET
@requires("run.view")
def summary(request: HtmxRequest, namespace: str) -> HttpResponse:
    form = RunsForm(request.GET)
    if form.problem:
        raise Refusal(400, form.problem)
    text, cols = asked(form)["q"], asked(form)["cols"]
    found = finding.summary(namespace, text)
    behind = presenters.behind(found.index)
    version = version_of(found.by_status, found.counts.total, found.retrying, behind)
    if unchanged(request, version):
        return nothing_new()
    context = {
        "summary": found,
        "links": presenters.count_links(found, text, cols),
        "behind": behind,
        "query": text,
        "version": version,
    }
    return render_page(request, "workflows/summary.html", context)


@require_GET
@requires("run.view")
def nearest(request: HtmxRequest, namespace: str) -> HttpResponse:
    """Nothing matched: how many would without one of the conditions."""
    form = RunsForm(request.GET)
    if form.problem:
        raise Refusal(400, form.problem)
    links = presenters.chip_links(asked(form)["q"], asked(form)["cols"])
    chips = links[: presenters.NEAREST_MAX]
    counted = [
        chip | {"count": finding.by_status(namespace, chip["without"]).counts.total}
        for chip in chips
    ]
    offers = [offer for offer in counted if offer["count"]]
    return render_page(request, "workflows/nearest.html", {"offers": offers})


@require_GET
@requires("run.view")
def columns(request: HtmxRequest, namespace: str) -> HttpResponse:
    """The chooser of columns; shown, they stand in the address of the runs page."""
    attributes = namespaces.attributes(namespace)
    text = request.GET.get("q", "")[: query.LENGTH_MAX]
    size = size_of(request.GET.get("size"))
    if "show" in request.GET:
        cols = choosing.in_address(request.GET, attributes)
        url = reverse("workflows:runs", args=[namespace])
        return go_to(request, url + presenters.address(text, cols, size))
    context = {
        "choosing": choosing.choosing(request.GET, attributes),
        "query": text,
        "size": size,
    }
    return render_page(request, "workflows/columns.html", context, parts=["dialog"])


@require_GET
@requires("run.view")
def chip(request: HtmxRequest, namespace: str) -> HttpResponse:
    """One filter of the query, opened or new; taken, it stands in the address of the page.

    `alone`: of the runs page, or of the list of that kind.
    """
    found = filtering.opened(request.GET, *_asked_of(namespace, request, "alone"))
    alone = KINDS.get(request.GET.get("alone", ""))
    if (text := found.taken) is not None:
        url = presenters.found_url(namespace, alone)
        return go_to(request, url + presenters.address(text, found.cols, found.size))
    context = {"chip": found, "alone_kind": alone}
    return render_page(request, "workflows/chip.html", context, parts=["dialog", "asked"])


@require_GET
@requires("run.view")
def go_to_place(request: HtmxRequest, namespace: str) -> HttpResponse:
    """The one box of the top bar. What can only be one thing leads there at once."""
    wanted = request.GET.get("id", "").strip()[: query.LENGTH_MAX]
    found = [
        (place.says, place.count, presenters.place_url(namespace, place), not place.thing)
        for place in places.places(namespace, wanted, partial(can, request.user))
    ]
    if len(found) > 1:
        context = {"places": found, "wanted": wanted}
        return render_page(request, "workflows/places.html", context)
    return go_to(request, found[0][2] if found else presenters.nowhere_url(namespace, wanted))
