"""What the frame of every page shows.

The namespaces a person may see, the one that is open, the role in it.
"""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone

from console.access.policy import can, role_of
from console.gateway import namespaces, sight
from console.gateway.channel import GatewayError
from console.gateway.namespaces import Namespace
from console.policies import Codec

THEMES = {"light", "dark"}
NAVIGATION = {"icons", "wide"}


def shell(request: HttpRequest) -> dict[str, Any]:
    match = request.resolver_match
    name = match.kwargs.get("namespace", "") if match else ""
    frame: dict[str, Any] = {
        "now": timezone.now(),
        "banner": settings.ENVIRONMENT_NAME,
        "banner_colour": settings.ENVIRONMENT_COLOUR,
        "namespace": name,
        "section": _section(request),
        "theme": _one_of(request, "theme", THEMES),
        "navigation": _one_of(request, "nav", NAVIGATION),
    }
    if not request.user.is_authenticated:
        return frame
    seen = visible(request)
    open_one = next((one for one in seen if one.name == name), None)
    return frame | {
        "namespaces": seen,
        "home_namespace": name or (seen[0].name if seen else ""),
        "environment": open_one.environment if open_one else "",
        "role": role_of(request.user, name or "*"),
        "may_reveal": bool(name)
        and all(can(request.user, verb, name) for verb in ("payload.view", "payload.reveal")),
        "browser_codec": _browser_codec(),
        "manages_people": can(request.user, "people.manage", None),
    }


def _browser_codec() -> Codec | None:
    """Where this namespace's payloads are decoded by the browser itself."""
    codec = sight.current().policy.codec
    return codec if codec and codec.in_browser else None


def visible(request: HttpRequest) -> list[Namespace]:
    """None when the engine is away: the frame must stand even then."""
    if not request.user.is_authenticated:
        return []
    try:
        return [one for one in namespaces.everyone() if can(request.user, "run.view", one.name)]
    except GatewayError:
        return []


def _section(request: HttpRequest) -> str:
    """Which line of the navigation this page belongs to."""
    match = request.resolver_match
    if match is None:
        return ""
    return match.app_name


def _one_of(request: HttpRequest, cookie: str, known: set[str]) -> str:
    value = request.COOKIES.get(cookie, "")
    return value if value in known else ""
