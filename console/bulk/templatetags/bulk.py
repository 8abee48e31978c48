"""What can be done to the runs that a page shows, for the form that posts to `bulk:plan`."""

from collections.abc import Mapping
from itertools import groupby
from typing import Any

from django import template

from console.bulk import verbs

register = template.Library()
#: These have a button of their own on the page of runs.
COMMON = ("signal", "reset", "cancel", "terminate")


@register.inclusion_tag("bulk/others.html", takes_context=True)
def bulk_others(context: Mapping[str, Any], namespace: str) -> dict[str, Any]:
    allowed = verbs.allowed(context["request"].user, namespace)
    others = [one for one in allowed if one.name not in COMMON]
    return {"groups": [(of, list(some)) for of, some in groupby(others, lambda one: one.of)]}
