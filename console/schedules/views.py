from django.http import HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_GET

from console.access.decorators import requires
from console.access.policy import can
from console.gateway import schedules as gateway
from console.schedules import many, presenters
from console.schedules.forms import SchedulesForm
from console.ui.htmx import HtmxRequest, nothing_new, render_page, unchanged, version_of

PAGE_ROWS = 50


@require_GET
@requires("schedule.view")
def schedules(request: HtmxRequest, namespace: str) -> HttpResponse:
    form = SchedulesForm(request.GET)
    query, token = form.asked
    page = gateway.find(namespace, query, PAGE_ROWS, token)
    total = gateway.count(namespace, query)
    rows = presenters.rows(page.schedules)
    version = version_of(rows, total)
    if unchanged(request, version):
        return nothing_new()
    context = {
        "form": form,
        "rows": rows,
        "total": total,
        "next_token": page.next_token.hex(),
        "may_create": can(request.user, "schedule.create", namespace),
        "verbs": [one for one in many.VERBS.values() if can(request.user, one.right, namespace)],
        "asked_at": timezone.now(),
        "version": version,
    }
    return render_page(request, "schedules/schedules.html", context, parts=["schedules"])


@require_GET
@requires("schedule.view")
def schedule(request: HtmxRequest, namespace: str, schedule_id: str) -> HttpResponse:
    found = gateway.describe(namespace, schedule_id)
    version = version_of(found)
    if unchanged(request, version):
        return nothing_new()
    context = {
        "row": presenters.row(found.summary),
        "schedule": found,
        "recent": presenters.recent(found),
        "counts": presenters.counts(found),
        "policies": presenters.policies(found),
        "may": {verb: can(request.user, f"schedule.{verb}", namespace) for verb in VERBS},
        "asked_at": timezone.now(),
        "version": version,
    }
    return render_page(request, "schedules/schedule.html", context, parts=["live"])


VERBS = ("pause", "trigger", "backfill", "change", "delete")
