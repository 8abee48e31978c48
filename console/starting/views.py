from django.contrib import messages
from django.http import HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from console.access.decorators import requires
from console.access.policy import can
from console.gateway.channel import GatewayError, Trouble
from console.gateway.starting import Started
from console.starting import actions, drafts
from console.starting.drafts import Draft
from console.ui.htmx import HtmxRequest, go_to, render_page

#: refusal -> the field that it stands at; others are a page of their own
FIELDS = {Trouble.CONFLICT: "workflow_id", Trouble.INVALID: None, Trouble.BUSY: None}


@require_http_methods(["GET", "POST"])
@requires("run.start")
def start(request: HtmxRequest, namespace: str) -> HttpResponse:
    draft = drafts.begin(
        namespace,
        request.GET.dict(),
        request.POST if request.method == "POST" else None,
        may_terminate=can(request.user, "run.terminate", namespace),
    )
    started = _started(request, draft) if draft.is_sent and draft.form.is_valid() else None
    if started is None:
        status = 422 if draft.is_wrong else 200
        context = {"draft": draft, "form": draft.form}
        return render_page(request, "starting/start.html", context, parts=["start"], status=status)
    queue = draft.form.cleaned_data["task_queue"]
    says = "The run was started." if started.is_new else "It was running already; none was started."
    messages.success(request, says)
    if actions.nobody_polls(namespace, queue):
        messages.error(request, f"Nobody polls {queue}: the run waits until a worker does.")
    key = started.key
    return go_to(request, reverse("workflows:run", args=[namespace, key.workflow_id, key.run_id]))


def _started(request: HtmxRequest, draft: Draft) -> Started | None:
    """None: something is wrong, and stands where it belongs."""
    if draft.is_wrong:
        return None
    order, reason = drafts.order(draft), draft.form.cleaned_data["reason"]
    once = request.POST.get("once", "")
    try:
        return actions.start(request.user, order, draft.like, reason, once=once)
    except GatewayError as error:
        if error.trouble not in FIELDS:
            raise
        draft.form.add_error(FIELDS[error.trouble], str(error))
        return None


@require_GET
@requires("run.start")
def queue(request: HtmxRequest, namespace: str) -> HttpResponse:
    """Who polls the queue that is being typed."""
    name = request.GET.get("task_queue", "").strip()[:1_000]
    nobody = actions.nobody_polls(namespace, name) if name else None
    return render_page(request, "starting/queue.html", {"name": name, "nobody": nobody})
