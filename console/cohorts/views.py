from django.http import HttpResponse
from django.views.decorators.http import require_GET

from console.access.decorators import requires
from console.cohorts import looking, presenters
from console.cohorts.forms import CohortForm
from console.gateway.runs import RunKey
from console.ui.htmx import HtmxRequest, nothing_new, render_page, unchanged, version_of


@require_GET
@requires("run.view")
def cohort(request: HtmxRequest, namespace: str, workflow_id: str, run_id: str) -> HttpResponse:
    run, every = looking.described(RunKey(namespace, workflow_id, run_id))
    chosen = CohortForm(request.GET, every).chosen()
    shared, found = looking.shared(namespace, every, chosen), looking.cohort(namespace, chosen)
    version = version_of(shared, found.query, found.by_status)
    if unchanged(request, version):
        return nothing_new()
    context = {
        "run": run,
        "found": found,
        "sections": presenters.sections(shared),
        "statuses": presenters.status_links(namespace, found),
        "runs_url": presenters.runs_url(namespace, found.query),
        "version": version,
    }
    return render_page(request, "cohorts/cohort.html", context, parts=["cohort"])
