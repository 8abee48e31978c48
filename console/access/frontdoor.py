"""The address without a path, and what the engine's refusals look like when no view has a better
word.
"""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET

from console.access.decorators import requires
from console.access.shell import visible
from console.gateway.channel import GatewayError, Trouble
from console.ui.htmx import HtmxRequest
from console.ui.refusals import refuse

STATUS = {
    Trouble.NOT_FOUND: 404,
    Trouble.INVALID: 400,
    Trouble.CONFLICT: 409,
    Trouble.DENIED: 403,
    Trouble.BUSY: 503,
    Trouble.SLOW: 504,
    Trouble.AWAY: 503,
    Trouble.UNSEARCHED: 503,
    Trouble.UNSUPPORTED: 501,
    Trouble.BROKEN: 502,
}
#: where the one of the status says something else
TITLES = {Trouble.UNSEARCHED: "The index does not answer"}


@require_GET
@requires("account.own")
def home(request: HtmxRequest) -> HttpResponse:
    seen = visible(request)
    if seen:
        return redirect("workflows:runs", namespace=seen[0].name)
    return render(request, "home.html")


class EngineRefusalMiddleware:
    """A GatewayError that a view lets through becomes a page in the same words."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if not isinstance(error, GatewayError):
            return None
        title = TITLES.get(error.trouble, "")
        return refuse(request, STATUS[error.trouble], str(error), error.detail, title=title)
