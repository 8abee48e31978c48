from django.contrib import messages
from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from console.access.decorators import requires
from console.access.policy import can
from console.gateway import task_queues
from console.gateway.channel import GatewayError
from console.gateway.queue_limits import TYPES, Half
from console.task_queues import actions, presenters
from console.task_queues.forms import LimitsForm, QueuesForm
from console.ui.htmx import HtmxRequest, go_to, nothing_new, render_page, unchanged, version_of


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
    nexus = task_queues.side(namespace, queue, "nexus")
    sides = {"workflow": found.workflow, "activity": found.activity, "nexus": nexus}
    context = {
        "row": presenters.row(found, 0, now),
        "queue": found,
        "nexus": nexus if nexus.pollers or nexus.backlog else None,
        "nexus_pollers": len(presenters.alive(nexus, now)),
        "limits": presenters.limit_rows(sides),
        "priorities": presenters.priority_rows(found),
        "pollers": presenters.poller_rows(sides, now),
        "may_limit": can(request.user, "queue.limit", namespace),
        "asked_at": now,
    }
    return render_page(request, "task_queues/queue.html", context)


@require_http_methods(["GET", "POST"])
@requires("queue.limit")
def limits(request: HtmxRequest, namespace: str, queue: str, side: str) -> HttpResponse:
    if side not in TYPES:
        raise Http404
    now = task_queues.side(namespace, queue, side).limits
    form = LimitsForm(request.POST or None, now, side)
    if form.is_valid():
        reason = form.cleaned_data["reason"]
        try:
            actions.limit(request.user, Half(namespace, queue, side), now, form.wanted, reason)
        except GatewayError as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, f"The limits of {side} tasks were set.")
            return go_to(request, reverse("task_queues:queue", args=[namespace, queue]))
    context = {"form": form, "title": f"Limits of {side} tasks", "queue": queue}
    status = 422 if form.errors else 200
    return render_page(request, "task_queues/limits.html", context, parts=["dialog"], status=status)
