"""Check, write, audit: accounts and grants."""

from uuid import UUID

from django.contrib.auth import login
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.http import HttpRequest

from console.access import sessions, tokens
from console.access.models import Grant
from console.audit import record as audit
from console.audit.record import record
from console.ui.refusals import Refusal

NAME_TAKEN = "Somebody has this sign-in name already."


def sign_in(request: HttpRequest, person: User) -> None:
    login(request, person)
    sessions.begin(request, person)
    audit.sign_in(person, "a password")


def invite(
    admin: User, *, username: str, full_name: str, email: str, password: str, role: str
) -> User:
    asked = {"name": full_name, "email": email, "role": role}
    with record(admin, "people.manage", target=username, reason="New account", asked=asked) as act:
        first, _, last = full_name.partition(" ")
        try:
            with transaction.atomic():
                person = User.objects.create_user(
                    username, email, password, first_name=first, last_name=last
                )
                Grant.objects.create(person=person, role=role)
        except IntegrityError:
            # Since the form looked, another admin was quicker; or this one pressed twice.
            raise Refusal(409, NAME_TAKEN) from None
        act.after = asked
    return person


def grant(admin: User, person: User, namespace: str, role: str) -> None:
    _not_oneself(admin, person)
    held = _held(person)
    with record(
        admin, "people.manage", target=person.username, namespace=namespace, before=held
    ) as act:
        Grant.objects.update_or_create(person=person, namespace=namespace, defaults={"role": role})
        act.after = _held(person)


def revoke(admin: User, person: User, namespace: str) -> None:
    _not_oneself(admin, person)
    held = _held(person)
    with record(
        admin, "people.manage", target=person.username, namespace=namespace, before=held
    ) as act:
        Grant.objects.filter(person=person, namespace=namespace).delete()
        act.after = _held(person)


def set_active(admin: User, person: User, active: bool) -> None:
    _not_oneself(admin, person)
    before = {"active": person.is_active}
    with record(admin, "people.manage", target=person.username, before=before) as act:
        User.objects.filter(pk=person.pk).update(is_active=active)
        act.after = {"active": active}
        if not active:
            act.after["sessions ended"] = sessions.end_all(person)


def end_session(admin: User, person: User, session_id: UUID) -> None:
    asked = {"session": str(session_id)}
    with record(admin, "people.manage", target=person.username, asked=asked) as act:
        act.after = {"sessions ended": sessions.end(person, session_id)}


def end_sessions(admin: User, person: User, here: str | None) -> None:
    """All of them, but for the one in which an admin looks at their own account."""
    asked = {"sessions": "all"}
    with record(admin, "people.manage", target=person.username, asked=asked) as act:
        act.after = {"sessions ended": sessions.end_all(person, but=here)}


def revoke_token(admin: User, person: User, token_id: UUID) -> None:
    asked = {"token": str(token_id)}
    with record(admin, "people.manage", target=person.username, asked=asked) as act:
        act.after = {"tokens revoked": tokens.revoke(person, token_id)}


def _held(person: User) -> dict[str, str]:
    return dict(Grant.objects.filter(person=person).values_list("namespace", "role"))


def _not_oneself(admin: User, person: User) -> None:
    if admin.pk == person.pk:
        raise Refusal(409, "You cannot change or take away your own access. Ask another admin.")
