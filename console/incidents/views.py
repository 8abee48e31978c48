from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from console.access.decorators import requires
from console.access.policy import can
from console.audit.models import AuditEntry
from console.audit.rows import act_row
from console.gateway import namespaces
from console.incidents import actions, looking, presenters
from console.incidents.forms import ChangeForm, IncidentsForm
from console.ui.htmx import HtmxRequest, go_to, nothing_new, render_page, unchanged, version_of
from console.ui.stale import Stale
from search.query.parser import GROUPS_MAX

ACTS_SHOWN = 20


@require_GET
@requires("incident.view")
def incidents(request: HtmxRequest, namespace: str) -> HttpResponse:
    if not namespaces.attributes(namespace).ours:
        return render_page(request, "incidents/absent.html", {})
    form, now = IncidentsForm(request.GET), timezone.now()
    tab, text = form.asked
    survey = looking.survey_of(namespace)
    found = looking.incidents(namespace, tab, text, now - presenters.ROW_SPAN)
    rows = [presenters.row(one, one.recent, now, survey) for one in found]  # type: ignore[attr-defined]
    late = looking.is_late(survey, now)
    version = version_of(rows, late, survey and survey.at)
    if unchanged(request, version):
        return nothing_new()
    tabs, counts = looking.TABS, looking.tab_counts(namespace)
    context = {
        "form": form, "rows": rows, "survey": survey, "late": late, "version": version,
        "tab": tab if tab in tabs else "", "text": text, "shown_max": looking.ROWS_MAX,
        "largest_max": GROUPS_MAX,
        "tabs": [(name, tabs[name][0], count) for name, count in counts.items()],
    }  # fmt: skip
    return render_page(request, "incidents/incidents.html", context, parts=["incidents"])


@require_GET
@requires("incident.view")
def incident(request: HtmxRequest, namespace: str, number: int) -> HttpResponse:
    found, now = looking.incident_of(namespace, number), timezone.now()
    tally, at = looking.counted(found)
    samples = found.samples.filter(at__gte=now - presenters.PAGE_SPAN)
    may_read = can(request.user, "audit.view", namespace)
    acts = AuditEntry.objects.filter(
        namespace=namespace, verb="incident.change", target__startswith=found.mark
    )
    context = {
        "incident": found,
        "row": presenters.row(found, (), now),
        "tally": tally,
        "counted_at": at,
        "chart": presenters.chart(samples, now, presenters.PAGE_SPAN),
        "sides": [
            (side.query, presenters.list_url(found, side.query), map(presenters.run_row, side.runs))
            for side in looking.sides(found, tally)
        ],
        "acts": [act_row(one) for one in acts.select_related("outcome")[:ACTS_SHOWN]]
        if may_read
        else None,
        "may_change": can(request.user, "incident.change", namespace),
        "may_bulk": can(request.user, "bulk.run", namespace),
    }
    return render_page(request, "incidents/incident.html", context)


@require_http_methods(["GET", "POST"])
@requires("incident.change")
def change(request: HtmxRequest, namespace: str, number: int) -> HttpResponse:
    found = looking.incident_of(namespace, number)
    form = ChangeForm(
        request.POST or None,
        instance=looking.incident_of(namespace, number),
        initial={"seen": version_of(actions.shown(found))},
    )
    stands = {}
    if form.is_valid():
        try:
            actions.change(request.user, found, form.cleaned_data)
            return go_to(request, reverse("incidents:incident", args=[namespace, number]))
        except Stale as stale:
            form.refuse(stale)
            stands = actions.shown(looking.incident_of(namespace, number))
    context = {"form": form, "incident": found, "stands": stands}
    status = 422 if form.errors else 200
    return render_page(request, "incidents/change.html", context, parts=["dialog"], status=status)
