"""Who looks: each request into a namespace has the sight of its person, and of nobody else.

Their role says which fields are masked; the settings, which of their headers a codec gets.
"""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse

from console import policies
from console.access.policy import role_of
from console.access.tokens import PREFIX
from console.gateway import sight
from console.gateway.sight import Sight
from console.policies import Codec, Policy


def sight_of(request: HttpRequest, namespace: str) -> Sight:
    policy = policies.of(settings.PAYLOADS, namespace)
    role = role_of(request.user, namespace)
    return Sight(
        namespace,
        policy,
        policy.hidden_from(role.value if role else None),
        _passed(request, policy.codec) if policy.codec else "",
    )


def in_background(person: User, namespace: str) -> Sight:
    """Of a job that looks for somebody: their masks hold, and no codec is asked."""
    masked = policies.of(settings.PAYLOADS, namespace).masked
    role = role_of(person, namespace)
    policy = Policy(masked=masked)
    return Sight(namespace, policy, policy.hidden_from(role.value if role else None))


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
        if settings.PAYLOADS and "namespace" in given and request.user.is_authenticated:
            sight.set_current(sight_of(request, str(given["namespace"])))
