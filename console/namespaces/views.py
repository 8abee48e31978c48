from django.http import HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from console.access.decorators import requires
from console.access.policy import can
from console.access.shell import visible
from console.gateway import namespaces as gateway
from console.gateway import sight
from console.gateway.channel import GatewayError
from console.namespaces import actions
from console.namespaces.forms import AttributeForm, CreateForm
from console.namespaces.presenters import attribute_rows, payload_rows
from console.ui.htmx import HtmxRequest, go_to, render_page


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
