"""Keys for scripts: `Authorization: Bearer perdure_…`. They read and never write.

A key shows what its person may see, in the namespaces that it names, until it expires, is revoked,
or its person's account is closed. Only its digest is kept: 256 bits of chance need no slow hash.
"""

import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.contrib.auth.models import User
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from console.access.models import EVERYWHERE, Token
from console.ui.refusals import Refusal, refuse

PREFIX = "perdure_"
SECRET_BYTES = 32
SCHEME = "bearer "
READS = frozenset({"GET", "HEAD"})
TOKENS_MAX = 20
#: A script that asks on and on is written down this often at most.
USED_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class TokenRow:
    id: UUID
    name: str
    namespaces: str
    made_at: datetime
    expires_at: datetime
    used_at: datetime | None
    #: "", or why it holds no longer
    ended: str


def make(person: User, name: str, namespaces: list[str], lasts: timedelta) -> tuple[Token, str]:
    """The token, and the secret that is shown once."""
    now = timezone.now()
    if person.tokens.filter(revoked_at=None, expires_at__gt=now).count() >= TOKENS_MAX:
        raise Refusal(409, f"You have {TOKENS_MAX} tokens. Revoke one that you no longer need.")
    secret = PREFIX + secrets.token_urlsafe(SECRET_BYTES)
    token = Token.objects.create(
        person=person,
        name=name,
        digest=_digest(secret),
        namespaces=namespaces,
        made_at=now,
        expires_at=now + lasts,
    )
    token.refresh_from_db()
    return token, secret


def revoke(person: User, token_id: UUID) -> int:
    return person.tokens.filter(pk=token_id, revoked_at=None).update(revoked_at=timezone.now())


def rows(person: User) -> list[TokenRow]:
    now = timezone.now()
    return [
        TokenRow(
            id=one.pk,
            name=one.name,
            namespaces=", ".join("all" if name == EVERYWHERE else name for name in one.namespaces),
            made_at=one.made_at,
            expires_at=one.expires_at,
            used_at=one.used_at,
            ended="revoked" if one.revoked_at else "expired" if one.expires_at <= now else "",
        )
        for one in person.tokens.all()
    ]


class TokenMiddleware:
    """Whoever sends a token is its person, with the token's limits, for this one request."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        said = request.headers.get("Authorization", "")
        if not said.lower().startswith(SCHEME):
            return self.get_response(request)
        if request.method not in READS:
            return refuse(request, 403, "A token reads; it never writes. Nothing was done.")
        token = _holding(said[len(SCHEME) :].strip())
        if token is None:
            answer = refuse(request, 401, "This token is not known, has expired or was revoked.")
            answer["WWW-Authenticate"] = "Bearer"
            return answer
        _used(token)
        request.user = token.person
        request.user.came_with = token  # type: ignore[attr-defined]
        return self.get_response(request)


def _holding(secret: str) -> Token | None:
    return (
        Token.objects.select_related("person")
        .filter(digest=_digest(secret), revoked_at=None, expires_at__gt=timezone.now())
        .filter(person__is_active=True)
        .first()
    )


def _used(token: Token) -> None:
    now = timezone.now()
    long_ago = Q(used_at=None) | Q(used_at__lt=now - USED_EVERY)
    Token.objects.filter(long_ago, pk=token.pk).update(used_at=now)


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
