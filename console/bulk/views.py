from typing import cast

from django.http import HttpResponse, StreamingHttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from console.access.decorators import demand, requires
from console.access.policy import can, of_bulk
from console.bulk import actions, listing, looking, manifest, orders
from console.bulk.forms import AbortForm, PlanForm, launch_form
from console.bulk.models import BulkOperation, Stage, Verb
from console.gateway import payloads
from console.ui.htmx import HtmxRequest, go_to, nothing_new, render_page, unchanged
from console.ui.refusals import Refusal


def place_of(operation: BulkOperation) -> str:
    return reverse("bulk:operation", args=[operation.namespace, operation.pk])


@require_GET
@requires("bulk.view")
def operations(request: HtmxRequest, namespace: str) -> HttpResponse:
    context = listing.page(namespace, request.GET.dict())
    return render_page(request, "bulk/operations.html", context)


@require_POST
@requires("bulk.run")
def plan(request: HtmxRequest, namespace: str) -> HttpResponse:
    form = PlanForm(request.POST)
    if not form.is_valid():
        raise Refusal(422, "It is not said what is to be done.")
    verb = Verb(form.cleaned_data["verb"])
    demand(request.user, of_bulk(verb), namespace)
    if form.cleaned_data["all_matching"]:
        operation = manifest.from_query(request.user, namespace, verb, form.cleaned_data["query"])
    else:
        operation = manifest.from_selection(request.user, namespace, verb, form.chosen())
    return go_to(request, place_of(operation))


@require_GET
@requires("bulk.view")
def operation(request: HtmxRequest, namespace: str, number: int) -> HttpResponse:
    found = looking.operation_of(namespace, number)
    may = {"may_run": can(request.user, "bulk.run", namespace)}
    if found.stage == Stage.DRAFT:
        context = looking.draft(found) | may | {"form": launch_form(found)}
        return render_page(request, "bulk/draft.html", context)
    context = looking.progress(found, timezone.now()) | may
    context |= looking.targets(found, request.GET.dict())
    context |= {
        "signal_input": payloads.told(found.signal_input),
        "worker_away": found.is_active and looking.worker_is_away(),
        "lost": looking.is_lost(found),
    }
    return render_page(request, "bulk/operation.html", context, parts=["targets"])


@require_GET
@requires("bulk.view")
def progress(request: HtmxRequest, namespace: str, number: int) -> HttpResponse:
    found = looking.operation_of(namespace, number)
    context = looking.progress(found, timezone.now())
    if unchanged(request, context["version"]):
        return nothing_new()
    context |= {"may_run": can(request.user, "bulk.run", namespace)}
    return render_page(request, "bulk/operation.html", context, parts=["progress"])


@require_GET
@requires("bulk.view")
def targets(request: HtmxRequest, namespace: str, number: int) -> HttpResponse:
    found = looking.operation_of(namespace, number)
    context = looking.targets(found, request.GET.dict())
    if unchanged(request, context["targets_version"]):
        return nothing_new()
    return render_page(request, "bulk/operation.html", context, parts=["targets"])


@require_POST
@requires("bulk.run")
def launch(request: HtmxRequest, namespace: str, number: int) -> HttpResponse:
    found = looking.operation_of(namespace, number)
    demand(request.user, of_bulk(found.verb), namespace)
    form = launch_form(found, request.POST)
    if not form.is_valid():
        context = looking.draft(found) | {"may_run": True, "form": form}
        return render_page(request, "bulk/draft.html", context, parts=["launch"], status=422)
    actions.launch(request.user, found, form.cleaned_data)
    return go_to(request, place_of(found))


@require_POST
@requires("bulk.run")
def pause(request: HtmxRequest, namespace: str, number: int) -> HttpResponse:
    found = looking.operation_of(namespace, number)
    actions.ask(request.user, found, orders.PAUSE)
    return go_to(request, place_of(found))


@require_POST
@requires("bulk.run")
def resume(request: HtmxRequest, namespace: str, number: int) -> HttpResponse:
    found = looking.operation_of(namespace, number)
    demand(request.user, of_bulk(found.verb), namespace)
    actions.ask(request.user, found, orders.RESUME)
    return go_to(request, place_of(found))


@require_http_methods(["GET", "POST"])
@requires("bulk.run")
def abort(request: HtmxRequest, namespace: str, number: int) -> HttpResponse:
    found = looking.operation_of(namespace, number)
    form = AbortForm(request.POST or None)
    if form.is_valid():
        actions.ask(request.user, found, orders.ABORT, form.cleaned_data["reason"])
        return go_to(request, place_of(found))
    context = {"form": form, "operation": found}
    status = 422 if form.errors else 200
    return render_page(request, "bulk/abort.html", context, parts=["dialog"], status=status)


@require_POST
@requires("bulk.run")
def retry(request: HtmxRequest, namespace: str, number: int) -> HttpResponse:
    found = looking.operation_of(namespace, number)
    demand(request.user, of_bulk(found.verb), namespace)
    actions.retry(request.user, found)
    return go_to(request, place_of(found))


@require_POST
@requires("bulk.run")
def discard(request: HtmxRequest, namespace: str, number: int) -> HttpResponse:
    actions.discard(request.user, looking.operation_of(namespace, number))
    return go_to(request, reverse("bulk:operations", args=[namespace]))


@require_GET
@requires("bulk.view")
def outcomes_csv(request: HtmxRequest, namespace: str, number: int) -> HttpResponse:
    found = looking.operation_of(namespace, number)
    lines = listing.csv_lines(found)
    response = StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{found}.csv"'
    return cast(HttpResponse, response)
