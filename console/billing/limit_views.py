from django.contrib import messages
from django.http import HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from console.access.decorators import requires
from console.access.policy import can
from console.billing import limits as acts
from console.billing.forms import LimitForm
from console.ui.htmx import HtmxRequest, go_to, render_page


@require_GET
@requires("billing.view")
def limits(request: HtmxRequest, namespace: str) -> HttpResponse:
    return _page(request, namespace, LimitForm())


@require_POST
@requires("billing.limit")
def change(request: HtmxRequest, namespace: str) -> HttpResponse:
    form = LimitForm(request.POST)
    if not form.is_valid():
        return _page(request, namespace, form)
    messages.success(request, acts.change(request.user, namespace, form.cleaned_data))
    return go_to(request, reverse("billing:limits", args=[namespace]))


def _page(request: HtmxRequest, namespace: str, form: LimitForm) -> HttpResponse:
    context = {
        "form": form,
        "rows": acts.in_force(namespace),
        "may_change": can(request.user, "billing.limit", namespace),
    }
    status = 422 if form.errors else 200
    return render_page(request, "billing/limits.html", context, status=status)
