"""The dialogs: what it means, why, done. All six have the same shape."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.models import User
from django.http import HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from console.access.decorators import requires
from console.activities import actions, looking, presenters
from console.activities.forms import (
    CompleteForm,
    FailForm,
    PauseForm,
    ResultsForm,
    ResumeForm,
    TryForm,
)
from console.activities.looking import Target
from console.audit.record import identity
from console.gateway.channel import GatewayError, Trouble
from console.gateway.runs import RunKey
from console.offering import offers
from console.offering.options import OptionsForm
from console.ui.htmx import HtmxRequest, go_to, render_page

#: What a person can do something about stands in the dialog; the rest becomes a page of its own.
SHOWN = {Trouble.NOT_FOUND, Trouble.CONFLICT, Trouble.INVALID, Trouble.UNSUPPORTED, Trouble.BUSY}


@dataclass(frozen=True, slots=True)
class Kind:
    title: str
    says: str
    verb: str
    done: str
    form: Callable[..., forms.Form]
    #: what it returns says which they were, where that is known only afterwards
    act: Callable[[User, Target, Mapping[str, Any]], str | None]
    danger: bool = False
    #: the activity is over afterwards: its page is gone
    ends: bool = False


TRY = Kind(
    "Try it now",
    "The pause before the next attempt ends at once, and attempts are counted from the first again."
    " The options stay as they are. An attempt that runs goes on; a paused activity is resumed.",
    "Try now",
    "Tried now",
    TryForm,
    actions.try_now,
)
PAUSE = Kind(
    "Pause it",
    "No further attempt begins until somebody resumes it. An attempt that runs now may still"
    " complete it; if it fails, the activity rests.",
    "Pause",
    "Paused",
    PauseForm,
    actions.pause,
)
RESUME = Kind(
    "Resume it",
    "The next attempt begins at once.",
    "Resume",
    "Resumed",
    ResumeForm,
    actions.resume,
)
COMPLETE = Kind(
    "Complete it by hand",
    "The workflow goes on as if the activity had returned this result. Do it only for what was"
    " really done: an attempt that runs now is not stopped, and its answer is thrown away."
    " This cannot be taken back.",
    "Complete",
    "Completed by hand",
    CompleteForm,
    actions.complete,
    danger=True,
    ends=True,
)
FAIL = Kind(
    "Fail it by hand",
    "The attempt that runs now counts as failed with this failure.",
    "Fail",
    "Failed by hand",
    FailForm,
    actions.fail,
    danger=True,
    ends=True,
)


@require_http_methods(["GET", "POST"])
@requires("activity.try")
def try_now(
    request: HtmxRequest, namespace: str, workflow_id: str, run_id: str, *, by: str, called: str
) -> HttpResponse:
    return _dialog(request, looking.target(RunKey(namespace, workflow_id, run_id), by, called), TRY)


@require_http_methods(["GET", "POST"])
@requires("activity.pause")
def pause(
    request: HtmxRequest, namespace: str, workflow_id: str, run_id: str, *, by: str, called: str
) -> HttpResponse:
    it = looking.target(RunKey(namespace, workflow_id, run_id), by, called)
    never = presenters.cannot_pause(it)
    return _dialog(request, it, PAUSE, never, presenters.pauses_by_type(it))


@require_http_methods(["GET", "POST"])
@requires("activity.resume")
def resume(
    request: HtmxRequest, namespace: str, workflow_id: str, run_id: str, *, by: str, called: str
) -> HttpResponse:
    it = looking.target(RunKey(namespace, workflow_id, run_id), by, called)
    return _dialog(request, it, RESUME)


@require_http_methods(["GET", "POST"])
@requires("activity.complete")
def complete(
    request: HtmxRequest, namespace: str, workflow_id: str, run_id: str, *, by: str, called: str
) -> HttpResponse:
    """With a typed form where the workflow says what the activity returns."""
    it = looking.target(RunKey(namespace, workflow_id, run_id), by, called)
    many = len(it.activities)
    schemas = {kind: offers.result_of(it.run.summary.memo, kind) for kind in it.types}
    form: Callable[..., forms.Form] = partial(CompleteForm, many=many)
    if [*schemas.values()] != [None]:
        form = partial(ResultsForm, many=many, schemas=schemas, who=identity(request.user))
    kind = replace(COMPLETE, form=form)
    never = presenters.cannot_end(it, many)
    return _dialog(request, it, kind, never, presenters.ends(it, many))


@require_http_methods(["GET", "POST"])
@requires("activity.fail")
def fail(
    request: HtmxRequest, namespace: str, workflow_id: str, run_id: str, *, by: str, called: str
) -> HttpResponse:
    it = looking.target(RunKey(namespace, workflow_id, run_id), by, called)
    many = len(it.now)
    kind = replace(FAIL, form=partial(FailForm, many=many))
    return _dialog(request, it, kind, presenters.cannot_fail(it), presenters.ends(it, many))


@require_http_methods(["GET", "POST"])
@requires("activity.change")
def options(
    request: HtmxRequest, namespace: str, workflow_id: str, run_id: str, *, by: str, called: str
) -> HttpResponse:
    """Form, what would change, apply: applied is only what was shown, against what still stands."""
    it = looking.target(RunKey(namespace, workflow_id, run_id), by, called)
    form = OptionsForm(it.options, request.POST or None)
    rows, seal = form.rows, form.seal
    if form.is_confirmed:
        changes, reason = form.changes(), form.cleaned_data["reason"]
        _, refused = _done(lambda: actions.change(request.user, it, changes, reason))
        if refused is None:
            messages.success(request, f"The options of {it.label} were changed.")
            return go_to(request, it.url)
        form.add_error(None, refused)
    context = {"it": it, "form": form, "rows": rows, "seal": seal}
    status = 422 if form.errors else 200
    return render_page(request, "activities/options.html", context, parts=["dialog"], status=status)


def _dialog(
    request: HtmxRequest, it: Target, kind: Kind, never: str = "", aside: str = ""
) -> HttpResponse:
    form = kind.form(request.POST or None)
    if form.is_valid():
        which, refused = None, never or None
        if not refused:
            which, refused = _done(lambda: kind.act(request.user, it, form.cleaned_data))
        if not refused:
            messages.success(request, f"{kind.done}: {which or it.label}.")
            return go_to(request, page_of(it.key) if kind.ends else f"{it.url}?acted=yes")
        form.add_error(None, refused)
    says = never or f"{kind.says} {aside}".rstrip()
    title = kind.title if it.is_one else kind.title.replace(" it", " them")
    context = {"form": form, "kind": kind, "it": it, "says": says, "title": title}
    status = 422 if form.errors else 200
    return render_page(request, "activities/act.html", context, parts=["dialog"], status=status)


def page_of(key: RunKey) -> str:
    return reverse("workflows:pending", args=[key.namespace, key.workflow_id, key.run_id])


def _done(act: Callable[[], str | None]) -> tuple[str | None, str | None]:
    """What it says, or why not. An activity that ended a moment ago answers "not found": to a
    person it has ended."""
    try:
        return act(), None
    except GatewayError as error:
        if error.trouble not in SHOWN:
            raise
        if error.trouble is Trouble.NOT_FOUND:
            says = "It ended a moment ago, or the server does not see it. Nothing was done."
            return None, f"{says} {error}"
        return None, str(error)
