from typing import Any

from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from console.access.decorators import requires
from console.access.policy import can
from console.access.shell import visible
from console.gateway import namespaces as gateway
from console.gateway import sight
from console.gateway.channel import GatewayError
from console.looks import showing
from console.namespaces import actions, changing
from console.namespaces.forms import AttributeForm, ChangeForm, CreateForm, ReasonForm, ShowingForm
from console.namespaces.presenters import attribute_rows, payload_rows
from console.ui.htmx import HtmxRequest, go_to, render_page, version_of
from console.ui.stale import Stale


@require_GET
@requires("account.own")
def namespaces(request: HtmxRequest) -> HttpResponse:
    context = {"rows": visible(request), "may_create": can(request.user, "namespace.create", None)}
    return render_page(request, "namespaces/namespaces.html", context)


@require_GET
@requires("namespace.view")
def namespace(request: HtmxRequest, namespace: str) -> HttpResponse:
    context = {
        "about": gateway.describe(namespace),
        "rows": attribute_rows(gateway.attributes(namespace)),
        "showing": showing.of(namespace),
        "payloads": payload_rows(sight.current().policy),
        "may_change": can(request.user, "namespace.change", namespace),
    }
    return render_page(request, "namespaces/namespace.html", context)


@require_http_methods(["GET", "POST"])
@requires("namespace.create")
def create(request: HtmxRequest) -> HttpResponse:
    form = CreateForm(request.POST or None)
    if form.is_valid():
        asked = form.cleaned_data
        try:
            actions.create(
                request.user, asked["name"], asked["description"], asked["owner"], form.retention
            )
            return go_to(request, reverse("namespaces:namespaces"))
        except GatewayError as refused:
            form.add_error("name", str(refused))
    status = 422 if form.errors else 200
    return render_page(
        request, "namespaces/create.html", {"form": form}, parts=["dialog"], status=status
    )


@require_http_methods(["GET", "POST"])
@requires("namespace.change")
def show(request: HtmxRequest, namespace: str) -> HttpResponse:
    """What is said of the namespace here stays with the console; its server is not asked."""
    told = showing.newest(namespace).told()
    stands = {name: "\n".join(some) for name, some in told.items()}
    form = ShowingForm(request.POST or None, initial=stands | {"seen": version_of(told)})
    context: dict[str, Any] = {"form": form}
    if form.is_valid():
        try:
            actions.show(request.user, namespace, form.cleaned_data)
            return go_to(request, reverse("namespaces:namespace", args=[namespace]))
        except Stale as stale:
            form.refuse(stale)
            context["stands"] = {name: text or "none" for name, text in stands.items()}
    status = 422 if form.errors else 200
    return render_page(request, "namespaces/show.html", context, parts=["dialog"], status=status)


@require_http_methods(["GET", "POST"])
@requires("namespace.change")
def add_attribute(request: HtmxRequest, namespace: str) -> HttpResponse:
    form = AttributeForm(request.POST or None)
    if form.is_valid():
        try:
            actions.add_attribute(
                request.user, namespace, form.cleaned_data["name"], form.cleaned_data["kind"]
            )
            return go_to(request, reverse("namespaces:namespace", args=[namespace]))
        except GatewayError as refused:
            form.add_error("name", str(refused))
    status = 422 if form.errors else 200
    return render_page(
        request, "namespaces/add_attribute.html", {"form": form}, parts=["dialog"], status=status
    )


@require_http_methods(["GET", "POST"])
@requires("namespace.change")
def change(request: HtmxRequest, namespace: str) -> HttpResponse:
    """Form, what would change, apply: applied is only what was shown, against what still stands."""
    about = gateway.describe(namespace)
    form = ChangeForm(about, request.POST or None)
    changes = form.changes() if form.is_valid() else {}
    rows = changing.differences(about, changes)
    seal = version_of(rows)
    if rows and request.POST.get("step") == "apply" and form.cleaned_data["checked"] == seal:
        try:
            actions.change(request.user, about, changes, form.cleaned_data["reason"])
            return go_to(request, reverse("namespaces:namespace", args=[namespace]))
        except GatewayError as refused:
            form.add_error("retention" if "retention" in changes else None, str(refused))
    elif form.is_bound and form.is_valid() and not rows:
        form.add_error(None, "Nothing is different from what stands.")
    context = {"about": about, "form": form, "rows": rows, "seal": seal}
    context["warning"] = changing.warning(about, changes, timezone.now())
    status = 422 if form.errors else 200
    return render_page(request, "namespaces/change.html", context, parts=["dialog"], status=status)


@require_http_methods(["GET", "POST"])
@requires("namespace.change")
def remove_attribute(request: HtmxRequest, namespace: str, attribute: str) -> HttpResponse:
    it = changing.attribute(namespace, attribute)
    form = ReasonForm(request.POST or None)
    if form.is_valid():
        try:
            actions.remove_attribute(request.user, it, form.cleaned_data["reason"])
            return go_to(request, reverse("namespaces:namespace", args=[namespace]))
        except GatewayError as refused:
            form.add_error(None, str(refused))
    context = {"form": form, "it": it}
    status = 422 if form.errors else 200
    template = "namespaces/remove_attribute.html"
    return render_page(request, template, context, parts=["dialog"], status=status)
