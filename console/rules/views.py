from collections.abc import Mapping

from django.contrib import messages
from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from console.access.decorators import requires
from console.access.policy import can
from console.gateway.channel import GatewayError
from console.rules import actions, presenters
from console.rules.forms import ReasonForm, RuleForm
from console.ui.htmx import HtmxRequest, go_to, render_page


@require_GET
@requires("rule.view")
def rules(request: HtmxRequest, namespace: str) -> HttpResponse:
    now, found = timezone.now(), actions.known(namespace)
    context = {
        "rows": presenters.rows(found or (), now),
        "absent": found is None,
        "may_change": can(request.user, actions.VERB, namespace),
        "asked_at": now,
    }
    return render_page(request, "rules/rules.html", context)


@require_http_methods(["GET", "POST"])
@requires("rule.change")
def create(request: HtmxRequest, namespace: str) -> HttpResponse:
    form = RuleForm(request.POST or None, timezone.now())
    if form.is_valid():
        try:
            actions.create(request.user, namespace, form.wanted, form.cleaned_data["reason"])
        except GatewayError as refused:
            form.refuse(refused)
        else:
            return _done(request, namespace, "The rule holds.")
    says = "Activities that it concerns are paused as they begin, until somebody resumes them."
    about = {"title": "New rule", "verb": "Make it", "says": says}
    return _dialog(request, form, about)


@require_http_methods(["GET", "POST"])
@requires("rule.change")
def delete(request: HtmxRequest, namespace: str, rule_name: str) -> HttpResponse:
    found, form = actions.named(namespace, rule_name), ReasonForm(request.POST or None)
    if form.is_valid():
        try:
            actions.delete(request.user, namespace, found, form.cleaned_data["reason"])
        except GatewayError as refused:
            form.add_error(None, str(refused))
        else:
            return _done(request, namespace, "The rule was deleted.")
    says = "No more activities are paused by it. Those that it has paused stay so until resumed."
    about = {"title": "Delete this rule", "verb": "Delete", "says": says}
    return _dialog(request, form, about | {"about": rule_name, "danger": True})


def _done(request: HtmxRequest, namespace: str, says: str) -> HttpResponse:
    messages.success(request, says)
    return go_to(request, reverse("rules:rules", args=[namespace]))


def _dialog(request: HtmxRequest, form: ReasonForm, about: Mapping[str, object]) -> HttpResponse:
    status = 422 if form.errors else 200
    context = {**about, "form": form}
    return render_page(request, "rules/act.html", context, parts=["dialog"], status=status)
