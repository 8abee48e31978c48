"""The request as our views see it, and the two ways to answer it.

A whole page, or the part that was asked for.
"""

from collections.abc import Iterable, Mapping
from typing import Any
from zlib import crc32

from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django_htmx.http import HttpResponseClientRedirect
from django_htmx.middleware import HtmxDetails


class HtmxRequest(HttpRequest):
    htmx: HtmxDetails
    user: User


def render_page(
    request: HttpRequest,
    template: str,
    context: Mapping[str, Any],
    *,
    parts: Iterable[str] = (),
    status: int = 200,
) -> HttpResponse:
    """`parts` are partials of the template, each named like the id of the element that it fills."""
    htmx: HtmxDetails = request.htmx  # type: ignore[attr-defined]
    asked = htmx.target if htmx and not htmx.boosted and not htmx.history_restore_request else None
    name = f"{template}#{asked}" if asked in set(parts) else template
    response = render(request, name, dict(context), status=status)
    patch_vary_headers(response, ["HX-Request", "HX-Target"])
    response["Cache-Control"] = "no-store"
    return response


def unchanged(request: HttpRequest, version: str) -> bool:
    """True when the part that polls already shows this version; answer it with `nothing_new()`."""
    return request.GET.get("version") == version


def nothing_new() -> HttpResponse:
    return HttpResponse(status=204)


def version_of(*facts: object) -> str:
    return f"{crc32(repr(facts).encode()):08x}"


def go_to(request: HttpRequest, url: str) -> HttpResponse:
    """After an act: a redirect that also works from inside a dialog."""
    if getattr(request, "htmx", None):
        return HttpResponseClientRedirect(url)
    response = HttpResponse(status=303)
    response["Location"] = url
    return response
