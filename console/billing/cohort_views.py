from django.contrib import messages
from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from console.access.decorators import requires
from console.access.policy import can
from console.billing import cohorts as acts
from console.billing import gathering, rollout, summing
from console.billing.actions import BeyondLimits
from console.billing.cohort_forms import RolloutForm, cohort_form
from console.billing.models import Cohort
from console.ui.htmx import HtmxRequest, go_to, nothing_new, render_page, unchanged
from console.ui.refusals import Refusal

STEERING = {
    "pause": rollout.pause,
    "resume": rollout.resume,
    "stop": rollout.stop,
    "ask-again": rollout.ask_again,
    "go-on": acts.go_on,
    "discard": acts.discard,
}


def place_of(cohort: Cohort) -> str:
    return reverse("billing:cohort", args=[cohort.namespace, cohort.pk])


@require_GET
@requires("billing.view")
def cohorts(request: HtmxRequest, namespace: str) -> HttpResponse:
    context = summing.listed(namespace, request.GET.dict())
    context["may_run"] = can(request.user, "billing.cohort", namespace)
    return render_page(request, "billing/cohorts.html", context)


@require_http_methods(["GET", "POST"])
@requires("billing.cohort")
def new(request: HtmxRequest, namespace: str) -> HttpResponse:
    form = cohort_form(request.GET, request.POST or None)
    if form.is_valid() and (cohort := gathering.gather(request.user, namespace, form)):
        return go_to(request, place_of(cohort))
    context = {"form": form, "tabs": gathering.tabs(form)}
    status = 422 if form.errors else 200
    return render_page(request, "billing/new_cohort.html", context, status=status)


@require_GET
@requires("billing.view")
def cohort(request: HtmxRequest, namespace: str, number: int) -> HttpResponse:
    found = summing.cohort_of(namespace, number)
    if "version" in request.GET and unchanged(request, summing.version(found)):
        return nothing_new()
    return _as_it_is(request, found, RolloutForm())


def _as_it_is(
    request: HtmxRequest, found: Cohort, form: RolloutForm, status: int = 200
) -> HttpResponse:
    context = summing.one(found, request.GET.dict(), request.user)
    context |= {
        "may_run": can(request.user, "billing.cohort", found.namespace),
        "asked_at": timezone.now(),
        "form": form,
    }
    return render_page(request, "billing/cohort.html", context, parts=["progress"], status=status)


@require_POST
@requires("billing.cohort")
def launch(request: HtmxRequest, namespace: str, number: int) -> HttpResponse:
    found = summing.cohort_of(namespace, number)
    form = RolloutForm(request.POST)
    if not form.is_valid():
        return _as_it_is(request, found, form, 422)
    try:
        rollout.launch(request.user, found, form.how())
    except BeyondLimits as beyond:
        raise Refusal(409, f"A second person has to approve it. {beyond}") from beyond
    return go_to(request, place_of(found))


@require_POST
@requires("billing.cohort")
def propose(request: HtmxRequest, namespace: str, number: int) -> HttpResponse:
    found = summing.cohort_of(namespace, number)
    form = RolloutForm(request.POST)
    if not form.is_valid():
        return _as_it_is(request, found, form, 422)
    proposal = rollout.propose(request.user, found, summing.headline(found), form.how())
    messages.success(request, f"{proposal} waits for a second person.")
    return go_to(request, reverse("billing:proposal", args=[namespace, proposal.pk]))


@require_POST
@requires("billing.cohort")
def steer(request: HtmxRequest, namespace: str, number: int, how: str) -> HttpResponse:
    found = summing.cohort_of(namespace, number)
    STEERING[how](request.user, found)
    return go_to(request, place_of(found))


@require_POST
@requires("billing.cohort")
def weigh_missed(request: HtmxRequest, namespace: str, number: int) -> HttpResponse:
    anew = rollout.weigh_missed(request.user, summing.cohort_of(namespace, number))
    return go_to(request, place_of(anew))
