"""Who sees a view, and who may change it."""

from django.contrib.auth.models import User
from django.db.models import Q, QuerySet

from console.access.policy import can
from console.saved_views.models import Audience, SavedView


def seen(person: User, namespace: str) -> QuerySet[SavedView]:
    """One's own, one's teams', everyone's; an admin sees every team's."""
    shared = Q(audience=Audience.NAMESPACE)
    if can(person, "saved_view.govern", namespace):
        shared |= Q(audience=Audience.TEAM)
    else:
        shared |= Q(team__in=person.groups.all())
    found = SavedView.objects.filter(Q(owner=person) | shared, namespace=namespace)
    return found.select_related("owner", "team")


def may_change(person: User, view: SavedView) -> bool:
    """Its owner; and of what others see too, an admin."""
    if view.owner_id == person.pk:
        return True
    is_shared = view.audience != Audience.PERSON
    return is_shared and can(person, "saved_view.govern", view.namespace)
