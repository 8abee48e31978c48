"""Who is signed in from where; how long that lasts; ending it.

A session of Django's has a row here beside it, with an id that may be shown. Deleting the session
deletes the row and signs its person out.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, logout
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from console.access.attempts import address_of
from console.access.models import SignIn

#: A person who clicks along is written down this often at most.
SEEN_EVERY = timedelta(minutes=1)
BROWSER_LENGTH_MAX = 200


#: The first that fits: most of them also claim to be what stands further down.
BROWSERS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
SYSTEMS = (
    ("Windows", "Windows"),
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
)


@dataclass(frozen=True, slots=True)
class SessionRow:
    id: UUID
    started_at: datetime
    seen_at: datetime
    address: str
    #: as one calls it, and as it calls itself
    browser: str
    agent: str
    here: bool


def begin(request: HttpRequest, person: User) -> SignIn:
    """The row of this request's session, made when it is new."""
    if request.session.session_key is None:
        request.session.create()
    now = timezone.now()
    found, _ = SignIn.objects.get_or_create(
        session_id=request.session.session_key,
        defaults={
            "person": person,
            "started_at": now,
            "seen_at": now,
            "address": address_of(request),
            "browser": request.META.get("HTTP_USER_AGENT", "")[:BROWSER_LENGTH_MAX],
        },
    )
    return found


class SignInMiddleware:
    """Ends a session that is too old; notes when its person was last here."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        person = request.user
        if isinstance(person, User) and not _goes_on(request, person):
            logout(request)
        return self.get_response(request)


def is_by_provider(request: HttpRequest) -> bool:
    """Whether the session came from the OpenID Connect provider."""
    return "oidc" in str(request.session.get(BACKEND_SESSION_KEY, ""))


def rows(person: User, here: str | None = None) -> list[SessionRow]:
    """The sessions that still hold; `here` is the key of the one that asks."""
    now = timezone.now()
    return [
        SessionRow(
            one.id, one.started_at, one.seen_at, one.address or "", called(one.browser),
            one.browser, one.session_id == here,
        )
        for one in SignIn.objects.filter(person=person, session__expire_date__gt=now)
        if not _too_old(one, now)
    ]  # fmt: skip


def called(agent: str) -> str:
    """`Firefox on Linux`, where the browser's own name for itself tells; else that name."""
    browser = next((name for mark, name in BROWSERS if mark in agent), "")
    system = next((name for mark, name in SYSTEMS if mark in agent), "")
    return f"{browser} on {system}" if browser and system else agent[:40]


def end(person: User, sign_in_id: UUID) -> int:
    return _end(person.sign_ins.filter(pk=sign_in_id).values_list("session_id", flat=True))


def end_all(person: User, but: str | None = None) -> int:
    """How many were ended. `but` is the key of the one that stays."""
    return _end(person.sign_ins.exclude(session_id=but).values_list("session_id", flat=True))


def _end(keys: Iterable[str]) -> int:
    _, ended = Session.objects.filter(session_key__in=list(keys)).delete()
    return ended.get("sessions.Session", 0)


def _goes_on(request: HttpRequest, person: User) -> bool:
    now = timezone.now()
    try:
        with transaction.atomic():
            sign_in = begin(request, person)
    except IntegrityError:  # ended by another request, at this very moment
        return False
    if _too_old(sign_in, now):
        return False
    if now - sign_in.seen_at > SEEN_EVERY and not _polls(request):
        SignIn.objects.filter(pk=sign_in.pk).update(seen_at=now)
    return True


def _too_old(sign_in: SignIn, now: datetime) -> bool:
    return now - sign_in.started_at > timedelta(
        seconds=settings.SESSION_AGE_SECONDS
    ) or now - sign_in.seen_at > timedelta(seconds=settings.SESSION_IDLE_SECONDS)


def _polls(request: HttpRequest) -> bool:
    """A live part sends the version that it shows; no person does."""
    return "version" in request.GET
