"""Save and delete: check, write, audit."""

from django.contrib.auth.models import User

from console.audit.record import record
from console.gateway import workflows
from console.saved_views.models import SavedView


def save(person: User, namespace: str, name: str, query: str) -> SavedView:
    """The engine is asked once: a query that it refuses is not saved."""
    with record(person, "saved_view.save", namespace=namespace, target=name) as act:
        workflows.find(namespace, query, 1)
        view = SavedView.objects.create(namespace=namespace, name=name, query=query, maker=person)
        act.after = {"query": query}
    return view


def delete(person: User, view: SavedView) -> None:
    before = {"query": view.query}
    with record(
        person, "saved_view.save", namespace=view.namespace, target=view.name, before=before
    ) as act:
        view.delete()
        act.after = {}
