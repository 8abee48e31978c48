from django.http import HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_GET

from console.access.decorators import requires
from console.access.policy import can
from console.activities import looking, presenters
from console.gateway.runs import RunKey
from console.ui.htmx import HtmxRequest, nothing_new, render_page, unchanged


@require_GET
@requires("run.view")
def pending(
    request: HtmxRequest, namespace: str, workflow_id: str, run_id: str, *, by: str, called: str
) -> HttpResponse:
    """One activity with its attempts, or those of a type."""
    it = looking.target(RunKey(namespace, workflow_id, run_id), by, called)
    version = presenters.version(it)
    if unchanged(request, version):
        return nothing_new()
    may = [one for one in presenters.acts(it) if can(request.user, one.right, namespace)]
    context = {
        "it": it,
        "at": timezone.now(),
        "version": version,
        "acts": may,
        "not_possible": presenters.not_possible(it),
        "state": presenters.state_of(it.first),
        "options": presenters.option_rows(it.first.options),
        "rows": [(one, presenters.state_of(one)) for one in it.activities[: looking.ROWS_MAX]],
    }
    if it.is_one:
        context["attempts"] = looking.attempts_of(it, request.GET.get("token", ""))
    return render_page(
        request, "activities/pending.html", context, parts=["activity", "more-attempts"]
    )


@require_GET
@requires("run.view")
def attempts(
    request: HtmxRequest, namespace: str, workflow_id: str, run_id: str, event_id: int
) -> HttpResponse:
    """Of any activity, ended or not, by the event that scheduled it."""
    key = RunKey(namespace, workflow_id, run_id)
    found = looking.attempts_at(key, event_id, request.GET.get("token", ""))
    context = {"key": key, "event_id": event_id, "attempts": found, "at": timezone.now()}
    return render_page(request, "activities/attempts.html", context, parts=["more-attempts"])
