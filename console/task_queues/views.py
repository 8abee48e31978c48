from django.http import HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_GET

from console.access.decorators import requires
from console.gateway import task_queues
from console.task_queues import actions, presenters
from console.task_queues.forms import QueuesForm
from console.ui.htmx import HtmxRequest, nothing_new, render_page, unchanged, version_of


@require_GET
@requires("queue.view")
def queues(request: HtmxRequest, namespace: str) -> HttpResponse:
    form = QueuesForm(request.GET)
    name, only_trouble = form.asked
    now = timezone.now()
    known = actions.known(namespace, name)
    rows = presenters.rows(known, now, name, only_trouble)
    version = version_of(rows)
    if unchanged(request, version):
        return nothing_new()
    counted_at = task_queues.counted(namespace).at
    context = {"form": form, "rows": rows, "asked_at": now, "version": version}
    context |= {"counted_at": counted_at, "tells": task_queues.of_activities(namespace) is not None}
    return render_page(request, "task_queues/queues.html", context, parts=["queues"])


@require_GET
@requires("queue.view")
def queue(request: HtmxRequest, namespace: str, queue: str) -> HttpResponse:
    now = timezone.now()
    found = task_queues.describe(namespace, queue)
    context = {
        "row": presenters.row(found, 0, now),
        "queue": found,
        "pollers": presenters.poller_rows(found, now),
        "asked_at": now,
    }
    return render_page(request, "task_queues/queue.html", context)
