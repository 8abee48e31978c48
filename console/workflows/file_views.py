"""Histories from files: opened by whoever may look at runs, shown as those of the engine are."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from console.access.decorators import requires
from console.gateway import history_files, sight
from console.gateway.runs import RunDetail
from console.ui.htmx import HtmxRequest, go_to, render_page
from console.ui.refusals import Refusal
from console.workflows import eventpage, lanes, looking, opened, runpage
from console.workflows.forms import EventsForm, HistoryFileForm, TimelineForm
from console.workflows.models import OpenedHistory
from console.workflows.reading import Known

#: A mask may go by a name, and whoever writes a file gives each value what name they like.
UNDECODED = "In a file it stays so for whom something is masked here"


@require_http_methods(["GET", "POST"])
@requires("history.open")
def files(request: HtmxRequest, namespace: str) -> HttpResponse:
    """What this session has open, and the form for another."""
    form = HistoryFileForm(request.POST, request.FILES) if request.method == "POST" else None
    key = request.session.session_key
    if form is not None and key is not None and form.is_valid():
        file = form.cleaned_data["file"]
        made = opened.keep(key, namespace, file.name[:200], form.events)
        return go_to(request, reverse("histories:history", args=[namespace, made.pk]))
    context = {
        "form": form or HistoryFileForm(),
        "opened": opened.of_session(key, namespace),
    }
    status = 422 if form is not None else 200
    return render_page(request, "histories/files.html", context, status=status)


@require_GET
@requires("history.open")
def history(request: HtmxRequest, namespace: str, file_id: UUID) -> HttpResponse:
    run, known, context = frame(request, namespace, file_id, "timeline")
    asked = TimelineForm(request.GET).asked()
    end = run.summary.closed_at or known.events[-1].at
    groups = looking.groups_of(run, known)
    shown = lanes.window(known.events, groups, asked, end, is_open=False)
    context |= {"lanes": shown, "asked": asked}
    return render_page(request, "workflows/run.html", context, parts=["live", "more"])


@require_GET
@requires("history.open")
def events(request: HtmxRequest, namespace: str, file_id: UUID) -> HttpResponse:
    _, known, context = frame(request, namespace, file_id, "events")
    context |= eventpage.page(known, EventsForm(request.GET).asked())
    return render_page(request, "workflows/events.html", context, parts=["events", "more"])


@require_GET
@requires("history.open")
def event(request: HtmxRequest, namespace: str, file_id: UUID, event_id: int) -> HttpResponse:
    _, known, context = frame(request, namespace, file_id, "events")
    picked = eventpage.event_of(known, event_id)
    if picked is None:
        raise Refusal(404, f"This history has no event {event_id}.")
    context |= {"picked": eventpage.detail(known.events, picked)}
    return render_page(request, "workflows/event.html", context)


@require_GET
@requires("history.open")
def group(request: HtmxRequest, namespace: str, file_id: UUID, event_id: int) -> HttpResponse:
    run, known, context = frame(request, namespace, file_id, "timeline")
    found = looking.group_in(run, known, event_id)
    if found is None:
        raise Refusal(404, f"Event {event_id} opens no step of this history.")
    return render_page(request, "workflows/group.html", context | {"group": found}, parts=["group"])


@require_POST
@requires("history.open")
def close(request: HtmxRequest, namespace: str, file_id: UUID) -> HttpResponse:
    one = _found(request, namespace, file_id)
    opened.close(one)
    messages.success(request, f"{one.name} is closed; the console keeps nothing of it.")
    return go_to(request, reverse("histories:files", args=[namespace]))


def _found(request: HtmxRequest, namespace: str, file_id: UUID) -> OpenedHistory:
    one = opened.find(request.session.session_key, namespace, file_id)
    if one is None:
        says = "No such file is open in this session. It closes when you sign out; open it again."
        raise Refusal(404, says)
    return one


def frame(
    request: HtmxRequest, namespace: str, file_id: UUID, tab: str
) -> tuple[RunDetail, Known, dict[str, Any]]:
    one = _found(request, namespace, file_id)
    if sight.current().hidden:
        sight.set_current(sight.current().undecoded(UNDECODED))
    known = opened.known(one)
    run = history_files.described(namespace, one.name, known.front)
    head = runpage.file_head(run, one.pk, one.name, tab, timezone.now())
    return run, known, {"head": head, "file": one, "at": timezone.now()}
