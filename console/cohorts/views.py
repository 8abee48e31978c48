from collections.abc import Sequence

from django.http import HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_GET

from console.access import listed
from console.access.decorators import requires
from console.cohorts import looking, presenters
from console.cohorts.facts import Fact
from console.cohorts.forms import CohortForm
from console.gateway.lists import RUNS
from console.gateway.runs import RunKey
from console.gateway.standalone import KINDS, Key
from console.ui import paths
from console.ui.htmx import HtmxRequest, nothing_new, render_page, unchanged, version_of
from console.ui.refusals import Refusal


@require_GET
@requires("run.view")
def cohort(request: HtmxRequest, namespace: str, workflow_id: str, run_id: str) -> HttpResponse:
    run, every = looking.described(RunKey(namespace, workflow_id, run_id))
    at = [namespace, run.key.workflow_id, run.key.run_id]
    example = (run.key.workflow_id, reverse("workflows:run", args=at))
    return _page(request, namespace, RUNS, example, every)


@require_GET
@requires("standalone.view")
def alone(
    request: HtmxRequest, namespace: str, kind: str, *, alone_id: str, run_id: str
) -> HttpResponse:
    if kind not in KINDS:
        raise Refusal(404, "Activities and operations stand alone, and nothing else.")
    one, every = looking.described_alone(Key(namespace, KINDS[kind], alone_id, run_id))
    key = one.summary.key
    example = (key.id, reverse("standalone:one", args=[namespace, kind, key.id, key.run_id]))
    return _page(request, namespace, kind, example, every)


def _page(
    request: HtmxRequest, namespace: str, of: str, example: tuple[str, str], every: Sequence[Fact]
) -> HttpResponse:
    """`example`: its id and address."""
    chosen = CohortForm(request.GET, every).chosen()
    shared = looking.shared(namespace, of, every, chosen)
    found = looking.cohort(namespace, of, chosen)
    version = version_of(shared, found.query, found.by_status)
    if unchanged(request, version):
        return nothing_new()
    context = {
        "example": example,
        "found": found,
        "sections": presenters.sections(shared),
        "statuses": presenters.status_links(namespace, of, found),
        "found_url": paths.of_list(namespace, of, found.query),
        "version": version,
    } | listed.context(request, namespace, of)
    return render_page(request, "cohorts/cohort.html", context, parts=["cohort"])
