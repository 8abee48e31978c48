"""The pages of one run.

Each asks the engine once for its description, and reads on in its history.
"""

from functools import partial
from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET

from console.access.decorators import demand, requires
from console.access.policy import can
from console.audit import others
from console.audit.record import of_run
from console.audit.rows import act_row
from console.gateway import events as gateway
from console.gateway import histories, metadata, namespaces, outside, sight, workflows
from console.gateway.channel import GatewayError, Trouble
from console.gateway.runs import RunDetail, RunKey
from console.looks import showing
from console.ui.htmx import HtmxRequest, nothing_new, render_page, unchanged
from console.ui.refusals import Refusal
from console.workflows import eventpage, looking, runpage
from console.workflows.causes import helping
from console.workflows.forms import EventsForm, TimelineForm
from console.workflows.reading import budget, read


def described(namespace: str, workflow_id: str, run_id: str) -> RunDetail:
    try:
        return workflows.describe(RunKey(namespace, workflow_id, run_id))
    except GatewayError as error:
        if error.trouble in {Trouble.NOT_FOUND, Trouble.INVALID}:
            says = (
                f"There is no such run of {workflow_id} in {namespace}, or its retention has ended."
            )
            raise Refusal(404, says, error.detail) from error
        raise


#: the right to read what people did, wherever that stands
ACTS_SEEN = "audit.view"
#: what may be done to a run from its head
ACTS = (
    *("signal", "cancel", "terminate", "reset", "query", "start", "version", "pause", "resume"),
)


def frame(request: HtmxRequest, run: RunDetail, tab: str) -> dict[str, Any]:
    """What the head of every page of a run needs."""
    key = run.summary.key
    now = timezone.now()
    may = {act: can(request.user, f"run.{act}", key.namespace) for act in ACTS}
    pauses = namespaces.pauses(key.namespace)
    acts = of_run(key).count() if can(request.user, ACTS_SEEN, key.namespace) else None
    no_pause = namespaces.NO_PAUSE if may["pause"] and not pauses else ""
    may |= {act: pauses and may[act] for act in ("pause", "resume")}
    return {
        "head": runpage.head(run, tab, now, acts),
        "may": may,
        "no_pause": no_pause,
        "at": now,
        "links": showing.links_of(key.namespace, runpage.link_facts(run.summary)),
    }


@require_GET
@requires("run.view")
def timeline(request: HtmxRequest, namespace: str, workflow_id: str, run_id: str) -> HttpResponse:
    run = described(namespace, workflow_id, run_id)
    asked = TimelineForm(request.GET).asked()
    asked |= {"quiet_types": frozenset(showing.of(namespace).quiet)}
    look = looking.look(
        run, asked, timezone.now(), lambda name: can(request.user, "run.view", name)
    )
    if unchanged(request, look.version):
        return nothing_new()
    helps = helping.link(run.summary.key, look.standing, partial(can, request.user))
    problem = run.summary.problem
    context = frame(request, run, "timeline") | {
        "look": look,
        "lanes": look.lanes,
        "asked": asked,
        "helps": helps,
        "fingerprint": problem.fingerprint if problem else "",
    }
    return render_page(request, "workflows/run.html", context, parts=["live", "more"])


@require_GET
@requires("run.query")
def details(request: HtmxRequest, namespace: str, workflow_id: str, run_id: str) -> HttpResponse:
    """What its code says of it now: a worker answers, so it is asked by a click alone."""
    run = described(namespace, workflow_id, run_id)
    context = frame(request, run, "timeline") | {"says": "", "silence": ""}
    try:
        context["says"] = metadata.current_details(run.summary.key)
    except GatewayError as error:
        context["silence"] = str(error)
    return render_page(request, "workflows/details.html", context, parts=["details"])


@require_GET
@requires("run.view")
def group(
    request: HtmxRequest, namespace: str, workflow_id: str, run_id: str, event_id: int
) -> HttpResponse:
    run = described(namespace, workflow_id, run_id)
    found = looking.group(run, event_id)
    if found is None:
        raise Refusal(404, f"Event {event_id} opens no step of this run.")
    context = frame(request, run, "timeline") | {"group": found}
    return render_page(request, "workflows/group.html", context, parts=["group"])


