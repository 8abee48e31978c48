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
    context: Mapping[str, Any], namespace: str, *, closed: bool = False
) -> dict[str, Any]:
    """Only what this person may do; `closed`: what closed runs can take, of the common ones."""
    allowed = verbs.allowed(context["request"].user, namespace)
    if closed:
        allowed = [one for one in allowed if not one.closed and one.name in COMMON]
    others = [one for one in allowed if one.name not in COMMON]
    return {
        "namespace": namespace,
        "common": [one for name in COMMON for one in allowed if one.name == name],
        "groups": [(of, list(some)) for of, some in groupby(others, lambda one: one.of)],
    }
