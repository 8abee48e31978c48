"""The family of one run: who started it, whom it started, and the other runs under its id."""

from functools import partial

from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.views.decorators.http import require_GET

from console.access.decorators import requires
from console.access.policy import can
from console.gateway.runs import RunKey
from console.ui.htmx import HtmxRequest, render_page
from console.workflows import kin, runpage
from console.workflows.forms import KinForm
from console.workflows.reading import read
from console.workflows.run_views import described, frame


def may_see(request: HtmxRequest) -> kin.Sees:
    return partial(can, request.user, "run.view")


@require_GET
@requires("run.view")
def relations(request: HtmxRequest, namespace: str, workflow_id: str, run_id: str) -> HttpResponse:
    run, asked = described(namespace, workflow_id, run_id), KinForm(request.GET).asked()
    key, sees = run.summary.key, may_see(request)
    known = read(key, run.summary.history_length)
    line = kin.line(run, sees)
    if not sees(asked.get("space", namespace)):
        raise PermissionDenied(f"You have no role in {asked['space']}.")
    sought: dict[str, str] = {name: asked[name] for name in ("find", "space") if name in asked}
    context = frame(request, run, "relations") | {
        "chain": runpage.chain(known.events, run.reset_run_id),
        "line": line,
        "level": kin.level(key, {}, sees),
        "found": kin.found(line.root, sought, sees, namespace) if "find" in asked else None,
        "runs": kin.same_workflow(key, {name: asked[name] for name in PLACE if name in asked}),
        "find": asked.get("find", ""),
    }
    return render_page(request, "workflows/relations.html", context)


#: the page's own place is that of the list of runs
PLACE = ("page", "token", "behind")


@require_GET
@requires("run.view")
def children(request: HtmxRequest, namespace: str, workflow_id: str, run_id: str) -> HttpResponse:
    """One level, opened in its place."""
    asked, sees = KinForm(request.GET).asked(), may_see(request)
    if not sees(asked.get("space", namespace)):
        raise PermissionDenied(f"You have no role in {asked['space']}.")
    level = kin.level(RunKey(namespace, workflow_id, run_id), asked, sees)
    context = {"level": level, "is_row": "row" in request.GET}
    return render_page(request, "workflows/kin.html", context)
