from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET

from console.access.decorators import requires
from console.access.policy import can
from console.activities import looking, presenters
from console.gateway.runs import RunKey
from console.ui.htmx import HtmxRequest, go_to, nothing_new, render_page, unchanged
from console.ui.refusals import Refusal


@require_GET
@requires("run.view")
def pending(
    request: HtmxRequest, namespace: str, workflow_id: str, run_id: str, *, by: str, called: str
) -> HttpResponse:
    """One activity with its attempts, those of a type, or all of the run."""
    try:
        it = looking.target(RunKey(namespace, workflow_id, run_id), by, called)
    except Refusal:
        # one that was tried now may be done before its page is asked for again
        if not {"version", "acted"} & request.GET.keys():
            raise
        ended = "All have" if by == "all" else f"{called} has"
        messages.success(request, f"{ended} ended: pending no more.")
        return go_to(request, reverse("workflows:pending", args=[namespace, workflow_id, run_id]))
    version = presenters.version(it)
    if unchanged(request, version):
        return nothing_new()
    context = presenters.page(it, timezone.now(), request.GET.dict()) | {"version": version}
    context["acts"] = [
        one for one in presenters.acts(it) if can(request.user, one.right, namespace)
    ]
    if it.is_one:
        context["attempts"] = looking.attempts_of(it, request.GET.get("token", ""))
    return _answer(request, "activities/pending.html", context)


@require_GET
@requires("run.view")
def attempts(
    request: HtmxRequest, namespace: str, workflow_id: str, run_id: str, event_id: int
) -> HttpResponse:
    """Of any activity, ended or not, by the event that scheduled it."""
    key = RunKey(namespace, workflow_id, run_id)
    found = looking.attempts_at(key, event_id, request.GET.get("token", ""))
    context = {"key": key, "head": key, "event_id": event_id, "attempts": found}
    context |= {"at": timezone.now()}
    return _answer(request, "activities/attempts.html", context)


def _answer(request: HtmxRequest, template: str, context: Mapping[str, Any]) -> HttpResponse:
    """The page, the part that polls, or further attempts below those that are there."""
    if request.htmx.target == "more-attempts":
        template = "activities/attempt_rows.html"
    return render_page(request, template, context, parts=["activity", "more-attempts"])