@require_GET
@requires("run.view")
def events(request: HtmxRequest, namespace: str, workflow_id: str, run_id: str) -> HttpResponse:
    run = described(namespace, workflow_id, run_id)
    asked = EventsForm(request.GET).asked()
    known = read(run.summary.key, run.summary.history_length, budget(asked["text"]))
    context = frame(request, run, "events") | eventpage.page(known, asked)
    return render_page(request, "workflows/events.html", context, parts=["events", "more"])


@require_GET
@requires("run.view")
def event(
    request: HtmxRequest, namespace: str, workflow_id: str, run_id: str, event_id: int
) -> HttpResponse:
    """The row that opens in the table; an address by itself leads to the table."""
    if not request.htmx:
        page = reverse("workflows:events", args=[namespace, workflow_id, run_id])
        return redirect(f"{page}?event={event_id}")
    run = described(namespace, workflow_id, run_id)
    known = read(run.summary.key, run.summary.history_length)
    picked = eventpage.event_of(known, event_id)
    if picked is None:
        raise Refusal(404, f"This history has no event {event_id}, or it was not read yet.")
    detail = eventpage.detail(known.events, picked)
    context = frame(request, run, "events") | {"picked": detail}
    return render_page(request, "workflows/event.html", context)


@require_GET
@requires("run.view")
def download(request: HtmxRequest, namespace: str, workflow_id: str, run_id: str) -> HttpResponse:
    """The history as stored, as SDKs' replayers read it; masked where this person has masks."""
    run = described(namespace, workflow_id, run_id)
    known = read(run.summary.key, run.summary.history_length)
    while not known.complete:
        known = read(run.summary.key, run.summary.history_length)
    response = HttpResponse(histories.as_json(known.front), content_type="application/json")
    masked = "-masked" if sight.current().hidden else ""
    name = f"history-{run.summary.key.run_id}{masked}.json"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["Cache-Control"] = "no-store"
    return response


@require_GET
@requires("run.view")
def pending(request: HtmxRequest, namespace: str, workflow_id: str, run_id: str) -> HttpResponse:
    run = described(namespace, workflow_id, run_id)
    version = looking.pending_version(run)
    if unchanged(request, version):
        return nothing_new()
    context = frame(request, run, "pending") | {
        "run": run,
        "version": version,
    }
    context |= runpage.pending(run, request.GET.dict())
    return render_page(request, "workflows/pending.html", context, parts=["pending"])


@require_GET
@requires("run.view")
def payloads(request: HtmxRequest, namespace: str, workflow_id: str, run_id: str) -> HttpResponse:
    run = described(namespace, workflow_id, run_id)
    known = read(run.summary.key, run.summary.history_length)
    first = TimelineForm(request.GET).asked()["first"] or 0
    of_steps = runpage.carriers(known.events, of_run=False)
    of_run = runpage.carriers(known.events, of_run=True)[: looking.WINDOW]
    shown = of_steps[first : first + looking.WINDOW]
    gateway.prepare([*of_run, *shown])
    context = frame(request, run, "payloads") | {
        "attributes": runpage.attributes(run.summary),
        "memo": run.memo,
        "of_run": runpage.parcels(of_run),
        "of_steps": runpage.parcels(shown),
        "trouble": sight.current().trouble,
        "first": first,
        "total": len(of_steps),
        "next": first + looking.WINDOW if first + looking.WINDOW < len(of_steps) else None,
    }
    return render_page(request, "workflows/payloads.html", context, parts=["steps"])


@require_GET
@requires("run.view")
def activity(request: HtmxRequest, namespace: str, workflow_id: str, run_id: str) -> HttpResponse:
    demand(request.user, ACTS_SEEN, namespace)
    run = described(namespace, workflow_id, run_id)
    key = run.summary.key
    known = read(key, run.summary.history_length)
    asked = others.unattested(key, outside.asked(known.events))
    context = frame(request, run, "activity") | {
        "acts": [act_row(entry) for entry in of_run(key)[: looking.WINDOW]],
        "others": [others.row_of(key, one) for one in reversed(asked[-looking.WINDOW :])],
        "others_count": len(asked),
        "known": known,
    }
    return render_page(request, "workflows/activity.html", context)
