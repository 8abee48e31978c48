from django.http import HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_GET

from console.access.decorators import requires
from console.gateway import workers as gateway
from console.ui.htmx import HtmxRequest, nothing_new, render_page, unchanged, version_of
from console.workers import actions, presenters
from console.workers.forms import WorkersForm


@require_GET
@requires("worker.view")
def workers(request: HtmxRequest, namespace: str) -> HttpResponse:
    form, now = WorkersForm(request.GET), timezone.now()
    beating, has_more = actions.beating(namespace)
    found = beating or []
    rows = presenters.rows(found, now, form.wanted)
    pollers = presenters.silent_pollers(actions.polled(namespace), found, now)
    version = version_of(rows, pollers)
    if unchanged(request, version):
        return nothing_new()
    context = {
        "form": form,
        "rows": rows[: presenters.ROWS_MAX],
        "total": len(rows),
        "has_more": has_more,
        "figures": presenters.figures(found, now),
        "builds": presenters.builds(found, now),
        "pollers": pollers,
        "takes_heartbeats": beating is not None,
        "asked_at": now,
        "version": version,
    }
    return render_page(request, "workers/workers.html", context, parts=["workers"])


@require_GET
@requires("worker.view")
def worker(request: HtmxRequest, namespace: str, worker_key: str) -> HttpResponse:
    found, now = gateway.describe(namespace, worker_key), timezone.now()
    version = version_of(found, presenters.state_of(found, now))
    if unchanged(request, version):
        return nothing_new()
    context = {
        "row": presenters.row(found, now),
        "worker": found,
        "slots": presenters.slot_rows(found),
        "facts": presenters.facts(found),
        "cache_word": presenters.cache_word(found),
        "asked_at": now,
        "version": version,
    }
    return render_page(request, "workers/worker.html", context, parts=["live"])
