"""What belongs to a group, and goes over to people when the group goes.

A capability whose rows belong to groups registers here, so that whoever drops a group can say what
that means and nothing vanishes without a word.
"""

from collections.abc import Callable
from dataclasses import dataclass

from django.contrib.auth.models import Group


@dataclass(frozen=True, slots=True)
class Heir:
    """`what`: names of what belongs to the group; `hand_over`: gives it to people."""

    noun: str
    what: Callable[[Group], list[str]]
    hand_over: Callable[[Group], None]


_heirs: list[Heir] = []


def register(heir: Heir) -> None:
    _heirs.append(heir)


def belongings(group: Group) -> dict[str, list[str]]:
    """By noun; only what there is."""
    found = {heir.noun: heir.what(group) for heir in _heirs}
    return {noun: names for noun, names in found.items() if names}


def hand_over(group: Group) -> None:
    for heir in _heirs:
        heir.hand_over(group)
