"""Which addresses of the console the sights open, and where their links lead: none is left out."""

from typing import Any
from urllib.parse import urlsplit

from django.urls import Resolver404, resolve
from playwright.sync_api import Page

from tests.browser.calls import Counted
from tests.console.test_access import VIEWS, address, verb_of

LINKS = """() => [...document.querySelectorAll("[href], [hx-get]")]
    .map((one) => one.getAttribute("hx-get") || one.getAttribute("href"))
    .filter((to) => to.startsWith("/"))"""
POSTED = 405
#: What a link leads to in some states alone, which the sights need not have.
SOMETIMES: dict[str, str] = {
    "actions:signal": "a run that takes signals",
    "activities:fail": "an attempt that runs",
    "activities:resume": "an activity that is paused",
    "batches:stop": "a batch that is under way",
    "deployments:delete": "a version that nobody polls",
    "histories:event": "a part of a page, by its buttons",
    "people:drop_group": "a group",
    "schedules:resume": "a schedule that is paused",
    "standalone:attempt_download": "a failure with details",
    "standalone:attempt_payload": "a failure with details",
    "standalone:attempt_reveal": "a failure with details that are masked",
    "standalone:fail": "an attempt that runs",
    "standalone:resume": "an activity that is paused",
    "standalone:reveal": "a payload that is masked",
    "workflows:kin": "a family of several levels",
}


def name_of(path: str) -> str:
    """Of the view; "" of what is none, as a file of the sheet."""
    try:
        return resolve(urlsplit(path).path).view_name
    except Resolver404:
        return ""


def opened(visitor: Counted) -> set[str]:
    """By the newest page: itself, and its parts."""
    return {name_of(path) for path in visitor.told}


def leads(page: Page) -> dict[str, str]:
    """Name -> the first address of it."""
    found: dict[str, str] = {}
    for to in page.evaluate(LINKS):
        found.setdefault(name_of(to), to)
    return found


def beside(visitor: Counted, seen: set[str], found: dict[str, str]) -> dict[str, tuple[int, int]]:
    """Each that no sight has opened, asked for once: its status and its calls."""
    rest = {name: to for name, to in found.items() if name in VIEWS and name not in seen}
    return {name: visitor.asks(to) for name, to in rest.items() if verb_of(name) is not None}


def left_out(visitor: Counted, known: set[str]) -> set[str]:
    """Those that answer a GET, of which neither sights nor links know."""
    rest = [name for name in VIEWS if name not in known and verb_of(name) is not None]
    return {name for name in rest if visitor.asks(address(name, **OTHERS))[0] != POSTED}


#: An id that the console's own numbers never have.
OTHERS: dict[str, Any] = {"number": 999_999}
