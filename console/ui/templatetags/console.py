"""Filters.

Duration, size, plural; tags: icon, glyph, status, when, payload. No queries, no rules.
"""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from django import template
from django.http import HttpRequest
from django.utils import timezone
from django.utils.crypto import get_random_string
from django.utils.html import format_html
from django.utils.safestring import SafeString

from console.ui import paths, words

register = template.Library()


@register.filter
def duration(value: timedelta | None) -> str:
    return words.span(value)


@register.filter
def whole(value: timedelta | None) -> str:
    return words.whole(value)


@register.filter
def size(value: int) -> str:
    return words.size(value)


@register.filter
def number(value: float) -> str:
    return words.number(value)


@register.filter
def amounts(text: str) -> str:
    return words.amounts(text)


@register.filter
def plural(count: int, forms: str) -> str:
    """{{ n|plural:"run,runs" }}: the number and its word."""
    one, _, many = forms.partition(",")
    return words.plural(count, one, many)


@register.simple_tag(takes_context=True)
def once(context: template.Context, is_through: bool = False) -> SafeString:
    """The key of a form that is to be sent once: as it came, until its act is through."""
    given: HttpRequest = context["request"]
    key = "" if is_through else given.POST.get("once", "")
    field = '<input type="hidden" name="once" value="{}">'
    return format_html(field, key or get_random_string(32))


@register.simple_tag
def icon(name: str, end: bool = False) -> SafeString:
    return format_html(
        '<svg class="icon{}" viewBox="0 0 16 16" aria-hidden="true"><use href="#i-{}"/></svg>',
        " icon-end" if end else "",
        name,
    )


@register.simple_tag
def glyph(name: str, turning: bool = False) -> SafeString:
    return format_html(
        '<svg class="glyph{}" viewBox="0 0 12 12" aria-hidden="true"><use href="#i-s-{}"/></svg>',
        " glyph-turning" if turning else "",
        name,
    )


#: a status of the sheet that borrows another's shape
GLYPHS = {"live": "ok"}


@register.simple_tag
def status(name: str, word: str = "", hide_word: bool = False) -> SafeString:
    """A shape and a word: of a protocol status, or of the sheet with a word of its own."""
    shape, usual = words.status(name) if not word else (name, word)
    return format_html(
        '<span class="status" data-status="{}">{}<span{}>{}</span></span>',
        shape,
        glyph(GLYPHS.get(shape, shape)),
        SafeString(' class="visually-hidden"') if hide_word else "",
        usual,
    )


@register.simple_tag
def when(at: datetime | None, date: str = "short") -> SafeString | str:
    """A moment in the zone of the bar. date: short (11-24), long (2026-11-24), exact (ms)."""
    if at is None:
        return ""
    local = words.local(at)
    day = {"short": local.strftime("%m-%d"), "long": local.strftime("%Y-%m-%d")}.get(date, "")
    return format_html(
        '<time datetime="{}" title="{}">{}{}</time>',
        at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        words.exactly(at),
        format_html('<span class="date">{}</span> ', day) if day else "",
        local.strftime("%H:%M:%S.%f")[:-3] if date == "exact" else local.strftime("%H:%M:%S"),
    )


@register.simple_tag
def until(at: datetime | None, now: datetime, lead: str = "") -> SafeString | str:
    """Counts down in the page; the server writes the first figure: "in 14 s" with the lead of a
    sentence, "in a moment" once it is due."""
    if at is None:
        return ""
    text = lead + (words.span(at - now) if at > now else "a moment")
    return format_html(
        '<span data-until="{}" data-lead="{}">{}</span>', int(at.timestamp() * 1000), lead, text
    )


@register.simple_tag
def since(at: datetime | None, now: datetime) -> SafeString | str:
    """Counts up in the page."""
    if at is None:
        return ""
    return format_html(
        '<span data-since="{}">{}</span>', int(at.timestamp() * 1000), words.span(now - at)
    )


@register.simple_tag
def clock(at: datetime) -> str:
    return words.clock(at)


@register.simple_tag
def zone(at: datetime) -> str:
    """CET, UTC."""
    return words.zone(at)


@register.simple_tag
def zone_name() -> str:
    """Europe/Berlin, UTC: as the browser knows it too."""
    return timezone.get_current_timezone_name()


@register.filter
def is_map(value: Any) -> bool:
    return isinstance(value, dict)


@register.filter
def is_list(value: Any) -> bool:
    return isinstance(value, list)


@register.filter
def is_text(value: Any) -> bool:
    return isinstance(value, str)


@register.filter
def scalar(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    return str(value)


@register.filter
def attribute(value: Any) -> str:
    """A search attribute as one reads it; a list without its brackets, 392.0 as 392."""
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return scalar(int(value) if isinstance(value, float) and value.is_integer() else value)


@register.filter
def is_time(value: Any) -> bool:
    return isinstance(value, datetime)


@register.filter
def initials(name: str) -> str:
    return "".join(part[0] for part in name.replace(".", " ").split()[:2]).upper()


@register.filter
def milliseconds(seconds: float) -> str:
    return f"{seconds * 1000:.1f} ms"


@register.filter
def percent(value: float) -> str:
    """For the attributes of an SVG, which know no thousands and no locale."""
    return f"{value:.2f}%"


@register.filter
def plain(value: float) -> str:
    """For the attributes of an SVG."""
    return f"{value:g}"


@register.filter
def axis_time(at: datetime) -> str:
    return words.local(at).strftime("%d %b %H:%M:%S")


#: how a step of a history is told in one word
STEP_WORDS = {
    "opened": "opened",
    "point": "recorded",
    "start-failed": "not started",
    "left": "left when the run ended",
}


@register.filter
def outcome_word(step: str) -> str:
    return STEP_WORDS.get(step, step.replace("-", " "))


OUTCOME_SHAPES = {
    "cancel-requested": "canceled",
    "opened": "running",
    "point": "completed",
    "left": "skipped",
}


@register.simple_tag
def outcome(name: str, word: str = "") -> SafeString:
    """The shape of a step's outcome; its word is there for those who do not see the shape."""
    shape = OUTCOME_SHAPES.get(name, name)
    return status(shape, outcome_word(word or name).capitalize(), not word)


@register.simple_tag(takes_context=True)
def poll_url(context: template.Context, version: str) -> str:
    """This page's own address with the version that it shows: what a polling part asks for."""
    request: HttpRequest = context["request"]
    address = request.GET.copy()
    address.pop("version", None)
    if version:
        address["version"] = version
    return f"{request.path}?{address.urlencode()}"


@register.simple_tag
def alone_url(view: str, alone: Any, place: Any) -> str:
    """A page of a payload of what has no workflow; `place` is its place in that."""
    attempt = int(place.name.partition(" ")[0]) if place.part == "attempts" else 0
    return paths.of_payload(view, alone, place.number, attempt)
