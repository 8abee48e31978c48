"""What can be done to the runs that a page shows, for the form that posts to `bulk:plan`."""

from collections.abc import Mapping
from itertools import groupby
from typing import Any

from django import template

from console.bulk import verbs

register = template.Library()
#: These have a button of their own on the page of runs.
COMMON = ("signal", "reset", "cancel", "terminate")


@register.inclusion_tag("bulk/acts.html", takes_context=True)
def bulk_acts(
    context: Mapping[str, Any], namespace: str, *, lists: str = "runs", closed: bool = False
) -> dict[str, Any]:
    """Only what this person may do to what the page `lists`; `closed`: what closed runs can take,
    of the common ones."""
    person = context["request"].user
    allowed = [one for one in verbs.allowed(person, namespace) if one.lists == lists]
    if closed:
        allowed = [one for one in allowed if not one.closed and one.name in COMMON]
    first = [one for name in COMMON for one in allowed if one.name in {name, f"{lists}-{name}"}]
    others = [one for one in allowed if one not in first]
    return {
        "namespace": namespace,
        "common": first,
        "groups": [(of, list(some)) for of, some in groupby(others, lambda one: one.of)],
    }
