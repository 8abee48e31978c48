"""One run beside another. The address names both, so that it can be sent to somebody."""

from typing import Any

from django.http import HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_GET

from console.access.decorators import requires
from console.gateway import sight
from console.gateway.runs import RunDetail, RunKey
from console.ui.htmx import HtmxRequest, render_page
from console.workflows import candidates, comparing, decoding, runpage
from console.workflows.comparing import Comparison
from console.workflows.forms import CompareForm
from console.workflows.reading import SEARCH_BUDGET_SECONDS, Known, read
from console.workflows.run_views import described, frame


@require_GET
@requires("run.view")
def compare(request: HtmxRequest, namespace: str, workflow_id: str, run_id: str) -> HttpResponse:
    run = described(namespace, workflow_id, run_id)
    asked = CompareForm(request.GET).asked()
    known = _read(run)
    context = frame(request, run, "compare") | {
        "asked": asked,
        "choices": candidates.of(run.summary, known.events),
        "known": known,
    }
    if asked["workflow"] or asked["run"]:
        other = described(namespace, asked["workflow"] or workflow_id, asked["run"] or "")
        context |= _beside(run, known, other, tasks=asked["tasks"])
    return render_page(request, "workflows/compare.html", context, parts=["compare"])


def _beside(run: RunDetail, known: Known, other: RunDetail, *, tasks: bool) -> dict[str, Any]:
    its = _read(other)
    itself = run.summary.key == other.summary.key
    complete = known.complete and its.complete
    return {
        "other": runpage.head(other, "", timezone.now(), 0),
        "its": its,
        "reading": not complete,
        "itself": itself,
        "masks": bool(sight.current().hidden),
        "comparison": _compared(run, known, other, its, tasks=tasks)
        if complete and not itself
        else None,
    }


def _compared(
    run: RunDetail, known: Known, other: RunDetail, its: Known, *, tasks: bool
) -> Comparison:
    keys: tuple[RunKey, RunKey] = (run.summary.key, other.summary.key)
    read = decoding.reader(known.front, its.front)
    return comparing.compare(known.front, its.front, keys, tasks=tasks, read=read)


def _read(run: RunDetail) -> Known:
    return read(run.summary.key, run.summary.history_length, SEARCH_BUDGET_SECONDS)
