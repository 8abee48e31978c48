from collections.abc import Callable

from django.contrib import messages
from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from console.access.decorators import requires
from console.access.policy import can
from console.access.shell import visible
from console.endpoints import actions, presenters
from console.endpoints.forms import EndpointForm, PageForm, ReasonForm
from console.gateway import endpoints as gateway
from console.gateway.channel import GatewayError
from console.ui.htmx import HtmxRequest, go_to, render_page
from console.ui.pages import token_text


def _sees(request: HtmxRequest) -> Callable[[str], bool]:
    """An endpoint is everybody's to know; what it leads to, only theirs who see that namespace."""
    return lambda namespace: can(request.user, "queue.view", namespace)


@require_GET
@requires("endpoint.view")
def endpoints(request: HtmxRequest) -> HttpResponse:
    page = actions.known(PageForm(request.GET).asked)
    context = {
        "rows": presenters.rows(page.endpoints, _sees(request)) if page else [],
        "absent": page is None,
        "next_token": token_text(page.next_token) if page else "",
        "may_change": can(request.user, actions.VERB, None),
        "asked_at": timezone.now(),
    }
    return render_page(request, "endpoints/endpoints.html", context)


@require_GET
@requires("endpoint.view")
def endpoint(request: HtmxRequest, endpoint: str) -> HttpResponse:
    now, found = timezone.now(), actions.named(endpoint)
    row = presenters.row(found, _sees(request))
    side = actions.handlers(found) if row.sees else None
    context = {
        "row": row,
        "handlers": presenters.handlers(side, now) if side else None,
        "may_change": can(request.user, actions.VERB, None),
        "asked_at": now,
    }
    return render_page(request, "endpoints/endpoint.html", context)


@require_http_methods(["GET", "POST"])
@requires("endpoint.change")
def create(request: HtmxRequest) -> HttpResponse:
    form = EndpointForm(request.POST or None, namespaces=_names(request))
    if form.is_valid():
        try:
            actions.create(request.user, form.wanted, form.cleaned_data["reason"])
        except GatewayError as refused:
            form.refuse(refused)
        else:
            return _done(request, form.wanted.name, "The endpoint was made.")
    return _dialog(request, form, "New endpoint", "Make it")


@require_http_methods(["GET", "POST"])
@requires("endpoint.change")
def change(request: HtmxRequest, endpoint: str) -> HttpResponse:
    found = actions.named(endpoint)
    form = EndpointForm(request.POST or None, namespaces=_names(request), now=found)
    if form.is_valid():
        try:
            actions.change(request.user, found, form.wanted, form.cleaned_data["reason"])
        except GatewayError as refused:
            # Another's change may have come between the look and this one.
            now = gateway.named(endpoint)
            if now is not None and now.version != found.version:
                form.says_what_changed(now)
            else:
                form.refuse(refused)
        else:
            return _done(request, form.wanted.name, "The endpoint was changed.")
    return _dialog(request, form, "Change this endpoint", "Change it")


@require_http_methods(["GET", "POST"])
@requires("endpoint.change")
def delete(request: HtmxRequest, endpoint: str) -> HttpResponse:
    found, form = actions.named(endpoint), ReasonForm(request.POST or None)
    if form.is_valid():
        try:
            actions.delete(request.user, found, form.cleaned_data["reason"])
        except GatewayError as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, f"The endpoint {endpoint} was deleted.")
            return go_to(request, reverse("endpoints:endpoints"))
    return _dialog(request, form, "Delete this endpoint", "Delete", danger=True)


SAYS = {
    "New endpoint": "It is the whole installation's: workflows of every namespace may call it.",
    "Change this endpoint": "What is asked from now on goes there; a new name has to be in the"
    " workflows' code as well.",
    "Delete this endpoint": "Operations that call it fail from now on.",
}


def _names(request: HtmxRequest) -> list[str]:
    return [one.name for one in visible(request)]


def _done(request: HtmxRequest, name: str, says: str) -> HttpResponse:
    messages.success(request, says)
    return go_to(request, reverse("endpoints:endpoint", args=[name]))


def _dialog(
    request: HtmxRequest, form: ReasonForm, title: str, verb: str, *, danger: bool = False
) -> HttpResponse:
    context = {"form": form, "title": title, "verb": verb, "danger": danger, "says": SAYS[title]}
    status = 422 if form.errors else 200
    return render_page(request, "endpoints/act.html", context, parts=["dialog"], status=status)
