from django.http import HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_GET

from console.access import listed
from console.access.decorators import requires
from console.gateway import lists
from console.overview import looking, presenters
from console.overview.forms import OverviewForm
from console.ui.htmx import HtmxRequest, nothing_new, render_page, unchanged, version_of


@require_GET
@requires("overview.view")
def overview(request: HtmxRequest, namespace: str) -> HttpResponse:
    of = listed.asked(request, namespace)
    wanted = OverviewForm(request.GET).wanted(of)
    found = looking.overview(namespace, wanted, timezone.now())
    parts, times = presenters.parts(found, of), presenters.both_times(found, of)
    version = version_of(parts, times)
    if unchanged(request, version):
        return nothing_new()
    form = OverviewForm(request.GET)
    context = {"form": form, "found": found, "parts": parts, "times": times, "version": version}
    context |= {"spans": looking.SPANS, "span": wanted.span, "kind": lists.TYPES[of]}
    context |= listed.context(request, namespace, of)
    return render_page(request, "overview/overview.html", context, parts=["counts"])
