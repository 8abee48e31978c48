"""A session that came from the provider is renewed there, so that whoever left is out within
OIDC_RENEW_SECONDS; SESSION_AGE_SECONDS bounds it all the same.

A page goes there and back without asking the person anything. A form that was open meanwhile may
still be sent for a while; after that it is refused.
"""

import time
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.http import urlencode

from console.ui.htmx import go_to
from console.ui.refusals import refuse

UNTIL = "oidc_until"
SILENT = "silent"
GRACE_SECONDS = 600
LATE = "Your sign-in has to be renewed. Nothing was done: load the page again, then repeat it."


def renewed(request: HttpRequest) -> None:
    request.session[UNTIL] = _now() + settings.OIDC_RENEW_SECONDS


class RenewMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        late = _late(request)
        if late <= 0 or request.path.startswith(("/sign-in/", "/sign-out/", "/static/")):
            return self.get_response(request)
        if request.method == "GET":
            return go_to(request, _there(request))
        if late <= GRACE_SECONDS:
            return self.get_response(request)
        return refuse(request, 401, LATE)


def _late(request: HttpRequest) -> float:
    """Seconds over time; without a session of the provider's never."""
    until = request.session.get(UNTIL) if request.user.is_authenticated else None
    return _now() - until if until is not None else 0.0


def _there(request: HttpRequest) -> str:
    page = request.headers.get("HX-Current-URL") or request.get_full_path()
    return f"{reverse('oidc:begin')}?{urlencode({'next': page, SILENT: 'yes'})}"


def _now() -> float:
    return time.time()  # noqa: TID251  an age that is kept in the session beside the clock's word
