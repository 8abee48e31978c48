from collections.abc import Callable
from typing import Any

from django.contrib.auth.models import User
from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from console.access.decorators import requires
from console.access.policy import can
from console.cluster import actions, presenters
from console.cluster.forms import ParkedForm
from console.gateway import admin
from console.gateway import cluster as servers
from console.ui.htmx import HtmxRequest, go_to, render_page
from console.ui.refusals import Refusal


@require_GET
@requires("cluster.view")
def cluster(request: HtmxRequest) -> HttpResponse:
    server = servers.describe()
    context: dict[str, Any] = {
        "server": server,
        "store": presenters.backend(server.store),
        "visibility": presenters.backend(server.visibility),
        "rows": presenters.capability_rows(server),
        "asked_at": timezone.now(),
        "may_settle": can(request.user, "parked.retry", None),
    }
    index = admin.index()
    if index is not None:
        shards = admin.shards()
        context |= {
            "index": presenters.index_row(index),
            "parked": admin.parked(request.GET.get("parked", "")),
            "shards": shards,
            "shard_rows": presenters.shard_rows(shards, index),
        }
    return render_page(request, "cluster/cluster.html", context)


@require_POST
@requires("parked.retry")
def retry(request: HtmxRequest) -> HttpResponse:
    return _settled(request, actions.retry)


@require_POST
@requires("parked.drop")
def drop(request: HtmxRequest) -> HttpResponse:
    return _settled(request, actions.drop)


def _settled(request: HtmxRequest, act: Callable[[User, int, int, str], None]) -> HttpResponse:
    form = ParkedForm(request.POST)
    if not form.is_valid():
        raise Refusal(400, "This does not name a parked row.")
    asked = form.cleaned_data
    act(request.user, asked["database"], asked["seq"], asked["run_id"])
    return go_to(request, reverse("cluster:cluster"))
