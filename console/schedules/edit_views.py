"""The pages on which a schedule is written: made, changed, and its next times as one types."""

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from console.access.decorators import requires
from console.gateway import scheduling
from console.gateway.channel import GatewayError, Trouble
from console.schedules import actions, presenters
from console.schedules.drafting import DraftForm, WhenForm, zones
from console.ui.htmx import HtmxRequest, go_to, render_page

#: They stand above the form; others are a page of their own.
SHOWN = {Trouble.CONFLICT, Trouble.INVALID, Trouble.BUSY}


@require_http_methods(["GET", "POST"])
@requires("schedule.create")
def create(request: HtmxRequest, namespace: str) -> HttpResponse:
    form = DraftForm(request.POST or None, None)
    if form.is_valid() and _done(form, lambda: actions.create(
        request.user, namespace, form.draft, form.cleaned_data["reason"]
    )):  # fmt: skip
        messages.success(request, "The schedule was made.")
        return _to(request, namespace, form.draft.schedule_id)
    return _page(request, form, "Make a schedule", "Make it")


@require_http_methods(["GET", "POST"])
@requires("schedule.change")
def change(request: HtmxRequest, namespace: str, schedule_id: str) -> HttpResponse:
    current, token = scheduling.read(namespace, schedule_id)
    form = DraftForm(request.POST or None, current, token)
    if form.is_valid() and _done(form, lambda: actions.change(
        request.user, namespace, (current, form.draft), form.cleaned_data["token"],
        form.cleaned_data["reason"],
    )):  # fmt: skip
        messages.success(request, "The schedule was changed.")
        return _to(request, namespace, schedule_id)
    return _page(request, form, "Change a schedule", "Change it", schedule_id)


@require_POST
@requires("schedule.view")
def preview(request: HtmxRequest, namespace: str) -> HttpResponse:
    schedule_id = request.POST.get("schedule_id", "")[:1_000]
    # Only a form of what there is carries a token.
    there = bool(request.POST.get("token"))
    kept = scheduling.read(namespace, schedule_id)[0].when if there else None
    context = presenters.preview(WhenForm(request.POST, kept), schedule_id)
    return render_page(request, "schedules/preview.html", context)


def _done(form: DraftForm, act: Callable[[], None]) -> bool:
    """Whether it was done; else the form says why not."""
    try:
        act()
    except GatewayError as refused:
        if refused.trouble not in SHOWN:
            raise
        form.add_error(None, str(refused))
        return False
    return True


def _page(
    request: HtmxRequest, form: DraftForm, title: str, verb: str, schedule_id: str = ""
) -> HttpResponse:
    context = {
        "form": form,
        "title": title,
        "verb": verb,
        "schedule_id": schedule_id,
        "zones": zones(),
    }
    status = 422 if form.errors else 200
    return render_page(request, "schedules/edit.html", context, parts=["draft"], status=status)


def _to(request: HtmxRequest, namespace: str, schedule_id: str) -> HttpResponse:
    return go_to(request, reverse("schedules:schedule", args=[namespace, schedule_id]))
