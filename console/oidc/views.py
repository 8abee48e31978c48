"""There, back, and out again. Nothing secret stays in an address that is shown."""

import logging
from typing import Any, cast

import jwt
import requests
from django.conf import settings
from django.contrib import auth, messages
from django.core.exceptions import SuspiciousOperation
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_GET
from mozilla_django_oidc.views import (
    OIDCAuthenticationCallbackView,
    OIDCAuthenticationRequestView,
)

from console.access import sessions
from console.access.decorators import public
from console.oidc import actions, presenters, provider, renewing
from console.oidc.provider import NotLetIn
from console.ui.htmx import HtmxRequest

logger = logging.getLogger(__name__)

#: Whoever goes to the provider and comes back later than this begins again.
THERE_AND_BACK_SECONDS = 600


class There(OIDCAuthenticationRequestView):  # type: ignore[misc]
    get_settings = staticmethod(provider.setting)

    def get_extra_params(self, request: HttpRequest) -> dict[str, str]:
        return {"prompt": "none"} if renewing.SILENT in request.GET else {}


class Back(OIDCAuthenticationCallbackView):  # type: ignore[misc]
    get_settings = staticmethod(provider.setting)

    def login_success(self) -> HttpResponse:
        request, person, next_page = self.request, self.user, self.success_url
        is_new = request.user != person
        if is_new:
            auth.login(request, person)
            sessions.begin(request, person)
        request.session.set_expiry(None)
        renewing.renewed(request)
        actions.signed_in(person, request.provider_said, is_new=is_new)
        if request.provider_said.groups_left_out:
            messages.warning(request, actions.LEFT_OUT)
        return redirect(next_page)

    def login_failure(self) -> HttpResponse:
        error = self.request.GET.get("error", "")
        raise NotLetIn(presenters.refused(settings.OIDC_NAME, error))


@require_GET
@public
def begin(request: HtmxRequest) -> HttpResponse:
    try:
        _refuse_without()
        if not request.user.is_authenticated:
            request.session.set_expiry(THERE_AND_BACK_SECONDS)
        return cast(HttpResponse, There.as_view()(request))
    except NotLetIn as error:
        return _explained(request, str(error))


@require_GET
@public
def callback(request: HtmxRequest) -> HttpResponse:
    try:
        _refuse_without()
        return cast(HttpResponse, Back.as_view()(request))
    except NotLetIn as error:
        return _explained(request, str(error))
    except SuspiciousOperation as error:
        logger.warning("a sign-in came back wrong: %s", type(error).__name__)
        return _explained(request, presenters.BEGIN_AGAIN)
    except requests.RequestException as error:
        logger.warning("the provider did not answer: %s", type(error).__name__)
        return _explained(request, str(provider.away()))
    except (jwt.PyJWTError, KeyError, TypeError, ValueError) as error:
        logger.warning("what the provider sent cannot be proved: %s", type(error).__name__)
        return _explained(request, presenters.not_proved(settings.OIDC_NAME, error))


@require_GET
@public
def leave(request: HtmxRequest) -> HttpResponse:
    """Signed out here; the page goes on to the provider, which signs them out there."""
    context: dict[str, Any] = {"provider": settings.OIDC_NAME, "next": reverse("people:sign_in")}
    try:
        _refuse_without()
        context["end"] = _end(request)
    except NotLetIn:
        context["end"] = ""
    return render(request, "oidc/leave.html", context)


def _end(request: HttpRequest) -> str:
    """Without the id token: an address is written down in many places."""
    endpoint = provider.endpoint("end_session_endpoint")
    back = request.build_absolute_uri(reverse("people:sign_in"))
    asked = urlencode({"client_id": settings.OIDC_RP_CLIENT_ID, "post_logout_redirect_uri": back})
    joint = "&" if "?" in endpoint else "?"
    return f"{endpoint}{joint}{asked}" if endpoint else ""


def _refuse_without() -> None:
    if not provider.is_there():
        raise NotLetIn("This console has no provider to sign in with: OIDC_ISSUER is not set.")


def _explained(request: HttpRequest, says: str) -> HttpResponse:
    """On the sign-in page, whose address holds neither code nor state."""
    messages.error(request, says)
    return redirect("people:sign_in")
