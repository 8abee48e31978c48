"""The dialogs: what it means, why, done. All of them have the same shape."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.models import User
from django.http import HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from console.access.decorators import requires
from console.gateway.channel import GatewayError, Trouble
from console.gateway.standalone_details import Detail
from console.offering.options import OptionsForm
from console.standalone import actions, looking, presenters
from console.standalone.forms import CompleteForm, FailForm, ReasonForm, TryForm
from console.ui.htmx import HtmxRequest, go_to, render_page

#: What a person can do something about stands in the dialog; the rest becomes a page of its own.
SHOWN = {Trouble.NOT_FOUND, Trouble.CONFLICT, Trouble.INVALID, Trouble.UNSUPPORTED, Trouble.BUSY}


@dataclass(frozen=True, slots=True)
class Says:
    title: str
    says: str
    verb: str
    done: str
    form: Callable[..., forms.Form]
    act: Callable[[User, Detail, Mapping[str, Any]], None]
    danger: bool = False


CANCEL = Says(
    "Cancel it",
    "Who works on it is asked to stop, and may still end it otherwise. While nobody works on it, it"
    " ends at once where the server says so.",
    "Cancel",
    "Asked to cancel",
    ReasonForm,
    actions.cancel,
)
TERMINATE = Says(
    "Terminate it",
    "It ends at once; who works on it is not asked, and what it still answers is thrown away."
    " This cannot be taken back.",
    "Terminate",
    "Terminated",
    ReasonForm,
    actions.terminate,
    danger=True,
)
DELETE = Says(
    "Delete it",
    "Nothing is left of it but this act in the activity log. One that goes on is terminated first."
    " This cannot be taken back.",
    "Delete",
    "Deleted",
    ReasonForm,
    actions.delete,
    danger=True,
)
TRY = Says(
    "Try it now",
    "The pause before the next attempt ends at once, and attempts are counted from the first again."
    " The options stay as they are.",
    "Try now",
    "Tried now",
    TryForm,
    actions.try_now,
)
PAUSE = Says(
    "Pause it",
    "No further attempt begins until somebody resumes it. An attempt that runs now may still"
    " complete it, and its time-outs go on.",
    "Pause",
    "Paused",
    ReasonForm,
    actions.pause,
)
RESUME = Says(
    "Resume it", "The next attempt begins at once.", "Resume", "Resumed", ReasonForm, actions.resume
)
COMPLETE = Says(
    "Complete it by hand",
    "It ends as if the activity had returned this result. Do it only for what was really done: an"
    " attempt that runs now is not stopped, and its answer is thrown away. This cannot be taken"
    " back.",
    "Complete",
    "Completed by hand",
    CompleteForm,
    actions.complete,
    danger=True,
)
FAIL = Says(
    "Fail it by hand",
    "The attempt that runs now counts as failed with this failure.",
    "Fail",
    "Failed by hand",
    FailForm,
    actions.fail,
    danger=True,
)


@require_http_methods(["GET", "POST"])
@requires("standalone.cancel")
def cancel(
    request: HtmxRequest, namespace: str, kind: str, *, alone_id: str, run_id: str
) -> HttpResponse:
    return _dialog(request, looking.one(namespace, kind, alone_id, run_id), CANCEL)


@require_http_methods(["GET", "POST"])
@requires("standalone.terminate")
def terminate(
    request: HtmxRequest, namespace: str, kind: str, *, alone_id: str, run_id: str
) -> HttpResponse:
    return _dialog(request, looking.one(namespace, kind, alone_id, run_id), TERMINATE)


@require_http_methods(["GET", "POST"])
@requires("standalone.delete")
def delete(
    request: HtmxRequest, namespace: str, kind: str, *, alone_id: str, run_id: str
) -> HttpResponse:
    after = reverse("standalone:list", args=[namespace, kind])
    return _dialog(request, looking.one(namespace, kind, alone_id, run_id), DELETE, after)


@require_http_methods(["GET", "POST"])
@requires("activity.try")
def try_now(
    request: HtmxRequest, namespace: str, kind: str, *, alone_id: str, run_id: str
) -> HttpResponse:
    return _dialog(request, looking.activity(namespace, kind, alone_id, run_id), TRY)


@require_http_methods(["GET", "POST"])
@requires("activity.pause")
def pause(
    request: HtmxRequest, namespace: str, kind: str, *, alone_id: str, run_id: str
) -> HttpResponse:
    return _dialog(request, looking.activity(namespace, kind, alone_id, run_id), PAUSE)


@require_http_methods(["GET", "POST"])
@requires("activity.resume")
def resume(
    request: HtmxRequest, namespace: str, kind: str, *, alone_id: str, run_id: str
) -> HttpResponse:
    return _dialog(request, looking.activity(namespace, kind, alone_id, run_id), RESUME)


@require_http_methods(["GET", "POST"])
@requires("activity.complete")
def complete(
    request: HtmxRequest, namespace: str, kind: str, *, alone_id: str, run_id: str
) -> HttpResponse:
    return _dialog(request, looking.activity(namespace, kind, alone_id, run_id), COMPLETE)


@require_http_methods(["GET", "POST"])
@requires("activity.fail")
def fail(
    request: HtmxRequest, namespace: str, kind: str, *, alone_id: str, run_id: str
) -> HttpResponse:
    return _dialog(request, looking.activity(namespace, kind, alone_id, run_id), FAIL)


@require_http_methods(["GET", "POST"])
@requires("activity.change")
def options(
    request: HtmxRequest, namespace: str, kind: str, *, alone_id: str, run_id: str
) -> HttpResponse:
    """Form, what would change, apply."""
    one = looking.activity(namespace, kind, alone_id, run_id)
    form = OptionsForm([one.options] if one.options else [], request.POST or None)
    rows, seal, key = form.rows, form.seal, one.summary.key
    if form.is_confirmed:
        changes, reason = form.changes(), form.cleaned_data["reason"]
        if _is_done(form, lambda: actions.change(request.user, one, changes, reason)):
            messages.success(request, f"The options of {one.summary.does} {key.id} were changed.")
            return go_to(request, presenters.url_of("one", key))
    context = {"one": one, "form": form, "rows": rows, "seal": seal}
    status = 422 if form.errors else 200
    return render_page(request, "standalone/options.html", context, parts=["dialog"], status=status)


def _dialog(request: HtmxRequest, one: Detail, says: Says, after: str = "") -> HttpResponse:
    form, key = says.form(request.POST or None), one.summary.key
    if form.is_valid() and _is_done(form, lambda: says.act(request.user, one, form.cleaned_data)):
        messages.success(request, f"{says.done}: {one.summary.does} {key.id}.")
        return go_to(request, after or presenters.url_of("one", key))
    context = {"form": form, "says": says, "one": one}
    status = 422 if form.errors else 200
    return render_page(request, "standalone/act.html", context, parts=["dialog"], status=status)


def _is_done(form: forms.Form, act: Callable[[], None]) -> bool:
    """What the server refuses stands in the form."""
    try:
        act()
    except GatewayError as refused:
        if refused.trouble not in SHOWN:
            raise
        form.add_error(None, str(refused))
        return False
    return True
