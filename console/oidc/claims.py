"""What a provider says of a person; pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

USERNAME_LENGTH_MAX = 150
NAME_LENGTH_MAX = 150
EMAIL_LENGTH_MAX = 254
GROUPS_MAX = 1_000
NOT_IN_USERNAMES = re.compile(r"[^\w.@+-]+")

Claims = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Said:
    subject: str
    username: str
    first_name: str
    last_name: str
    email: str
    #: the provider vouches that the address is theirs
    email_is_proved: bool
    groups: frozenset[str]
    #: the provider left the groups out, because there are too many for a token
    groups_left_out: bool


def said(claims: Claims, groups_claim: str) -> Said:
    subject = str(claims["sub"])
    email = _text(claims, "email")[:EMAIL_LENGTH_MAX]
    first, last = _names(claims)
    return Said(
        subject=subject,
        username=_username(_text(claims, "preferred_username") or email or subject),
        first_name=first[:NAME_LENGTH_MAX],
        last_name=last[:NAME_LENGTH_MAX],
        email="" if claims.get("email_verified") is False else email,
        email_is_proved=claims.get("email_verified") is True,
        groups=groups(claims, groups_claim),
        groups_left_out=groups_claim in (claims.get("_claim_names") or {}),
    )


def groups(claims: Claims, name: str) -> frozenset[str]:
    """`groups`, or a path as `realm_access.roles`; Keycloak's leading slash is cut."""
    found: Any = claims.get(name)
    if found is None:
        found = claims
        for step in name.split("."):
            found = found.get(step) if isinstance(found, Mapping) else None
    if isinstance(found, str):
        found = [found]
    if not isinstance(found, list | tuple):
        return frozenset()
    named = (one.removeprefix("/") for one in found[:GROUPS_MAX] if isinstance(one, str))
    return frozenset(one for one in named if one)


def _names(claims: Claims) -> tuple[str, str]:
    given, family = _text(claims, "given_name"), _text(claims, "family_name")
    if given or family:
        return given, family
    first, _, last = _text(claims, "name").partition(" ")
    return first, last


def _username(wanted: str) -> str:
    return NOT_IN_USERNAMES.sub("-", wanted)[:USERNAME_LENGTH_MAX].strip("-") or "somebody"


def _text(claims: Claims, name: str) -> str:
    value = claims.get(name)
    return value.strip() if isinstance(value, str) else ""
