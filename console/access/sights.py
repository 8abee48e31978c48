"""Who looks: each request into a namespace has the sight of its person, and of nobody else.

Their role says which fields are masked, and who may not look at payloads sees none; the settings,
which of their headers a codec gets.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from django.conf import settings
from django.contrib.auth.models import AnonymousUser, User
from django.http import HttpRequest, HttpResponse

from console import policies
from console.access.policy import can, role_of
from console.access.tokens import PREFIX
from console.gateway import sight
from console.gateway.sight import EVERY, Sight
from console.policies import Codec, Policy


def sight_of(request: HttpRequest, namespace: str) -> Sight:
    policy = policies.of(settings.PAYLOADS, namespace)
    return Sight(
        namespace,
        policy,
        _hidden_from(request.user, policy, namespace),
        _passed(request, policy.codec) if policy.codec else "",
    )


def in_background(person: User, namespace: str) -> Sight:
    """Of a job that looks for somebody: their masks hold, and no codec is asked."""
    masked = policies.of(settings.PAYLOADS, namespace).masked
    policy = Policy(masked=masked)
    return Sight(namespace, policy, _hidden_from(person, policy, namespace))


def of_nobody(person: User, namespace: str) -> Sight:
    """Of a job whose answer others may read too: every mask, and what this person may not see."""
    sight_of_all = sight.of_nobody()
    if can(person, "payload.view", namespace):
        return sight_of_all
    return replace(sight_of_all, hidden=(*sight_of_all.hidden, EVERY))


def _hidden_from(person: User | AnonymousUser, policy: Policy, namespace: str) -> tuple[str, ...]:
    role = role_of(person, namespace)
    hidden = policy.hidden_from(role.value if role else None)
    return hidden if can(person, "payload.view", namespace) else (*hidden, EVERY)


def _passed(request: HttpRequest, codec: Codec) -> str:
    """The header that the settings name, as Authorization; never a token of this console."""
    said = request.headers.get(codec.passes_header, "") if codec.passes_header else ""
    if not said or PREFIX in said or not said.isprintable():
        return ""
    return said if " " in said else f"Bearer {said}"


class SightMiddleware:
    """The namespace is the address's own."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with sight.through(sight.of_nobody()) as before:
            response = self.get_response(request)
            seen = sight.current()
        if seen is not before and seen.policy.codec and seen.policy.codec.in_browser:
            response._csp_update = {"connect-src": [seen.policy.codec.origin]}  # type: ignore[attr-defined]
        return response

    def process_view(
        self, request: HttpRequest, view: object, arguments: object, given: dict[str, Any]
    ) -> None:
        if "namespace" in given and request.user.is_authenticated:
            sight.set_current(sight_of(request, str(given["namespace"])))
