from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from console.access.decorators import requires
from console.access.policy import can
from console.alerts import actions, addresses, presenters, rights
from console.alerts.forms import ReasonForm, RuleForm
from console.alerts.models import Rule
from console.gateway import indexed, namespaces
from console.gateway.channel import GatewayError
from console.ui import paths
from console.ui.htmx import HtmxRequest, go_to, render_page
from console.ui.refusals import Refusal

CROSSINGS_SHOWN = 50


@require_GET
@requires("alert.view")
def rules(request: HtmxRequest, namespace: str) -> HttpResponse:
    sees = _views_seen(request, namespace)
    found = rights.seen(request.user, namespace)
    context = {
        "rows": [(rule, presenters.standing(rule, sees)) for rule in found],
        "ours": namespaces.attributes(namespace).ours,
        "may_make": can(request.user, rights.KEEP, namespace),
    }
    return render_page(request, "alerts/rules.html", context)


@require_http_methods(["GET", "POST"])
@requires("alert.keep")
def make(request: HtmxRequest, namespace: str) -> HttpResponse:
    form = RuleForm(request.POST or None, namespace=namespace, person=request.user)
    if form.is_valid():
        try:
            made = actions.make(request.user, namespace, form.cleaned_data)
            return go_to(request, reverse("alerts:rule", args=[namespace, made.pk]))
        except GatewayError as refused:
            form.add_error("view", str(refused))
        except Refusal as taken:
            if taken.status != 409:
                raise
            form.add_error(None, str(taken))
    status = 422 if form.errors else 200
    return render_page(request, "alerts/make.html", {"form": form}, parts=["dialog"], status=status)


@require_GET
@requires("alert.view")
def rule(request: HtmxRequest, namespace: str, number: int) -> HttpResponse:
    found = _rule(request, namespace, number)
    crossings = found.crossings.prefetch_related("deliveries")[:CROSSINGS_SHOWN]
    sees = _views_seen(request, namespace)
    view = found.view if found.view_id in sees else None
    may_change = rights.may_change(request.user, found)
    context = {
        "rule": found,
        "view": view,
        "listed": paths.of_list(namespace, view.lists, indexed.told(view.query)) if view else "",
        "standing": presenters.standing(found, sees),
        "crossings": [(one, presenters.told(one.deliveries.all())) for one in crossings],
        "may_change": may_change,
        "webhook": found.webhook if may_change else addresses.told(found.webhook),
    }
    return render_page(request, "alerts/rule.html", context)


@require_http_methods(["GET", "POST"])
@requires("alert.keep")
def mute(request: HtmxRequest, namespace: str, number: int) -> HttpResponse:
    """A muted one is heard again."""
    found = _rule(request, namespace, number)
    form = ReasonForm(request.POST or None)
    if form.is_valid():
        actions.mute(request.user, found, not found.is_muted, form.cleaned_data["reason"])
        return go_to(request, reverse("alerts:rule", args=[namespace, number]))
    context = {"form": form, "rule": found, "verb": "Unmute" if found.is_muted else "Mute"}
    status = 422 if form.errors else 200
    return render_page(request, "alerts/ask.html", context, parts=["dialog"], status=status)


@require_http_methods(["GET", "POST"])
@requires("alert.keep")
def delete(request: HtmxRequest, namespace: str, number: int) -> HttpResponse:
    found = _rule(request, namespace, number)
    form = ReasonForm(request.POST or None)
    if form.is_valid():
        actions.delete(request.user, found, form.cleaned_data["reason"])
        return go_to(request, reverse("alerts:rules", args=[namespace]))
    context = {"form": form, "rule": found, "verb": "Delete", "danger": True}
    status = 422 if form.errors else 200
    return render_page(request, "alerts/ask.html", context, parts=["dialog"], status=status)


def _rule(request: HtmxRequest, namespace: str, number: int) -> Rule:
    return get_object_or_404(rights.seen(request.user, namespace), pk=number)


def _views_seen(request: HtmxRequest, namespace: str) -> set[int]:
    return set(rights.views(request.user, namespace).values_list("pk", flat=True))
