"""Accounts -> template rows; pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.models import User

from console.access.models import EVERYWHERE, Role


@dataclass(frozen=True, slots=True)
class PersonRow:
    id: int
    name: str
    username: str
    email: str
    active: bool
    grants: tuple[tuple[str, str, str], ...]
    last_seen_at: datetime | None
    oneself: bool


def person_page(person: User, me: User) -> PersonRow:
    return _person(person, me)


def person_rows(people: Iterable[User], me: User) -> list[PersonRow]:
    return [_person(person, me) for person in people]


def _person(person: User, me: User) -> PersonRow:
    grants = sorted((one.namespace, one.role) for one in person.grants.all())
    return PersonRow(
        id=person.pk,
        name=person.get_full_name() or person.username,
        username=person.username,
        email=person.email,
        active=person.is_active,
        grants=tuple(
            (name, "everywhere" if name == EVERYWHERE else name, Role(role).label)
            for name, role in grants
        ),
        last_seen_at=person.last_login,
        oneself=person.pk == me.pk,
    )
