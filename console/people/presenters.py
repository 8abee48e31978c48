"""Accounts -> template rows; pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.contrib.auth.models import Group, User

from console.access.models import EVERYWHERE, Role, Rule
from console.access.policy import money, role_of


@dataclass(frozen=True, slots=True)
class Doors:
    """The ways in."""

    password: bool
    #: what the provider is called; "" without one
    provider: str


def doors() -> Doors:
    return Doors(settings.PASSWORD_SIGN_IN, settings.OIDC_NAME if settings.OIDC_ISSUER else "")


@dataclass(frozen=True, slots=True)
class PersonRow:
    id: int
    name: str
    username: str
    email: str
    active: bool
    grants: tuple[tuple[str, str, str], ...]
    #: (where, role, the group that it comes from)
    inherited: tuple[tuple[str, str, str], ...]
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
        grants=tuple((name, where(name), Role(role).label) for name, role in grants),
        inherited=tuple(
            sorted(
                (where(one.namespace), Role(one.role).label, group.name)
                for group in person.groups.all()
                for one in group.grants.all()
            )
        ),
        last_seen_at=person.last_login,
        oneself=person.pk == me.pk,
    )


@dataclass(frozen=True, slots=True)
class RightRow:
    where: str
    role: str
    #: "" for one that was given to the person alone
    group: str
    #: a higher one in the same place, or everywhere, makes this one without effect
    holds: bool


def right_rows(person: User) -> list[RightRow]:
    """Every right of a person, and where it comes from."""
    found = [(one.namespace, Role(one.role), "") for one in person.grants.all()]
    found += [
        (one.namespace, Role(one.role), group.name)
        for group in person.groups.all()
        for one in group.grants.all()
    ]
    if person.is_superuser:
        found.append((EVERYWHERE, Role.ADMIN, "superuser"))
    return [
        RightRow(where(name), role.label, group, role == role_of(person, name))
        for name, role, group in sorted(found)
    ]


@dataclass(frozen=True, slots=True)
class GroupRow:
    id: int
    name: str
    members: tuple[tuple[str, str], ...]
    grants: tuple[tuple[str, str, str], ...]


def group_rows(groups: Iterable[Group]) -> list[GroupRow]:
    return [
        GroupRow(
            id=group.pk,
            name=group.name,
            members=tuple(
                (one.username, one.get_full_name() or one.username) for one in group.user_set.all()
            ),
            grants=tuple(
                (one.namespace, where(one.namespace), Role(one.role).label)
                for one in group.grants.all()
            ),
        )
        for group in groups
    ]


def dropping(group: Group, left: Mapping[str, Sequence[str]]) -> str:
    """What it means that the group goes."""
    members = group.user_set.count()
    parts = [f"{members} {'member loses' if members == 1 else 'members lose'} its roles."]
    for noun, names in left.items():
        shown = ", ".join(names[:NAMES_SHOWN]) + (", …" if len(names) > NAMES_SHOWN else "")
        parts.append(f"Its {len(names)} {noun} go over to their owners alone: {shown}.")
    return " ".join(parts)


NAMES_SHOWN = 10


@dataclass(frozen=True, slots=True)
class ExceptionRow:
    id: int
    #: None where it is a group's
    person_id: int | None
    who: str
    may: bool
    says: str
    verb: str
    where: str
    up_to: str
    reason: str
    given_by: str
    given_at: datetime | None


def exception_row(rule: Rule) -> ExceptionRow:
    bound = money(rule.up_to, rule.currency) if rule.up_to is not None else ""
    person, group = rule.person, rule.group
    return ExceptionRow(
        id=rule.pk,
        person_id=person.pk if person else None,
        who=(person.get_full_name() or person.username) if person else group.name if group else "",
        may=rule.may,
        says="may" if rule.may else "may not",
        verb=rule.verb,
        where=where(rule.namespace),
        up_to=f"{'up to' if rule.may else 'above'} {bound}" if bound else "",
        reason=rule.reason,
        given_by=rule.given_by,
        given_at=rule.given_at,
    )


def exceptions_of(person: User) -> list[ExceptionRow]:
    """Their own, and those of their groups."""
    found = [
        *person.rules.all(),
        *(one for group in person.groups.all() for one in group.rules.all()),
    ]
    return [exception_row(one) for one in found]


def where(namespace: str) -> str:
    return "everywhere" if namespace == EVERYWHERE else namespace
