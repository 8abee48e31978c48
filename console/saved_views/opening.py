"""The page of a list, opened without a question, opens with the person's default view of it.

A middleware, since the pages belong to other capabilities and know nothing of views. It says so
by a redirect: the address stays the state.
"""

from collections.abc import Callable
from typing import Any

from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from console.gateway import lists
from console.saved_views.models import DefaultView, SavedView
from console.saved_views.presenters import address

#: the pages of runs and of each kind of what stands alone, which names itself in its address
LISTS = frozenset({"workflows:runs", "standalone:list"})


class DefaultViewMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: object, arguments: object, given: dict[str, Any]
    ) -> HttpResponse | None:
        match = request.resolver_match
        if match is None or match.view_name not in LISTS or request.META["QUERY_STRING"]:
            return None
        if request.method != "GET" or not request.user.is_authenticated:
            return None
        found = (
            DefaultView.objects.select_related("view")
            .filter(
                person=request.user,
                namespace=given["namespace"],
                lists=given.get("kind", lists.RUNS),
            )
            .first()
        )
        if found is None or not _is_seen(request.user, found.view):
            return None
        return redirect(address(found.view))


def _is_seen(person: User, view: SavedView) -> bool:
    """It may have become another's alone, or its team be left."""
    return SavedView.objects.seen_by(person, view.namespace).filter(pk=view.pk).exists()
