from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.urls import reverse
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from console.access import sessions, tokens
from console.access.decorators import requires
from console.account import actions, presenters, zones
from console.account.forms import PasswordForm, PreferenceForm, TokenForm
from console.account.models import Preference
from console.ui.htmx import HtmxRequest, go_to, render_page
from console.ui.refusals import Refusal


@require_GET
@requires("account.own")
def account(request: HtmxRequest) -> HttpResponse:
    context = {
        "self": presenters.oneself(request.user),
        "shown": _preferring(request),
        "sessions": sessions.rows(request.user, actions.here(request)),
        "tokens": tokens.rows(request.user),
    }
    return render_page(request, "account/account.html", context)


@require_POST
@requires("account.own")
def shown(request: HtmxRequest) -> HttpResponse:
    form = _preferring(request)
    if form.is_valid():
        actions.prefer(request.user, form)
        messages.success(request, "From now on pages are shown so.")
    else:
        messages.error(request, "There is no such time zone. Nothing was changed.")
    return go_to(request, reverse("account:account"))


def _preferring(request: HtmxRequest) -> PreferenceForm:
    kept = Preference.objects.filter(person=request.user).first()
    return PreferenceForm(
        request.POST or None,
        instance=kept or Preference(person=request.user),
        of_browser=zones.of_browser(request),
    )


@sensitive_post_parameters()
@require_http_methods(["GET", "POST"])
@requires("account.own")
def password(request: HtmxRequest) -> HttpResponse:
    if not settings.PASSWORD_SIGN_IN:
        raise Refusal(403, f"Passwords are switched off here: {settings.OIDC_NAME} keeps yours.")
    form = PasswordForm(request.user, request.POST or None)
    if form.is_valid():
        actions.change_password(request, form)
        messages.success(request, "The password was changed. All other sessions were ended.")
        return go_to(request, reverse("account:account"))
    status = 422 if form.errors else 200
    return render_page(
        request, "account/password.html", {"form": form}, parts=["dialog"], status=status
    )


@require_POST
@requires("account.own")
def end_session(request: HtmxRequest, session_id: UUID) -> HttpResponse:
    actions.end_session(request, session_id)
    return go_to(request, reverse("account:account"))


@require_POST
@requires("account.own")
def end_others(request: HtmxRequest) -> HttpResponse:
    actions.end_others(request)
    return go_to(request, reverse("account:account"))


@require_http_methods(["GET", "POST"])
@requires("account.own")
def make_token(request: HtmxRequest) -> HttpResponse:
    """The secret stands in the answer to this one request, and nowhere after it."""
    form = TokenForm(request.user, request.POST or None)
    secret = actions.make_token(request.user, **form.cleaned_data) if form.is_valid() else ""
    context = {"form": form, "secret": secret}
    status = 422 if form.errors else 200
    return render_page(request, "account/token.html", context, parts=["dialog"], status=status)


@require_POST
@requires("account.own")
def revoke_token(request: HtmxRequest, token_id: UUID) -> HttpResponse:
    actions.revoke_token(request.user, token_id)
    return go_to(request, reverse("account:account"))
