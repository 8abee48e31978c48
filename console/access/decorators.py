"""@requires(verb) stands on every view that is not @public.

A test walks all addresses to see that it does.
"""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, cast
from urllib.parse import quote

from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse

from console.access.policy import VERBS, can, why_not
from console.ui.htmx import HtmxRequest, go_to

P = ParamSpec("P")
View = Callable[Concatenate[HtmxRequest, P], HttpResponseBase]


def requires(verb: str) -> Callable[[View[P]], View[P]]:
    """The namespace is the view's `namespace` argument, where it has one."""
    assert verb in VERBS

    def decorate(view: View[P]) -> View[P]:
        @wraps(view)
        def checked(request: HtmxRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            if not request.user.is_authenticated:
                return _sign_in(request)
            said = kwargs.get("namespace")
            demand(request.user, verb, str(said) if said is not None else None)
            return view(request, *args, **kwargs)

        checked.required_verb = verb  # type: ignore[attr-defined]
        return cast(View[P], checked)

    return decorate


def demand(person: User, verb: str, namespace: str | None) -> None:
    """For what an address alone does not tell. Raises PermissionDenied."""
    if not can(person, verb, namespace):
        raise PermissionDenied(why_not(person, verb, namespace))


def public(view: View[P]) -> View[P]:
    """Says that anybody may come here."""
    view.required_verb = None  # type: ignore[attr-defined]
    return view


def _sign_in(request: HttpRequest) -> HttpResponse:
    back = (
        request.get_full_path()
        if request.method == "GET" and not getattr(request, "htmx", None)
        else "/"
    )
    return go_to(request, f"{reverse('people:sign_in')}?next={quote(back, safe='')}")
