"""How one person wants pages: their time zone, and whether single letters are keys."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from django.contrib.auth.models import User
from django.test import Client

from console.access.models import Role
from console.audit.models import AuditEntry
from tests.support.pages import words_in
from tests.support.people import person

pytestmark = pytest.mark.one_server

Browser = Callable[..., Client]
#: Summer: Berlin is two hours ahead, Kolkata five and a half, São Paulo three behind, nameless.
NOON = datetime(2026, 7, 1, 12, 0, 0, 123456, tzinfo=UTC)


@pytest.fixture
def act(bob: User) -> AuditEntry:
    return AuditEntry.objects.create(
        at=NOON, person=bob, who="Bob", verb="run.cancel", target="order/7", reason="at noon"
    )


def chooses(browser: Client, **asked: str) -> str:
    answer = browser.post("/account/shown/", asked)
    assert answer.status_code == 303
    return words_in(browser.get("/account/"))


@pytest.mark.parametrize(
    ("zone", "shown", "tip"),
    [
        ("UTC", "12:00:00", "12:00:00.123456 UTC"),
        ("Europe/Berlin", "14:00:00", "14:00:00.123456 CEST, 2026-07-01 12:00:00 UTC"),
        ("Asia/Kolkata", "17:30:00", "17:30:00.123456 IST, 2026-07-01 12:00:00 UTC"),
        ("America/Sao_Paulo", "09:00:00", "09:00:00.123456 UTC-03, 2026-07-01 12:00:00 UTC"),
    ],
)
def test_times_are_shown_in_the_chosen_zone_which_the_tooltip_names(
    zone: str, shown: str, tip: str, act: AuditEntry, carol: User, browser_of: Browser
) -> None:
    browser = browser_of(carol)
    chooses(browser, zone=zone, letter_keys="on")

    page = browser.get("/activity/")

    assert f'datetime="2026-07-01T12:00:00Z" title="2026-07-01 {tip}"' in page.text
    assert f"2026-07-01 {shown}" in words_in(page)
    assert f'data-clock="{zone}"' in page.text


def test_who_chose_none_sees_the_browser_s_zone_and_utc_where_it_names_none(
    act: AuditEntry, carol: User, browser_of: Browser
) -> None:
    browser = browser_of(carol)
    assert "2026-07-01 12:00:00" in words_in(browser.get("/activity/"))

    browser.cookies["zone"] = "Europe/Berlin"
    assert "2026-07-01 14:00:00" in words_in(browser.get("/activity/"))
    assert "The browser's own: Europe/Berlin" in words_in(browser.get("/account/"))

    chooses(browser, zone="UTC", letter_keys="on")
    assert "2026-07-01 12:00:00" in words_in(browser.get("/activity/"))


@pytest.mark.parametrize("said", ["Mars/Olympus", "../../etc/passwd", "Europe", "x" * 9_000])
def test_a_zone_that_is_none_is_utc_and_none_is_kept(
    said: str, act: AuditEntry, carol: User, browser_of: Browser
) -> None:
    browser = browser_of(carol)
    browser.cookies["zone"] = said

    assert "2026-07-01 12:00:00" in words_in(browser.get("/activity/"))
    assert "There is no such time zone" in chooses(browser, zone=said)
    assert 'data-clock="UTC"' in browser.get("/account/").text


def test_a_filter_by_time_means_the_zone_that_is_shown(
    act: AuditEntry, carol: User, browser_of: Browser
) -> None:
    browser = browser_of(carol)
    chooses(browser, zone="Europe/Berlin", letter_keys="on")

    before = browser.get("/activity/", {"until": "2026-07-01T13:59"})
    after = browser.get("/activity/", {"until": "2026-07-01T14:01"})

    assert "at noon" not in words_in(before)
    assert "at noon" in words_in(after)


def test_what_leaves_the_console_stays_in_utc(
    act: AuditEntry, carol: User, browser_of: Browser
) -> None:
    browser = browser_of(carol)
    chooses(browser, zone="Europe/Berlin", letter_keys="on")

    lines = b"".join(browser.get("/activity/acts.csv").streaming_content).decode()  # type: ignore[attr-defined]

    assert "2026-07-01T12:00:00.123+00:00" in lines


def test_a_preference_is_one_person_s_alone_and_audited(
    carol: User, bob: User, browser_of: Browser
) -> None:
    page = chooses(browser_of(carol), zone="Asia/Kolkata")

    assert "From now on pages are shown so." in page
    assert 'data-letters="on"' not in browser_of(carol).get("/account/").text
    assert 'data-letters="on"' in browser_of(bob).get("/account/").text
    entry = AuditEntry.objects.get(verb="account.own")
    assert entry.asked == {"zone": "Asia/Kolkata", "letter_keys": False, "renews": False}
    assert entry.before == {"zone": "browser", "letter_keys": True, "renews": True}


def test_the_box_offers_the_views_that_one_sees(browser_of: Browser) -> None:
    bob, eve = person("Bob", Role.OPERATOR), person("Eve", Role.VIEWER)
    for name, audience in (("Of Bob alone", "person"), ("Of all", "namespace")):
        asked = {"name": name, "query": "", "belongs": audience}
        assert browser_of(bob).post("/namespaces/default/views/new/", asked).status_code == 303

    offered = words_in(browser_of(eve).get("/namespaces/default/views/named/"))

    assert "Of all" in offered
    assert "Of Bob alone" not in offered
