"""The dialogs of a run: confirm, say why, done."""

import json
from collections.abc import Callable

from django import forms
from django.contrib import messages
from django.contrib.auth.models import User
from django.http import HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from console.access.decorators import requires
from console.gateway import namespaces, steering, versions
from console.gateway.channel import GatewayError, Trouble
from console.gateway.runs import RunDetail, RunKey, RunSummary
from console.ui.htmx import HtmxRequest, go_to, render_page
from console.ui.refusals import Refusal
from console.workflows import actions
from console.workflows.forms import QueryForm, ReasonForm, SignalForm, VersionForm
from console.workflows.run_views import described

CLOSED_SAYS = "This run has ended ({status}). Nothing was done."


@require_http_methods(["GET", "POST"])
@requires("run.terminate")
def terminate(request: HtmxRequest, namespace: str, workflow_id: str, run_id: str) -> HttpResponse:
    run = described(namespace, workflow_id, run_id)
    return _for_a_reason(request, run, actions.terminate, "terminate")


@require_http_methods(["GET", "POST"])
@requires("run.cancel")
def cancel(request: HtmxRequest, namespace: str, workflow_id: str, run_id: str) -> HttpResponse:
    run = described(namespace, workflow_id, run_id)
    return _for_a_reason(request, run, actions.cancel, "cancel")


@require_http_methods(["GET", "POST"])
@requires("run.pause")
def pause(request: HtmxRequest, namespace: str, workflow_id: str, run_id: str) -> HttpResponse:
    run = _pausable(namespace, workflow_id, run_id)
    return _for_a_reason(request, run, actions.pause, "pause")


@require_http_methods(["GET", "POST"])
@requires("run.resume")
def resume(request: HtmxRequest, namespace: str, workflow_id: str, run_id: str) -> HttpResponse:
    run = _pausable(namespace, workflow_id, run_id)
    return _for_a_reason(request, run, actions.resume, "resume")


def _pausable(namespace: str, workflow_id: str, run_id: str) -> RunDetail:
    if not namespaces.pauses(namespace):
        raise Refusal(501, namespaces.NO_PAUSE)
    return described(namespace, workflow_id, run_id)


@require_http_methods(["GET", "POST"])
@requires("run.signal")
def signal(request: HtmxRequest, namespace: str, workflow_id: str, run_id: str) -> HttpResponse:
    run = described(namespace, workflow_id, run_id)
    form = SignalForm(request.POST or None)

    def act() -> None:
        asked, once = form.cleaned_data, request.POST.get("once", "")
        said = asked["name"], asked["argument"], asked["reason"]
        actions.signal(request.user, run.summary, *said, once=once)

    return _dialog(request, run, form, act, "signal")


@require_http_methods(["GET", "POST"])
@requires("run.version")
def set_version(
    request: HtmxRequest, namespace: str, workflow_id: str, run_id: str
) -> HttpResponse:
    run = described(namespace, workflow_id, run_id)
    known = versions.on_queue(namespace, run.summary.task_queue)
    form = VersionForm(request.POST or None, known, versions.of(run.told).override)

    def act() -> None:
        actions.set_version(request.user, run, form.wanted(), form.cleaned_data["reason"])

    return _dialog(request, run, form, act, "version")


#: act -> (title, what it means, the button, what the page says afterwards)
SAYS = {
    "terminate": (
        "Terminate this run",
        "The engine ends it at once. The workflow's code is not asked and cleans nothing up."
        " This cannot be taken back.",
        "Terminate",
        "The run was terminated.",
    ),
    "cancel": (
        "Cancel this run",
        "The workflow is asked to end and may clean up first; it may also go on.",
        "Ask it to cancel",
        "The cancellation was requested.",
    ),
    "pause": (
        "Pause this run",
        "No worker is given anything of it until somebody resumes it; what a worker has already, it"
        " may finish. What comes meanwhile stands in its history, and no time-out stands still.",
        "Pause",
        "The run was paused.",
    ),
    "resume": (
        "Resume this run",
        "Its workflow task and the attempts of its activities go to workers again, with everything"
        " that came meanwhile.",
        "Resume",
        "The run goes on.",
    ),
    "signal": (
        "Send a signal",
        "The workflow gets it as an event of its history, in the order of arrival.",
        "Send",
        "The signal was sent.",
    ),
    "version": (
        "Set the version of this run",
        "The workflow task that waits goes there too; one that a worker has is left to it."
        " Code that makes other commands than this history has fails its task.",
        "Set it",
        "The version was set.",
    ),
}


def _for_a_reason(
    request: HtmxRequest, run: RunDetail, does: Callable[[User, RunSummary, str], None], name: str
) -> HttpResponse:
    """An act that asks for nothing else."""
    form = ReasonForm(request.POST or None)

    def act() -> None:
        does(request.user, run.summary, form.cleaned_data["reason"])

    return _dialog(request, run, form, act, name)


def _dialog(
    request: HtmxRequest, run: RunDetail, form: forms.Form, act: Callable[[], None], name: str
) -> HttpResponse:
    title, says, verb, done = SAYS[name]
    key = run.summary.key
    if form.is_valid():
        closed = CLOSED_SAYS.format(status=run.summary.status)
        refused = _refused(act) if run.summary.is_open else closed
        if refused is None:
            messages.success(request, done)
            return go_to(request, page_of(key))
        form.add_error(None, refused)
    context = {
        "form": form,
        "title": title,
        "says": says,
        "verb": verb,
        "danger": name == "terminate",
        "run": run,
    }
    status = 422 if form.errors else 200
    return render_page(request, "workflows/act.html", context, parts=["dialog"], status=status)


def page_of(key: RunKey) -> str:
    return reverse("workflows:run", args=[key.namespace, key.workflow_id, key.run_id])


def _refused(act: Callable[[], None]) -> str | None:
    """A run that ended a moment ago answers "not found": to a person it has ended."""
    try:
        act()
    except GatewayError as error:
        if error.trouble is Trouble.NOT_FOUND:
            return "The run ended a moment ago. Nothing was done."
        return str(error)
    return None


@require_http_methods(["GET", "POST"])
@requires("run.query")
def ask(request: HtmxRequest, namespace: str, workflow_id: str, run_id: str) -> HttpResponse:
    """A query changes nothing, so it is not in the audit."""
    run = described(namespace, workflow_id, run_id)
    form = QueryForm(request.POST or None)
    answer = None
    if form.is_valid():
        argument = form.cleaned_data["argument"]
        try:
            answer = steering.query(
                run.summary.key,
                form.cleaned_data["name"],
                [json.loads(argument)] if argument else [],
            )
        except GatewayError as error:
            form.add_error(None, str(error))
    context = {"form": form, "answer": answer, "run": run, "head": run.summary.key}
    status = 422 if form.errors else 200
    return render_page(request, "workflows/query.html", context, parts=["dialog"], status=status)
