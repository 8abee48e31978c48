from typing import Any
from uuid import UUID

from django.core.paginator import Paginator
from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_GET

from console.access.decorators import requires
from console.access.policy import can
from console.acts import export as exporting
from console.acts.finding import matching, may_see, others_matching, others_seen, scans_seen
from console.acts.forms import ActsForm
from console.acts.looking import trail
from console.acts.presenters import act_page
from console.audit import others
from console.audit.rows import act_row
from console.ui.htmx import HtmxRequest, render_page

ROWS = 50


@require_GET
@requires("audit.view")
def acts(request: HtmxRequest) -> HttpResponse:
    form = ActsForm(request.GET)
    context: dict[str, Any] = {"form": form, "export_rows_max": exporting.ROWS_MAX}
    number = request.GET.get("page")
    if form.of_others:
        found = others_matching(others_seen(request.user), form.asked)
        page = Paginator(found, ROWS).get_page(number)
        context |= {"others": [others.row(one) for one in page], "page": page}
        context |= {"scans": scans_seen(request.user)}
    else:
        ours = Paginator(matching(may_see(request.user), form.asked), ROWS).get_page(number)
        context |= {"rows": [act_row(one) for one in ours], "page": ours}
    return render_page(request, "acts/acts.html", context, parts=["entries"])


@require_GET
@requires("audit.view")
def act(request: HtmxRequest, act_id: UUID) -> HttpResponse:
    page = act_page(get_object_or_404(may_see(request.user), pk=act_id))
    of_run = page.row.run_id and can(request.user, "run.view", page.row.namespace)
    context = {"act": page, "row": page.row, "trail": trail(page.id, page.row) if of_run else None}
    return render_page(request, "acts/act.html", context)


@require_GET
@requires("audit.view")
def export(request: HtmxRequest) -> StreamingHttpResponse:
    form = ActsForm(request.GET)
    if form.of_others:
        text = exporting.other_lines(others_matching(others_seen(request.user), form.asked))
    else:
        text = exporting.lines(matching(may_see(request.user), form.asked))
    return StreamingHttpResponse(
        text,
        content_type="text/csv; charset=utf-8",
        headers={
            "Content-Disposition": 'attachment; filename="acts.csv"',
            "Cache-Control": "no-store",
        },
    )
