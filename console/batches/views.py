from django.contrib import messages
from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from console.access.decorators import requires
from console.access.policy import can
from console.batches import actions, looking, presenters
from console.batches.forms import PageForm, ReasonForm
from console.gateway import batches as gateway
from console.gateway.channel import GatewayError
from console.ui.htmx import HtmxRequest, go_to, nothing_new, render_page, unchanged, version_of
from console.ui.pages import token_text

PAGE_ROWS = 50


@require_GET
@requires("batch.view")
def batches(request: HtmxRequest, namespace: str) -> HttpResponse:
    page = gateway.find(namespace, PAGE_ROWS, PageForm(request.GET).asked)
    rows = presenters.rows(page.batches, looking.details(namespace, page.batches))
    version = version_of(rows)
    if unchanged(request, version):
        return nothing_new()
    context = {
        "rows": rows,
        "next_token": token_text(page.next_token),
        "asked_at": timezone.now(),
        "version": version,
    }
    return render_page(request, "batches/batches.html", context, parts=["batches"])


@require_GET
@requires("batch.view")
def batch(request: HtmxRequest, namespace: str, job_id: str) -> HttpResponse:
    found = gateway.describe(namespace, job_id)
    version = version_of(found)
    if unchanged(request, version):
        return nothing_new()
    context = {
        "row": presenters.row(found.summary, found),
        "batch": found,
        "runs": found.runs[: presenters.RUNS_SHOWN_MAX],
        "may_stop": can(request.user, "batch.stop", namespace),
        "asked_at": timezone.now(),
        "version": version,
    }
    return render_page(request, "batches/batch.html", context, parts=["live"])


@require_http_methods(["GET", "POST"])
@requires("batch.stop")
def stop(request: HtmxRequest, namespace: str, job_id: str) -> HttpResponse:
    found, form = gateway.describe(namespace, job_id), ReasonForm(request.POST or None)
    if form.is_valid():
        try:
            actions.stop(request.user, namespace, found, form.cleaned_data["reason"])
        except GatewayError as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, "The batch was stopped.")
            return go_to(request, reverse("batches:batch", args=[namespace, job_id]))
    context = {"form": form, "batch": found, "title": "Stop this batch", "verb": "Stop",
               "danger": True, "says": SAYS}  # fmt: skip
    status = 422 if form.errors else 200
    return render_page(request, "batches/stop.html", context, parts=["dialog"], status=status)


SAYS = "What it has done stays done; the rest is left alone. It cannot be resumed."
