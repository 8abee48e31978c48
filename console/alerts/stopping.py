"""A rule of a view that is deleted stops, and says so."""

from typing import Any

from django.db.models.signals import pre_delete
from django.dispatch import receiver
from django.utils import timezone

from console.alerts import rights
from console.alerts.models import Rule


@receiver(pre_delete, sender="saved_views.SavedView")
def stop(instance: Any, **_: Any) -> None:
    """In the transaction that deletes it. Whoever makes a rule of it meanwhile holds its row, and
    has that rule stopped; who comes later finds no view."""
    type(instance).objects.select_for_update().get(pk=instance.pk)
    for rule in Rule.objects.filter(view=instance):
        Rule.objects.filter(pk=rule.pk).update(
            stopped_at=timezone.now(),
            stopped_for=rights.gone(rule.view_name),
            was_shared=instance.audience == "namespace",
            is_firing=False,
        )
