from typing import cast

from django.http import HttpResponse, StreamingHttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from console.access.decorators import requires
from console.bulk import actions, listing, looking, manifest, orders, verbs
from console.bulk.forms import AbortForm, PlanForm
from console.bulk.looking import Asking
from console.bulk.models import BulkOperation, Stage
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
    if not form.is_valid() or form.deed not in verbs.every():
        raise Refusal(422, "It is not said what is to be done.")
    actions.check_right(request.user, form.deed, namespace)
    deed = verbs.named(form.deed)
    if lacks := deed.lacks(namespace):
        raise Refusal(501, lacks)
    if form.cleaned_data["all_matching"]:
        operation = manifest.from_query(request.user, namespace, deed, form.cleaned_data["query"])
    else:
        operation = manifest.from_selection(request.user, namespace, deed, form.chosen())
    return go_to(request, place_of(operation))


@require_GET
@requires("bulk.view")
def operation(request: HtmxRequest, namespace: str, number: int) -> HttpResponse:
    found = looking.operation_of(namespace, number)
    may = looking.rights(request.user, found)
    if found.stage == Stage.DRAFT:
        context = looking.draft(found, Asking(found, None, request.user)) | may
        return render_page(request, "bulk/draft.html", context)
    context = looking.progress(found, timezone.now()) | may
    context |= looking.targets(found, request.GET.dict())
    context |= {
        "worker_away": found.is_active and looking.worker_is_away(),
        "lost": looking.is_lost(found),
    }
    return render_page(request, "bulk/operation.html", context, parts=["targets"])


@require_GET
@requires("bulk.view")
def preview(request: HtmxRequest, namespace: str, number: int) -> HttpResponse:
    """What follows, of some; it may take a while, so the draft's page asks for it by itself."""
    context = looking.preview(looking.operation_of(namespace, number), request.GET.dict())
    return render_page(request, "bulk/preview.html", context, parts=["preview"])


@require_GET
@requires("bulk.view")
def progress(request: HtmxRequest, namespace: str, number: int) -> HttpResponse:
    found = looking.operation_of(namespace, number)
    if request.htmx.target != "progress":
        return _to_page(request, found)
    context = looking.progress(found, timezone.now())
    if unchanged(request, context["version"]):
        return nothing_new()
    context |= looking.rights(request.user, found)
    return render_page(request, "bulk/operation.html", context, parts=["progress"])


@require_GET
@requires("bulk.view")
def targets(request: HtmxRequest, namespace: str, number: int) -> HttpResponse:
    found = looking.operation_of(namespace, number)
    if request.htmx.target != "targets":
        return _to_page(request, found)
    context = looking.targets(found, request.GET.dict())
    if unchanged(request, context["targets_version"]):
        return nothing_new()
    return render_page(request, "bulk/operation.html", context, parts=["targets"])


def _to_page(request: HtmxRequest, found: BulkOperation) -> HttpResponse:
    """Of a part that somebody opened by itself."""
    return go_to(request, f"{place_of(found)}?{request.GET.urlencode()}")


@require_POST
@requires("bulk.run")
def launch(request: HtmxRequest, namespace: str, number: int) -> HttpResponse:
    found = looking.operation_of(namespace, number)
    asking = Asking(found, request.POST, request.user)
    if not asking.is_complete():
        context = looking.draft(found, asking) | looking.rights(request.user, found)
        status = 200 if asking.wants_more else 422
        return render_page(request, "bulk/draft.html", context, parts=["launch"], status=status)
    actions.launch(request.user, found, asking.how.how(), asking.own.told())
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
