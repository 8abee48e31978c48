"""Start an activity without a workflow, or one like another one."""

from django.contrib import messages
from django.http import HttpResponse
from django.views.decorators.http import require_http_methods

from console.access.decorators import requires
from console.gateway.channel import GatewayError, Trouble
from console.gateway.standalone_starting import Started
from console.standalone import actions, drafts, presenters
from console.standalone.drafts import Draft
from console.standalone.looking import ABSENT
from console.ui.htmx import HtmxRequest, go_to, render_page
from console.ui.refusals import Refusal

#: refusal -> the field that it stands at; others are a page of their own
FIELDS = {Trouble.CONFLICT: "activity_id", Trouble.INVALID: None, Trouble.BUSY: None}


@require_http_methods(["GET", "POST"])
@requires("standalone.start")
def start(request: HtmxRequest, namespace: str) -> HttpResponse:
    given = request.POST if request.method == "POST" else None
    draft = drafts.begin(namespace, request.GET.dict(), given)
    started = _started(request, draft) if draft.is_sent and draft.form.is_valid() else None
    if started is None:
        status = 422 if draft.is_wrong else 200
        context = {"draft": draft, "form": draft.form}
        template = "standalone/start.html"
        return render_page(request, template, context, parts=["start"], status=status)
    says = "The activity was started." if started.is_new else "It goes on already; none was begun."
    messages.success(request, says)
    queue = draft.form.cleaned_data["task_queue"]
    if actions.nobody_polls(namespace, queue):
        messages.error(request, f"Nobody polls {queue}: it waits until a worker does.")
    return go_to(request, presenters.url_of("one", started.key))


def _started(request: HtmxRequest, draft: Draft) -> Started | None:
    """None: something is wrong, and stands where it belongs."""
    if draft.is_wrong:
        return None
    order, reason = drafts.order(draft), draft.form.cleaned_data["reason"]
    try:
        once = request.POST.get("once", "")
        return actions.start(request.user, order, draft.like, reason, once=once)
    except GatewayError as error:
        if error.trouble is Trouble.UNSUPPORTED:
            raise Refusal(501, ABSENT["activities"], error.detail) from error
        if error.trouble not in FIELDS:
            raise
        draft.form.add_error(FIELDS[error.trouble], str(error))
        return None
