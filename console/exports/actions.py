"""Ask for an export, cancel it, give its file: check, write, audit."""

from collections.abc import Mapping

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from console.audit.record import called, record
from console.exports.models import (
    ACTIVE,
    EXPORT_KEPT,
    EXPORTS_PER_PERSON_MAX,
    Export,
    State,
)
from console.gateway import columns, indexed, lists, namespaces
from console.ui.refusals import Refusal
from search.query.errors import QueryError
from search.query.parser import parse
from search.query.pinned import pinned

#: Where it can be chosen: a run that moves on meanwhile keeps its place in this order.
STEADY = "ORDER BY StartTime DESC"


def ask(person: User, namespace: str, asked: Mapping[str, str]) -> Export:
    """The engine is asked once: a query that it refuses is no export."""
    query, of, form = asked["query"].strip(), asked["lists"], asked["form"]
    named = indexed.told_to_all(namespace, query)
    export = Export(
        namespace=namespace,
        lists=of,
        query=query,
        asked=_steady(query, namespaces.attributes(namespace).ours),
        columns=asked["columns"] or columns.written(lists.usual(namespace, of)),
        form=form,
        person=person,
        who=called(person),
        expires_at=timezone.now() + EXPORT_KEPT,
    )
    with record(
        person,
        "export.make",
        namespace=namespace,
        target=f"{form} of {named or f'all {lists.NOUNS[of][1]}'}"[:255],
    ) as act:
        lists.find(namespace, of, export.asked, 1)
        export.matched = lists.count(namespace, of, export.asked).counts.total
        act.refused = "" if _kept_within_bound(export) else FULL
        act.after = {"query": query, "columns": export.columns, "form": form}
    if act.refused:
        raise Refusal(409, FULL)
    return export


FULL = (
    f"You have {EXPORTS_PER_PERSON_MAX} exports already. Remove one, or wait until one has expired."
)


def _steady(query: str, sorts: bool) -> str:
    """The parts of the file are asked for one after another, and must fit together."""
    try:
        is_ordered = bool(parse(query).order)
        fixed = pinned(query, timezone.now())
    except QueryError:
        return query
    return f"{fixed} {STEADY}".strip() if sorts and not is_ordered else fixed


def _kept_within_bound(export: Export) -> bool:
    with transaction.atomic():
        User.objects.select_for_update().get(pk=export.person_id)
        kept = Export.objects.filter(person=export.person_id, expires_at__gt=timezone.now())
        if kept.exclude(state=State.CANCELED).count() >= EXPORTS_PER_PERSON_MAX:
            return False
        export.save()
    return True


def cancel(person: User, export: Export) -> None:
    """What was written of it goes by the next sweep, which also ends what a worker still holds."""
    with record(
        person,
        "export.make",
        namespace=export.namespace,
        target=str(export),
        before={"state": export.state},
    ) as act:
        now = timezone.now()
        held = Export.objects.filter(pk=export.pk, state__in=ACTIVE)
        changed = held.update(state=State.CANCELED, ended_at=now, claimed_until=None)
        act.refused = "" if changed else "It had ended already."
        act.after = {"state": State.CANCELED} if changed else None


def remove(person: User, export: Export) -> None:
    """Its file is out of reach at once, and goes by the next sweep."""
    if export.is_active:
        raise Refusal(409, "It is under way; cancel it first.")
    with record(
        person,
        "export.make",
        namespace=export.namespace,
        target=str(export),
        before={"rows": export.rows, "state": export.state},
    ) as act:
        Export.objects.filter(pk=export.pk).update(expires_at=timezone.now())
        act.after = {}


def give(person: User, export: Export) -> None:
    """Who took it, written before the first byte leaves."""
    with record(person, "export.take", namespace=export.namespace, target=str(export)) as act:
        act.after = {"rows": export.rows, "query": export.query}
