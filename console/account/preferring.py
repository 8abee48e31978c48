"""Each request is answered in its person's time zone, and as they want pages to be.

What is made outside of a request (exports, mails, jobs) and what scripts read is in UTC. So is a
body that streams: it is written when the request has been left.
"""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from console.account.models import Preference
from console.account.zones import of_browser, zone


class PreferenceMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        kept = preference(request)
        request.letter_keys = kept.letter_keys  # type: ignore[attr-defined]
        request.is_still = not kept.renews  # type: ignore[attr-defined]
        with timezone.override(zone(kept.zone or of_browser(request))):
            return self.get_response(request)


def preference(request: HttpRequest) -> Preference:
    if request.user.is_authenticated:
        return Preference.objects.filter(person=request.user).first() or Preference()
    return Preference()
