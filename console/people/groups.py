"""Check, write, audit: groups, their members and their roles."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.contrib.auth.models import Group, User
from django.db import IntegrityError, transaction

from console.access import heirs
from console.access.models import GroupGrant
from console.access.policy import can
from console.audit.record import Act, record
from console.ui.refusals import Refusal

VERB = "people.manage"
NAME_TAKEN = "There is a group of this name already."


def make(admin: User, name: str) -> Group:
    with record(admin, VERB, target=_called(name), asked={"group": name}) as act:
        try:
            with transaction.atomic():
                group = Group.objects.create(name=name)
        except IntegrityError:
            raise Refusal(409, NAME_TAKEN) from None
        act.after = _state(group)
    return group


def drop(admin: User, group: Group) -> None:
    """What belongs to it goes over to its owners first."""
    with _changing(admin, group) as act:
        left = heirs.belongings(group)
        heirs.hand_over(group)
        group.delete()
        handed = {f"{noun} handed over": names for noun, names in left.items()}
        act.after = {"group": "none", **handed}


def add(admin: User, group: Group, person: User) -> None:
    with _changing(admin, group) as act:
        group.user_set.add(person)
        act.after = _state(group)


def remove(admin: User, group: Group, person: User) -> None:
    with _changing(admin, group) as act:
        group.user_set.remove(person)
        act.after = _state(group)


def grant(admin: User, group: Group, namespace: str, role: str) -> None:
    with _changing(admin, group, namespace) as act:
        GroupGrant.objects.update_or_create(
            group=group, namespace=namespace, defaults={"role": role}
        )
        act.after = _state(group)


def revoke(admin: User, group: Group, namespace: str) -> None:
    with _changing(admin, group, namespace) as act:
        GroupGrant.objects.filter(group=group, namespace=namespace).delete()
        act.after = _state(group)


@contextmanager
def _changing(admin: User, group: Group, namespace: str = "") -> Iterator[Act]:
    """All of it or nothing. Who would lose the right to do this by doing it, does not do it."""
    with (
        transaction.atomic(),
        record(
            admin, VERB, target=_called(group.name), namespace=namespace, before=_state(group)
        ) as act,
    ):
        yield act
        if not can(User.objects.get(pk=admin.pk), VERB, None):
            raise Refusal(409, "That would take away your own access. Ask another admin.")


def _called(name: str) -> str:
    return f"group {name}"


def _state(group: Group) -> dict[str, Any]:
    return {
        "members": sorted(group.user_set.values_list("username", flat=True)),
        "roles": dict(
            GroupGrant.objects.filter(group=group)
            .order_by("namespace")
            .values_list("namespace", "role")
        ),
    }
