from django.http import HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_GET

from console.access.decorators import requires
from console.cluster.presenters import capability_rows
from console.gateway import cluster as servers
from console.ui.htmx import HtmxRequest, render_page


@require_GET
@requires("cluster.view")
def cluster(request: HtmxRequest) -> HttpResponse:
    server = servers.describe()
    context = {"server": server, "rows": capability_rows(server), "asked_at": timezone.now()}
    return render_page(request, "cluster/cluster.html", context)
