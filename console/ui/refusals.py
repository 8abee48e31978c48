"""Refusals in words.

A page gets a page; a part of an open page gets a notice that goes to its `#notices`, and a dialog
that was sent gets it into its form: behind it nobody would read it.
"""

import logging
import sys
from collections.abc import Callable, Mapping

from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied, RequestDataTooBig, TooManyFieldsSent
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

LOGGER = logging.getLogger(__name__)

SAYS = {
    400: (
        "That request cannot be read",
        "Something in the address or the form is not what this page sends.",
    ),
    401: ("Who are you?", "Sign in, or send a token that holds."),
    403: ("You may not do this", "Your role does not include it."),
    404: ("There is nothing here", "The address is wrong, or what was here is gone."),
    409: ("That is not possible now", "Look again and repeat it."),
    413: ("That is too much", "The form is larger than this console takes."),
    501: ("This server cannot do that", "It has no such function."),
    502: ("The engine has a fault", "It said no more about it."),
    503: ("The engine does not answer", "It is away, or at a limit."),
    504: ("The engine is slow", "It did not answer in time."),
    500: ("The console has a fault", "It was written down. Nothing was changed by this page."),
}


class Refusal(Exception):
    """Anticipated: a status, and a sentence for the person."""

    def __init__(
        self, status: int, says: str, detail: str = "", way: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(says)
        self.status = status
        self.detail = detail
        #: a link to what there is instead
        self.way = way


class Elsewhere(PermissionDenied):
    """Not here; where it is done instead, as a link."""

    def __init__(self, says: str, url: str, word: str) -> None:
        super().__init__(says)
        self.way = {"url": url, "word": word}


class RefusalMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        match error:
            case Refusal():
                return refuse(request, error.status, str(error), error.detail, error.way)
            case Elsewhere():
                return refuse(request, 403, str(error), way=error.way)
            case RequestDataTooBig() | TooManyFieldsSent():
                return refuse(request, 413)
            case PermissionDenied():
                return refuse(request, 403, str(error))
            case Http404():
                return refuse(request, 404)
            case _:
                return None


def refuse(
    request: HttpRequest,
    status: int,
    says: str = "",
    detail: str = "",
    way: Mapping[str, str] | None = None,
    *,
    title: str = "",
) -> HttpResponse:
    by_status, usual = SAYS.get(status, SAYS[500])
    context = {
        "title": title or by_status,
        "says": says or usual,
        "detail": detail,
        "status": status,
    }
    if not hasattr(request, "user"):
        # What fails early has not met the middleware that says who this is.
        request.user = AnonymousUser()
    part = _is_part(request)
    context |= {"way": way, "part": part}
    template = "refusal.html#notice" if part else "refusal.html"
    response = render(request, template, context, status=status)
    if part:
        in_dialog = request.method == "POST" and request.headers.get("HX-Target") == "dialog"
        response["HX-Retarget"] = "#dialog form" if in_dialog else "#notices"
        response["HX-Reswap"] = "afterbegin" if in_dialog else "innerHTML"
    return response


def _is_part(request: HttpRequest) -> bool:
    """As its headers say: what fails early has not met the middleware that reads them."""
    return request.headers.get("HX-Request") == "true" and "HX-Boosted" not in request.headers


def csrf_failed(request: HttpRequest, reason: str = "") -> HttpResponse:
    return refuse(
        request,
        403,
        "The form is too old, or was not made by this console. Reload the page.",
        reason,
    )


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    too_big = isinstance(exception, RequestDataTooBig | TooManyFieldsSent)
    return refuse(request, 413 if too_big else 400)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return refuse(request, 404)


def denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    return refuse(request, 403, str(exception))


def broken(request: HttpRequest) -> HttpResponse:
    if isinstance(sys.exception(), OperationalError | InterfaceError):
        return _bare(request, "Its database does not answer. Try again in a moment.")
    try:
        return refuse(request, 500)
    except Exception:  # it was the frame of the page that failed, and fails again
        LOGGER.exception("the frame of a page failed")
        return _bare(request)


def _bare(request: HttpRequest, says: str = "") -> HttpResponse:
    """Nothing more is asked of anybody: not who this is, and not what they were to be told."""
    request.user = AnonymousUser()
    request._messages = []  # type: ignore[attr-defined]
    return refuse(request, 500, says)
