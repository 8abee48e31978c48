"""A team that goes leaves its views to those who own them, for themselves alone."""

from django.contrib.auth.models import Group

from console.access import heirs
from console.saved_views.models import NAME_LENGTH_MAX, Audience, SavedView


def names(group: Group) -> list[str]:
    return [f"{view.name} ({view.namespace})" for view in SavedView.objects.filter(team=group)]


def hand_over(group: Group) -> None:
    for view in SavedView.objects.select_for_update().filter(team=group):
        view.name, view.audience, view.team = _free(view, group), Audience.PERSON, None
        view.save(update_fields=["name", "audience", "team"])


def _free(view: SavedView, group: Group) -> str:
    """Its owner may have one of the same name."""
    own = SavedView.objects.filter(
        owner=view.owner_id, namespace=view.namespace, audience=Audience.PERSON
    ).values_list("name", flat=True)
    taken = {name.lower() for name in own}
    stem = f"{view.name}, of {group.name}"[: NAME_LENGTH_MAX - 4]
    wanted = (view.name, stem, *(f"{stem} {number}" for number in range(2, len(taken) + 3)))
    return next(name for name in wanted if name.lower() not in taken)


heirs.register(heirs.Heir("saved views", names, hand_over))
