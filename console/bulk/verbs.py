"""The deeds that there are, by name; and those of this capability.

Another capability adds its own: a tuple of `console.gateway.deeds.Deed`, named in BULK_DEEDS.
"""

from collections.abc import Mapping
from functools import cache

from django.conf import settings
from django.contrib.auth.models import User
from django.utils.module_loading import import_string

from console.access.policy import can
from console.gateway.deeds import Deed


@cache
def every() -> Mapping[str, Deed]:
    """In the order in which they are offered."""
    found = [one for place in settings.BULK_DEEDS for one in import_string(place)]
    assert len({one.name for one in found}) == len(found), "two deeds have one name"
    return {one.name: one for one in found}


def named(name: str) -> Deed:
    return every()[name]


def may(person: User, name: str, namespace: str) -> bool:
    """The right to act on many, and the right to do this to one."""
    return can(person, "bulk.run", namespace) and can(person, named(name).right, namespace)


def allowed(person: User, namespace: str) -> list[Deed]:
    """Without what the server lacks."""
    mine = (one for one in every().values() if may(person, one.name, namespace))
    return [one for one in mine if not one.lacks(namespace)]
