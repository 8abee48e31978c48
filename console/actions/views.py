from collections.abc import Callable

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from console.access import updates
from console.access.decorators import requires
from console.access.policy import can
from console.actions import actions, presenters
from console.actions.forms import ByNameForm
from console.gateway import workflows
from console.gateway.channel import GatewayError, Trouble
from console.gateway.runs import RunDetail, RunKey
from console.offering import asking, offers
from console.offering.asking import Asking
from console.ui.htmx import HtmxRequest, go_to, render_page
from console.ui.refusals import Elsewhere, Refusal

#: what a person reads beside the form; the rest becomes a page of its own
SHOWN = {Trouble.NOT_FOUND, Trouble.CONFLICT, Trouble.INVALID, Trouble.SLOW, Trouble.BUSY}


@require_GET
@requires("run.query")
def offered(request: HtmxRequest, namespace: str, workflow_id: str, run_id: str) -> HttpResponse:
    run = described(RunKey(namespace, workflow_id, run_id))
    by_name = ByNameForm(request.GET or None)
    if by_name.is_valid():
        asked = by_name.cleaned_data
        return go_to(request, presenters.place(run.summary.key, asked["kind"], asked["name"]))
    found = offers.of_run(run)
    may = {kind: can(request.user, f"run.{kind}", namespace) for kind in offers.KINDS}
    barred = updates.barred(request.user, namespace)
    context = {
        "run": run,
        "key": run.summary.key,
        "silence": found.silence,
        "sections": presenters.sections(run, found, may, barred),
        "form": by_name,
    }
    return render_page(request, "actions/offered.html", context)


@require_http_methods(["GET", "POST"])
@requires("run.query")
def query(
    request: HtmxRequest, namespace: str, workflow_id: str, run_id: str, called: str
) -> HttpResponse:
    run = described(RunKey(namespace, workflow_id, run_id))
    return _ask(request, run, "query", called, lambda it: actions.query(it, run.summary.key))


@require_http_methods(["GET", "POST"])
@requires("run.signal")
def signal(
    request: HtmxRequest, namespace: str, workflow_id: str, run_id: str, called: str
) -> HttpResponse:
    run = described(RunKey(namespace, workflow_id, run_id))
    person, key = request.user, run.summary.key
    return _ask(request, run, "signal", called, lambda it: actions.signal(person, it, key))


@require_http_methods(["GET", "POST"])
@requires("run.update")
def update(
    request: HtmxRequest, namespace: str, workflow_id: str, run_id: str, called: str
) -> HttpResponse:
    if says := updates.why_not(request.user, called, namespace):
        raise _elsewhere(says, called, RunKey(namespace, workflow_id, run_id))
    run = described(RunKey(namespace, workflow_id, run_id))
    person, key = request.user, run.summary.key
    return _ask(request, run, "update", called, lambda it: actions.update(person, it, key))


def _elsewhere(says: str, called: str, key: RunKey) -> PermissionDenied:
    if called not in updates.UPDATES:
        return PermissionDenied(says)
    return Elsewhere(says, presenters.place_of_billing(key), "To its billing page")


def described(key: RunKey) -> RunDetail:
    try:
        return workflows.describe(key)
    except GatewayError as error:
        if error.trouble in {Trouble.NOT_FOUND, Trouble.INVALID}:
            says = f"There is no such run of {key.workflow_id} in {key.namespace}."
            raise Refusal(404, says, error.detail) from error
        raise


def _ask(
    request: HtmxRequest, run: RunDetail, kind: str, called: str, act: Callable[[Asking], None]
) -> HttpResponse:
    given = request.POST if request.method == "POST" else None
    it = asking.begin(offers.offer(run, kind, called), given, says_why=kind != "query")
    if it.given is not None and presenters.is_closed(run, kind):
        it.errors.append(f"This run has ended ({run.summary.status}). Nothing was done.")
    elif it.given is not None and (it.form is None or it.form.is_valid()):
        _try(it, act)
    key = run.summary.key
    if kind == "signal" and it.says:
        messages.success(request, it.says)
        at = [key.namespace, key.workflow_id, key.run_id]
        return go_to(request, reverse("workflows:run", args=at))
    context = {"it": it, "run": run, "key": key, "kind": kind}
    status = 422 if it.is_wrong else 200
    return render_page(request, "actions/act.html", context, parts=["act"], status=status)


def _try(it: Asking, act: Callable[[Asking], None]) -> None:
    try:
        act(it)
    except GatewayError as error:
        if error.trouble not in SHOWN:
            raise
        it.errors.append(str(error))
