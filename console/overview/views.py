from django.http import HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_GET

from console.access.decorators import requires
from console.overview import looking, presenters
from console.overview.forms import OverviewForm
from console.ui.htmx import HtmxRequest, nothing_new, render_page, unchanged, version_of


@require_GET
@requires("overview.view")
def overview(request: HtmxRequest, namespace: str) -> HttpResponse:
    form = OverviewForm(request.GET)
    found = looking.overview(namespace, form.wanted, timezone.now())
    parts = (
        (
            "ExecutionStatus",
            "By status",
            presenters.rows(found.status, "ExecutionStatus", found.query),
        ),
        ("WorkflowType", "By type", presenters.rows(found.types, "WorkflowType", found.query)),
        (found.by, "By attribute", presenters.rows(found.attribute, found.by, found.query)),
    )
    times = tuple(
        (title, presenters.times(part, attribute, found.window, found.query))
        for title, attribute, part in (
            ("Starts", "StartTime", found.starts),
            ("Ends", "CloseTime", found.ends),
        )
    )
    version = version_of(parts, times)
    if unchanged(request, version):
        return nothing_new()
    context = {"form": form, "found": found, "parts": parts, "times": times, "version": version}
    context |= {"spans": looking.SPANS, "span": form.wanted.span}
    return render_page(request, "overview/overview.html", context, parts=["counts"])
