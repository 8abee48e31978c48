"""Save, duplicate, choose, delete: check, write, audit."""

from typing import Any

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.db.models import Q

from console.audit.models import AuditEntry
from console.audit.record import Act, last, record
from console.gateway import lists
from console.saved_views.models import NAME_LENGTH_MAX, Audience, DefaultView, SavedView
from console.saved_views.presenters import belongs
from console.saved_views.rights import may_change
from console.ui import stale
from console.ui.refusals import Refusal

NAME_TAKEN = "There is a view of this name already. Choose another one."


def save(person: User, view: SavedView, seen: str = "") -> None:
    """A new one, or one with other words than those of the version that was seen. What the engine
    refuses is not saved.
    """
    stored = SavedView.objects.filter(pk=view.pk).first()
    if stored is not None:
        _refuse_others(person, stored)
    with record(
        person,
        _verb(view),
        namespace=view.namespace,
        target=stored.name if stored else view.name,
        before=said(stored) if stored else None,
    ) as act:
        lists.find(view.namespace, view.lists, view.query, 1)
        with transaction.atomic():
            _check(view, seen)
            _keep(view, act)
    _refuse_taken(act)


def _check(view: SavedView, seen: str) -> None:
    stands = SavedView.objects.select_for_update(of=("self",)).filter(pk=view.pk).first()
    if stands is not None:
        called = Q(target=stands.name) | Q(outcome__after__name=stands.name)
        verbs = ("saved_view.keep", "saved_view.save")
        about = AuditEntry.objects.filter(called, namespace=stands.namespace, verb__in=verbs)
        stale.check(seen, said(stands), last(about))


def duplicate(person: User, view: SavedView) -> SavedView:
    """One's own copy of whatever one sees."""
    copy = SavedView(
        namespace=view.namespace,
        name=_free_name(person, view),
        lists=view.lists,
        query=view.query,
        columns=view.columns,
        owner=person,
        audience=Audience.PERSON,
    )
    with record(person, "saved_view.keep", namespace=view.namespace, target=copy.name) as act:
        _keep(copy, act)
    _refuse_taken(act)
    return copy


def delete(person: User, view: SavedView) -> None:
    _refuse_others(person, view)
    with record(
        person, _verb(view), namespace=view.namespace, target=view.name, before=said(view)
    ) as act:
        view.delete()
        act.after = {}


def start_with(person: User, view: SavedView, chosen: bool) -> None:
    """The default of this person here, of its list; choosing another replaces it."""
    of: dict[str, Any] = {
        "person": person,
        "namespace": view.namespace,
        "lists": view.lists,
    }
    held = DefaultView.objects.filter(**of)
    before = {"default": held[0].view.name} if held else {}
    with record(
        person, "saved_view.keep", namespace=view.namespace, target=view.name, before=before
    ) as act:
        if chosen:
            DefaultView.objects.update_or_create(**of, defaults={"view": view})
        else:
            held.filter(view=view).delete()
        act.after = {"default": view.name} if chosen else {}


def _keep(view: SavedView, act: Act) -> None:
    """Somebody may have taken the name since the form looked: the database is what decides."""
    try:
        with transaction.atomic():
            view.save()
        act.after = said(view)
    except IntegrityError:
        act.refused = NAME_TAKEN


def _refuse_taken(act: Act) -> None:
    if act.refused:
        raise Refusal(409, act.refused)


def _refuse_others(person: User, view: SavedView) -> None:
    if not may_change(person, view):
        raise Refusal(403, "Only its owner or an admin changes this view. You can duplicate it.")


def _verb(view: SavedView) -> str:
    return "saved_view.keep" if view.audience == Audience.PERSON else "saved_view.save"


def said(view: SavedView) -> dict[str, str]:
    return {
        "name": view.name,
        "of": view.lists,
        "query": view.query,
        "columns": view.columns,
        "belongs": belongs(view),
    }


def _free_name(person: User, view: SavedView) -> str:
    own = SavedView.objects.filter(
        owner=person, namespace=view.namespace, audience=Audience.PERSON
    ).values_list("name", flat=True)
    taken = {name.lower() for name in own}
    stem = f"{view.name[: NAME_LENGTH_MAX - 12]}, copy"
    if stem.lower() not in taken:
        return stem
    return next(
        name
        for number in range(2, len(taken) + 3)
        if (name := f"{stem} {number}").lower() not in taken
    )
