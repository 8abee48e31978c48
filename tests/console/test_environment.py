"""The banner that says which environment this is: on every page, legible, out of a fixed set."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import ImproperlyConfigured
from django.test import Client

from console import settings as console_settings
from console.settings import one_of, seconds
from tests.support.pages import words_in
from tests.support.postgres import REPOSITORY

pytestmark = pytest.mark.one_server

Browser = Callable[..., Client]
SHEET = (REPOSITORY / "static/css/console.css").read_text()
COLOURS = {"neutral": "ink-soft", "accent": "accent", "good": "good", "warn": "warn", "bad": "bad"}
LEGIBLE = 4.5


def test_it_stands_on_every_page_of_whoever_looks(
    carol: User, browser_of: Browser, settings: Any
) -> None:
    settings.ENVIRONMENT_NAME, settings.ENVIRONMENT_COLOUR = "Production <EU>", "bad"

    for browser, path in (
        (browser_of(None), "/sign-in/"),
        (browser_of(carol), "/cluster/"),
        (browser_of(carol), "/nowhere/"),
        (browser_of(carol), "/people/"),
    ):
        page = browser.get(path)
        assert "Production <EU>" in words_in(page)
        assert 'data-colour="bad"' in page.text


def test_without_a_name_there_is_none(browser_of: Browser) -> None:
    assert "data-colour" not in browser_of(None).get("/sign-in/").text


def test_a_colour_that_the_sheet_has_not_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENVIRONMENT_COLOUR", "red; background: url(x)")
    with pytest.raises(ImproperlyConfigured, match="one of neutral, accent"):
        one_of("ENVIRONMENT_COLOUR", tuple(COLOURS))


@pytest.mark.parametrize("said", ["0", "-1", "an hour", "1.5"])
def test_a_length_of_time_that_is_none_is_refused(
    said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SESSION_AGE_SECONDS", said)
    with pytest.raises(ImproperlyConfigured, match="a number of seconds"):
        seconds("SESSION_AGE_SECONDS", 60)


def test_the_default_is_the_quiet_one() -> None:
    assert console_settings.ENVIRONMENT_COLOUR == "neutral"


@pytest.mark.parametrize("theme", [0, 1])
@pytest.mark.parametrize("colour", sorted(COLOURS))
def test_each_colour_is_legible_in_both_themes(colour: str, theme: int) -> None:
    ground, ink = token("surface")[theme], token(COLOURS[colour])[theme]

    assert colour == "neutral" or f'[data-colour="{colour}"]' in SHEET
    assert contrast(ground, ink) >= LEGIBLE


def token(name: str) -> tuple[str, str]:
    found = re.search(rf"--{name}: light-dark\((#\w{{6}}), (#\w{{6}})\)", SHEET)
    assert found, name
    return found[1], found[2]


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def luminance(colour: str) -> float:
    parts = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
