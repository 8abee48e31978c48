from collections.abc import Callable
from dataclasses import dataclass

from django.contrib import messages
from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from console.access.decorators import requires
from console.access.policy import can
from console.deployments import actions, presenters
from console.deployments.forms import ChangeForm, RampForm, ReasonForm
from console.gateway import deployments as gateway
from console.gateway.channel import GatewayError
from console.ui.htmx import HtmxRequest, go_to, nothing_new, render_page, unchanged, version_of
from console.ui.pages import BadToken, token_bytes, token_text

PAGE_ROWS = 50


@dataclass(frozen=True, slots=True)
class Asking:
    """A dialog: what is asked before it is done."""

    form: ReasonForm
    title: str
    says: str
    act: Callable[[], None]
    danger: bool = False


@require_GET
@requires("deployment.view")
def deployments(request: HtmxRequest, namespace: str) -> HttpResponse:
    try:
        token = token_bytes(request.GET.get("token", ""))
    except BadToken:
        token = b""
    page = actions.known(namespace, PAGE_ROWS, token)
    rows = presenters.rows(page.deployments) if page else []
    version = version_of(rows)
    if unchanged(request, version):
        return nothing_new()
    context = {
        "rows": rows,
        "is_lacking": page is None,
        "next_token": token_text(page.next_token) if page else "",
        "asked_at": timezone.now(),
        "version": version,
    }
    return render_page(request, "deployments/deployments.html", context, parts=["live"])


@require_GET
@requires("deployment.view")
def deployment(request: HtmxRequest, namespace: str, deployment: str) -> HttpResponse:
    found = gateway.describe(namespace, deployment)
    counted = actions.open_runs(namespace, deployment, (one.build_id for one in found.versions))
    rows = presenters.versions(found, counted)
    version = version_of(found.routing, rows)
    if unchanged(request, version):
        return nothing_new()
    context = {
        "deployment": found,
        "shares": presenters.shares(found.routing),
        "rows": rows,
        "may_change": can(request.user, "deployment.change", namespace),
        "may_delete": can(request.user, "deployment.delete", namespace),
        "asked_at": timezone.now(),
        "version": version,
    }
    return render_page(request, "deployments/deployment.html", context, parts=["live"])


@require_GET
@requires("deployment.view")
def version(request: HtmxRequest, namespace: str, deployment: str, build_id: str) -> HttpResponse:
    found = gateway.describe_version(namespace, deployment, build_id)
    counted = actions.open_runs(namespace, deployment, [build_id])
    state, word = presenters.STATES.get(found.status, ("unknown", found.status.capitalize()))
    context = {
        "found": found,
        "deployment": deployment,
        "state": state,
        "word": word,
        "says": presenters.says(found.status, counted.get(build_id)),
        "open_runs": counted.get(build_id),
        "open_query": actions.query_of(namespace, deployment, build_id),
        "may_change": can(request.user, "deployment.change", namespace),
        "asked_at": timezone.now(),
    }
    return render_page(request, "deployments/version.html", context)


@require_http_methods(["GET", "POST"])
@requires("deployment.change")
def make_current(
    request: HtmxRequest, namespace: str, deployment: str, build_id: str
) -> HttpResponse:
    found = gateway.describe(namespace, deployment)
    form = ChangeForm(request.POST or None, token=found.token)
    asking = Asking(
        form,
        f"Make {build_id} current",
        f"New runs go to {build_id} from now on, and open ones that move with the deployment.",
        lambda: actions.make_current(request.user, namespace, found, form.change(build_id)),
    )
    return _asked(request, namespace, deployment, asking)


@require_http_methods(["GET", "POST"])
@requires("deployment.change")
def ramp(request: HtmxRequest, namespace: str, deployment: str, build_id: str) -> HttpResponse:
    found = gateway.describe(namespace, deployment)
    form = RampForm(request.POST or None, token=found.token)
    asking = Asking(
        form,
        f"Ramp {build_id}",
        "Which runs they are follows from their workflow ids: the same ones at every step.",
        lambda: actions.ramp(request.user, namespace, found, form.change(build_id)),
    )
    return _asked(request, namespace, deployment, asking)


@require_http_methods(["GET", "POST"])
@requires("deployment.change")
def end_ramp(request: HtmxRequest, namespace: str, deployment: str) -> HttpResponse:
    found = gateway.describe(namespace, deployment)
    form = ChangeForm(request.POST or None, token=found.token)
    asking = Asking(
        form,
        "End the ramp",
        "All new runs go to the current version again.",
        lambda: actions.ramp(request.user, namespace, found, form.change("")),
    )
    return _asked(request, namespace, deployment, asking)


@require_http_methods(["GET", "POST"])
@requires("deployment.delete")
def delete(request: HtmxRequest, namespace: str, deployment: str, build_id: str) -> HttpResponse:
    form = ReasonForm(request.POST or None)

    def act() -> None:
        reason = form.cleaned_data["reason"]
        actions.delete(request.user, namespace, (deployment, build_id), reason)

    says = "The server forgets this version; a worker that still polls with it brings it back."
    return _asked(
        request, namespace, deployment, Asking(form, f"Delete {build_id}", says, act, danger=True)
    )


def _asked(request: HtmxRequest, namespace: str, name: str, asking: Asking) -> HttpResponse:
    """The dialog, until its form can be carried out and the server takes it."""
    form, title = asking.form, asking.title
    if form.is_valid():
        try:
            asking.act()
        except GatewayError as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, f"Done: {title[0].lower()}{title[1:]}.")
            return go_to(request, reverse("deployments:deployment", args=[namespace, name]))
    context = {"asking": asking, "name": name}
    status = 422 if form.errors else 200
    return render_page(request, "deployments/change.html", context, parts=["dialog"], status=status)
