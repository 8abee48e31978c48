from django.db.models import QuerySet
from django.http import FileResponse, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from console.access.decorators import requires
from console.access.policy import can
from console.exports import actions, filling, presenters
from console.exports.forms import COLUMNS_LENGTH_MAX, QUERY_LENGTH_MAX, AskForm
from console.exports.models import Export, State
from console.gateway import lists
from console.gateway.channel import GatewayError
from console.ui.htmx import HtmxRequest, go_to, nothing_new, render_page, unchanged
from console.ui.refusals import Refusal

LIST_MAX = 100
TYPES = {"csv": "text/csv; charset=utf-8", "jsonl": "application/x-ndjson"}


@require_GET
@requires("export.view")
def exports(request: HtmxRequest, namespace: str) -> HttpResponse:
    """One's own; an admin's page has everyone's."""
    found = _seen(request, namespace)[:LIST_MAX]
    rows = [presenters.row(one, timezone.now()) for one in found]
    return render_page(request, "exports/exports.html", {"rows": rows})


@require_http_methods(["GET", "POST"])
@requires("export.make")
def ask(request: HtmxRequest, namespace: str) -> HttpResponse:
    start = {
        "query": request.GET.get("q", "")[:QUERY_LENGTH_MAX],
        "columns": request.GET.get("cols", "")[:COLUMNS_LENGTH_MAX],
        "lists": lists.known(request.GET.get("of", "")),
    }
    form = AskForm(request.POST or None, initial=start)
    if form.is_valid():
        try:
            made = actions.ask(request.user, namespace, form.cleaned_data)
            return go_to(request, reverse("exports:export", args=[namespace, made.pk]))
        except GatewayError as refused:
            form.add_error("query", str(refused))
    status = 422 if form.errors else 200
    return render_page(request, "exports/ask.html", {"form": form}, parts=["dialog"], status=status)


@require_GET
@requires("export.view")
def export(request: HtmxRequest, namespace: str, export_id: int) -> HttpResponse:
    row = presenters.row(_export(request, namespace, export_id), timezone.now())
    version = presenters.version(row)
    if unchanged(request, version):
        return nothing_new()
    context = {"row": row, "export": row.export, "version": version}
    return render_page(request, "exports/export.html", context, parts=["progress"])


@require_GET
@requires("export.view")
def take(request: HtmxRequest, namespace: str, export_id: int) -> HttpResponseBase:
    found = _export(request, namespace, export_id)
    if found.state != State.DONE:
        raise Refusal(409, "The file is not done.")
    try:
        file = filling.path(found).open("rb")
    except FileNotFoundError:
        says = "The file is gone, or lies in the EXPORT_DIRECTORY of another machine."
        raise Refusal(404, says) from None
    actions.give(request.user, found)
    return FileResponse(
        file,
        as_attachment=True,
        filename=presenters.download_name(found),
        content_type=TYPES[found.form],
    )


@require_POST
@requires("export.make")
def cancel(request: HtmxRequest, namespace: str, export_id: int) -> HttpResponse:
    actions.cancel(request.user, _export(request, namespace, export_id))
    return go_to(request, reverse("exports:export", args=[namespace, export_id]))


@require_POST
@requires("export.make")
def remove(request: HtmxRequest, namespace: str, export_id: int) -> HttpResponse:
    actions.remove(request.user, _export(request, namespace, export_id))
    return go_to(request, reverse("exports:exports", args=[namespace]))


def _seen(request: HtmxRequest, namespace: str) -> QuerySet[Export]:
    found = Export.objects.filter(namespace=namespace, expires_at__gt=timezone.now())
    if can(request.user, "export.govern", namespace):
        return found
    return found.filter(person=request.user)


def _export(request: HtmxRequest, namespace: str, export_id: int) -> Export:
    return get_object_or_404(_seen(request, namespace), pk=export_id)
