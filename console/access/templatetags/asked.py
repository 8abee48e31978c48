"""Filter: a query that somebody else wrote, as this person may read it."""

from django import template

from console.gateway import indexed

register = template.Library()


@register.filter
def as_told(query: str) -> str:
    return indexed.told(query)
