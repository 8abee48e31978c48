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
    kind = lists.TYPES[of]
    parts = (
        (
            "ExecutionStatus",
            "By status",
            presenters.rows(found.status, "ExecutionStatus", found.query),
        ),
        (kind, "By type", presenters.rows(found.types, kind, found.query)),
        (found.by, "By attribute", presenters.rows(found.attribute, found.by, found.query)),
    )
    times = tuple(
        (title, presenters.times(part, attribute, found.window, found.query, lists.NOUNS[of]))
        for title, attribute, part in (
            ("Starts", "StartTime", found.starts),
            ("Ends", "CloseTime", found.ends),
        )
    )
    version = version_of(parts, times)
    if unchanged(request, version):
        return nothing_new()
    context = {
        "form": OverviewForm(request.GET),
        "found": found,
        "parts": parts,
        "times": times,
        "version": version,
    }
    context |= {"spans": looking.SPANS, "span": wanted.span, "kind": kind}
    context |= listed.context(request, namespace, of)
    return render_page(request, "overview/overview.html", context, parts=["counts"])
