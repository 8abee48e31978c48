from django.contrib import messages
from django.http import HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from console.access.decorators import requires
from console.access.policy import can
from console.billing import asking, kinds, looking, presenters
from console.billing.contract import Phase
from console.billing.forms import LookUpForm
from console.gateway.runs import RunKey
from console.ui.htmx import HtmxRequest, go_to, nothing_new, render_page


@require_GET
@requires("billing.view")
def subscriptions(request: HtmxRequest, namespace: str) -> HttpResponse:
    form = LookUpForm(request.GET)
    names = {"text": "q", "phase": "phase", "due": "due"}
    chosen = {ours: form.data.get(name, "").strip() for ours, name in names.items()}
    context = {
        "form": form,
        "phase": chosen["phase"],
        "may_cohort": can(request.user, "billing.cohort", namespace),
        "phases": [(one.value, presenters.PHASES[one][1]) for one in Phase],
        "lacking": looking.lacking(namespace),
        "asked_at": timezone.now(),
    }
    if form.is_valid() and not context["lacking"]:
        context |= looking.found(namespace, request.GET.dict(), chosen)
    status = 200 if form.is_valid() else 422
    return render_page(
        request, "billing/subscriptions.html", context, parts=["subscriptions"], status=status
    )


@require_GET
@requires("billing.view")
def subscription(
    request: HtmxRequest, namespace: str, workflow_id: str, run_id: str
) -> HttpResponse:
    key = RunKey(namespace, workflow_id, run_id)
    waits = request.htmx.target == "subscription"
    it = looking.subscription(key, looking.WAIT_SECONDS if waits else looking.LOOK_SECONDS)
    if waits and it.ledger is None:
        return nothing_new()
    if it.run.summary.status == "ContinuedAsNew":
        return go_to(request, asking.place_of(looking.newest(key)))
    context = looking.page(it, request.GET.dict()) | _may(request, namespace)
    context["asked_at"] = timezone.now()
    return render_page(request, "billing/subscription.html", context, parts=["subscription"])


@require_http_methods(["GET", "POST"])
@requires("billing.adjust")
def adjust_charge(
    request: HtmxRequest, namespace: str, workflow_id: str, run_id: str
) -> HttpResponse:
    return _ask(request, RunKey(namespace, workflow_id, run_id), kinds.CHARGE)


@require_http_methods(["GET", "POST"])
@requires("billing.adjust")
def adjust_period(
    request: HtmxRequest, namespace: str, workflow_id: str, run_id: str
) -> HttpResponse:
    return _ask(request, RunKey(namespace, workflow_id, run_id), kinds.PERIOD)


@require_http_methods(["GET", "POST"])
@requires("billing.adjust")
def skip_period(
    request: HtmxRequest, namespace: str, workflow_id: str, run_id: str
) -> HttpResponse:
    return _ask(request, RunKey(namespace, workflow_id, run_id), kinds.SKIP)


@require_http_methods(["GET", "POST"])
@requires("billing.refund")
def refund(request: HtmxRequest, namespace: str, workflow_id: str, run_id: str) -> HttpResponse:
    return _ask(request, RunKey(namespace, workflow_id, run_id), kinds.MONEY_BACK)


def _ask(request: HtmxRequest, key: RunKey, kind: kinds.Kind) -> HttpResponse:
    """Form, check, apply: one address, so that what was refused is seen where it was asked."""
    asked = asking.ask(request.user, key, kind, request.POST or None)
    if asked.done:
        messages.success(request, asked.done)
        return go_to(request, asked.place or asking.place_of(key))
    context = {"kind": kind, "asked": asked, "form": asked.form}
    if not request.htmx:
        it = looking.subscription(key)
        context |= looking.page(it, {}) | {"asked_at": timezone.now()}
    context |= _may(request, key.namespace) | {"key": key, "base": asking.place_of(key)}
    return render_page(
        request, "billing/subscription.html", context, parts=["act"], status=asked.status
    )


def _may(request: HtmxRequest, namespace: str) -> dict[str, bool]:
    return {
        "may_adjust": can(request.user, "billing.adjust", namespace),
        "may_refund": can(request.user, "billing.refund", namespace),
    }
