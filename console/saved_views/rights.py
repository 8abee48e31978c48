"""Who may change a view; who sees it, the table says (`SavedView.objects.seen_by`)."""

from django.contrib.auth.models import User

from console.access.policy import can
from console.saved_views.models import Audience, SavedView


def may_change(person: User, view: SavedView) -> bool:
    """Its owner; and of what others see too, an admin."""
    if view.owner_id == person.pk:
        return True
    is_shared = view.audience != Audience.PERSON
    return is_shared and can(person, "saved_view.govern", view.namespace)
