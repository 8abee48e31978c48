from django.contrib import messages
from django.http import HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from console.access.decorators import requires
from console.access.policy import can
from console.billing import approvals
from console.billing import proposals as acts
from console.billing.forms import DecisionForm
from console.billing.models import Proposal
from console.ui.htmx import HtmxRequest, go_to, nothing_new, render_page, unchanged


@require_GET
@requires("billing.view")
def proposals(request: HtmxRequest, namespace: str) -> HttpResponse:
    context = approvals.page(namespace, request.GET.dict())
    return render_page(request, "billing/proposals.html", context)


@require_GET
@requires("billing.view")
def proposal(request: HtmxRequest, namespace: str, number: int) -> HttpResponse:
    found = approvals.proposal_of(namespace, number)
    if "version" in request.GET:
        same = unchanged(request, approvals.version(found))
        return nothing_new() if same else go_to(request, request.path)
    context = approvals.one(found)
    context |= _may(request, found) | {"form": DecisionForm()}
    return render_page(request, "billing/proposal.html", context)


@require_POST
@requires("billing.approve")
def decide(request: HtmxRequest, namespace: str, number: int) -> HttpResponse:
    found = approvals.proposal_of(namespace, number)
    form = DecisionForm(request.POST)
    approvals.refuse_without_worker(found)
    if not form.is_valid():
        context = approvals.one(found) | _may(request, found) | {"form": form}
        return render_page(request, "billing/proposal.html", context, parts=["decide"], status=422)
    given = form.cleaned_data
    acts.decide(request.user, found, given["verdict"], given["reason"])
    messages.success(request, f"{found}: {given['verdict']}.")
    return go_to(request, reverse("billing:proposal", args=[namespace, number]))


@require_POST
@requires("billing.propose")
def go_on(request: HtmxRequest, namespace: str, number: int) -> HttpResponse:
    found = approvals.proposal_of(namespace, number)
    acts.go_on(request.user, found)
    return go_to(request, reverse("billing:proposal", args=[namespace, number]))


def _may(request: HtmxRequest, found: Proposal) -> dict[str, bool]:
    may, own = can(request.user, "billing.approve", found.namespace), found.person_id
    return {
        "may_decide": may and own != request.user.pk,
        "may_withdraw": may and own == request.user.pk,
        "may_go_on": can(request.user, "billing.propose", found.namespace),
    }
