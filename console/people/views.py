from uuid import UUID

from django.conf import settings
from django.contrib.auth import logout
from django.contrib.auth.models import User
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from console.access import sessions, tokens
from console.access.decorators import public, requires
from console.people import actions
from console.people.forms import GrantForm, InviteForm, SignInForm
from console.people.presenters import doors, exceptions_of, person_page, person_rows, right_rows
from console.ui.htmx import HtmxRequest, go_to, render_page
from console.ui.refusals import Refusal


@sensitive_post_parameters("password")
@require_http_methods(["GET", "POST"])
@public
def sign_in(request: HtmxRequest) -> HttpResponse:
    if request.method == "POST" and not settings.PASSWORD_SIGN_IN:
        raise Refusal(403, f"Passwords are switched off here. Sign in with {settings.OIDC_NAME}.")
    form = SignInForm(request, request.POST or None)
    if request.method == "POST" and form.is_valid():
        actions.sign_in(request, form.get_user())
        return redirect(_back(request))
    status = 429 if form.too_many else 422 if form.errors else 200
    context = {"form": form, "next": _back(request), "doors": doors()}
    answer = render_page(request, "people/sign_in.html", context, status=status)
    if form.too_many:
        answer["Retry-After"] = str(form.too_many.seconds)
    return answer


def _back(request: HtmxRequest) -> str:
    wanted = request.POST.get("next") or request.GET.get("next") or "/"
    allowed = url_has_allowed_host_and_scheme(wanted, {request.get_host()}, request.is_secure())
    return wanted if allowed else "/"


@require_POST
@public
def sign_out(request: HtmxRequest) -> HttpResponse:
    by_provider = sessions.is_by_provider(request)
    logout(request)
    return redirect("oidc:leave" if by_provider else "people:sign_in")


@require_GET
@requires("people.manage")
def people(request: HtmxRequest) -> HttpResponse:
    everyone = User.objects.prefetch_related("grants", "groups__grants").order_by(
        "-is_active", "username"
    )
    context = {"rows": person_rows(everyone, request.user), "grant_form": GrantForm()}
    return render_page(request, "people/people.html", context)


@require_GET
@requires("people.manage")
def person(request: HtmxRequest, person_id: int) -> HttpResponse:
    found = get_object_or_404(User, pk=person_id)
    context = {
        "person": person_page(found, request.user),
        "rights": right_rows(found),
        "exceptions": exceptions_of(found),
        "sessions": sessions.rows(found, request.session.session_key),
        "tokens": tokens.rows(found),
    }
    return render_page(request, "people/person.html", context)


@require_POST
@requires("people.manage")
def end_session(request: HtmxRequest, person_id: int, session_id: UUID) -> HttpResponse:
    actions.end_session(request.user, get_object_or_404(User, pk=person_id), session_id)
    return go_to(request, reverse("people:person", args=[person_id]))


@require_POST
@requires("people.manage")
def end_sessions(request: HtmxRequest, person_id: int) -> HttpResponse:
    here = request.session.session_key
    actions.end_sessions(request.user, get_object_or_404(User, pk=person_id), here)
    return go_to(request, reverse("people:person", args=[person_id]))


@require_POST
@requires("people.manage")
def revoke_token(request: HtmxRequest, person_id: int, token_id: UUID) -> HttpResponse:
    actions.revoke_token(request.user, get_object_or_404(User, pk=person_id), token_id)
    return go_to(request, reverse("people:person", args=[person_id]))


@sensitive_post_parameters("password")
@require_http_methods(["GET", "POST"])
@requires("people.manage")
def invite(request: HtmxRequest) -> HttpResponse:
    form = InviteForm(request.POST or None)
    if form.is_valid():
        actions.invite(request.user, **form.cleaned_data)
        return go_to(request, reverse("people:people"))
    return render_page(
        request,
        "people/invite.html",
        {"form": form},
        parts=["dialog"],
        status=422 if form.errors else 200,
    )


@require_POST
@requires("people.manage")
def grant(request: HtmxRequest, person_id: int) -> HttpResponse:
    person = get_object_or_404(User, pk=person_id)
    form = GrantForm(request.POST)
    if form.is_valid():
        actions.grant(request.user, person, **form.cleaned_data)
    return go_to(request, reverse("people:people"))


@require_POST
@requires("people.manage")
def revoke(request: HtmxRequest, person_id: int) -> HttpResponse:
    person = get_object_or_404(User, pk=person_id)
    actions.revoke(request.user, person, request.POST.get("namespace", ""))
    return go_to(request, reverse("people:people"))


@require_POST
@requires("people.manage")
def set_active(request: HtmxRequest, person_id: int) -> HttpResponse:
    person = get_object_or_404(User, pk=person_id)
    actions.set_active(request.user, person, request.POST.get("active") == "yes")
    return go_to(request, reverse("people:people"))
