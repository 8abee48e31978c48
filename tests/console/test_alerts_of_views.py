"""Whose view a rule is of says who sees it, and who may have it."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client
from django.utils import timezone

from console.access import tokens
from console.alerts import actions
from console.alerts.models import Crossing, Rule
from console.audit.models import AuditEntry
from console.saved_views.models import SavedView
from tests.console.conftest import NAMESPACE
from tests.support.alert_rules import URL, form_of, payments, rule_of, view_of
from tests.support.pages import words_in

__all__ = ["payments"]

Browser = Callable[..., Client]
ACTS = "/activity/"


@pytest.fixture(autouse=True)
def mails(settings: Any) -> None:
    settings.EMAIL_HOST = "mail.example"


@pytest.mark.one_server
def test_the_views_that_its_maker_sees_are_offered_and_no_others(
    bob: User, dora: User, payments: Group, browser_of: Browser
) -> None:
    others = Group.objects.create(name="others")
    view_of(bob, "Bob's own")
    view_of(dora, "Everyone's", audience="namespace")
    view_of(bob, "The team's", payments)
    hidden = [view_of(dora, "Dora's own"), view_of(dora, "Of others", others)]
    browser = browser_of(bob)

    offered = words_in(browser.get(f"{URL}new/"))
    refused = [browser.post(f"{URL}new/", form_of(view)) for view in hidden]

    assert "Bob's own (yours alone)" in offered
    assert "The team's (team payments)" in offered
    assert "Everyone's" in offered
    assert not any(view.name in offered for view in hidden)
    assert [page.status_code for page in refused] == [422, 422]
    assert not Rule.objects.exists()


def test_a_viewer_has_rules_of_views_of_their_own_and_of_nothing_else(
    carol: User, bob: User, payments: Group, browser_of: Browser
) -> None:
    own, team = view_of(carol, "Mine"), view_of(bob, "The team's", payments)
    browser = browser_of(carol)

    made = browser.post(f"{URL}new/", form_of(own))
    refused = [
        browser.post(f"{URL}new/", form_of(team, name="theirs")),
        browser.post(f"{URL}new/", form_of(kind="new", name="incidents")),
    ]
    teams = rule_of(team, bob)
    denied = browser.post(f"{URL}{teams.pk}/mute/", {"reason": "too loud"})

    assert made.status_code == 303, words_in(made)
    assert [page.status_code for page in refused] == [422, 422]
    assert denied.status_code == 403
    page = browser.get(made["Location"])
    assert "seen by its maker alone, made by Carol" in words_in(page)
    browser.post(f"{made['Location']}mute/", {"reason": "holidays"})
    assert Rule.objects.get(maker=carol).is_muted
    browser.post(f"{made['Location']}delete/", {"reason": "holidays"})
    assert not Rule.objects.filter(maker=carol).exists()


@pytest.mark.one_server
def test_a_rule_of_ones_own_view_is_nobody_elses_to_see(
    alice: User, bob: User, dora: User, browser_of: Browser
) -> None:
    rule = rule_of(view_of(bob, "Secret plan"), bob, name="Plan grows")
    Crossing.objects.create(rule=rule, at=timezone.now(), what="Secret plan: 3, over 1")
    addresses = [f"{URL}{rule.pk}/", f"{URL}{rule.pk}/mute/", f"{URL}{rule.pk}/delete/"]

    for other in (alice, dora):
        browser = browser_of(other)
        assert "Plan grows" not in words_in(browser.get(URL))
        assert [browser.get(at).status_code for at in addresses] == [404] * 3
        assert browser.post(addresses[2], {"reason": "why not"}).status_code == 404

    assert "Plan grows" in words_in(browser_of(bob).get(URL))
    assert "Secret plan: 3, over 1" in words_in(browser_of(bob).get(addresses[0]))


@pytest.mark.one_server
def test_a_rule_of_a_teams_view_is_seen_by_the_team_and_by_admins(
    alice: User, bob: User, carol: User, dora: User, payments: Group, browser_of: Browser
) -> None:
    rule = rule_of(view_of(bob, "Cards", payments), bob, name="Cards pile up", webhook="https://x")
    at = f"{URL}{rule.pk}/"

    assert "Cards pile up" in words_in(browser_of(carol).get(URL))
    assert "seen by team payments, made by Bob" in words_in(browser_of(carol).get(at))
    assert "How a request is proved" not in browser_of(carol).get(at).text
    assert "Cards pile up" not in words_in(browser_of(dora).get(URL))
    assert browser_of(dora).get(at).status_code == 404
    assert browser_of(dora).post(f"{at}mute/", {"reason": "no"}).status_code == 404

    dora.groups.add(payments)
    browser_of(dora).post(f"{at}mute/", {"reason": "a colleague's"})
    rule.refresh_from_db()
    assert rule.is_muted
    browser_of(alice).post(f"{at}delete/", {"reason": "nobody reads it"})
    assert not Rule.objects.exists()


def test_what_is_done_to_a_rule_that_not_everyone_sees_is_read_by_admins_and_who_did_it(
    alice: User, bob: User, dora: User, payments: Group, browser_of: Browser
) -> None:
    views = [view_of(bob, "Own"), view_of(bob, "Of the team", payments)]
    views.append(view_of(bob, "Of all", audience="namespace"))
    for number, view in enumerate(views):
        browser_of(bob).post(f"{URL}new/", form_of(view, name=f"rule {number}"))

    entries = AuditEntry.objects.filter(verb__startswith="alert.").order_by("at")
    assert [one.verb for one in entries] == ["alert.keep", "alert.keep", "alert.change"]
    for reader, read in ((alice, 3), (bob, 3), (dora, 1)):
        log = words_in(browser_of(reader).get(ACTS))
        assert sum(f"rule {number}" in log for number in range(3)) == read


@pytest.mark.one_server
def test_a_name_is_ones_own(
    bob: User, dora: User, payments: Group, browser_of: Browser, engine: str
) -> None:
    view = view_of(bob, "Cards", audience="namespace")

    made = [browser_of(who).post(f"{URL}new/", form_of(view)) for who in (bob, dora)]
    again = browser_of(bob).post(f"{URL}new/", form_of(view, name="Too Many"))

    assert [page.status_code for page in made] == [303, 303]
    assert again.status_code == 422
    assert "You have a rule of this name already." in words_in(again)


@pytest.mark.one_server
def test_rules_of_views_of_ones_own_are_bounded(
    carol: User, browser_of: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(actions, "OWN_RULES_MAX", 1)
    view, browser = view_of(carol, "Mine"), browser_of(carol)
    browser.post(f"{URL}new/", form_of(view))

    second = browser.post(f"{URL}new/", form_of(view, name="another"))

    assert second.status_code == 422
    assert "rules of views of your own" in words_in(second)
    assert Rule.objects.count() == 1
    refused = AuditEntry.objects.get(verb="alert.keep", target="another")
    assert refused.outcome.result == "refused"


@pytest.mark.one_server
def test_a_token_reads_a_rule_of_its_persons_own_without_the_secret(
    carol: User, browser_of: Browser
) -> None:
    rule = rule_of(view_of(carol, "Mine"), carol, webhook="https://x", secret="only-for-hands")
    secret = tokens.make(carol, "a script", [NAMESPACE], timedelta(days=1))[1]
    script = Client(headers={"Authorization": f"Bearer {secret}"})

    read, own = script.get(f"{URL}{rule.pk}/"), browser_of(carol).get(f"{URL}{rule.pk}/")

    assert read.status_code == 200
    assert "only-for-hands" not in read.text
    assert "only-for-hands" in own.text


@pytest.mark.one_server
def test_who_changes_or_deletes_a_view_is_told_of_its_rules(
    alice: User, bob: User, browser_of: Browser
) -> None:
    view = view_of(bob, "Cards", audience="namespace")
    at = f"/namespaces/{NAMESPACE}/views/"
    for maker in (alice, bob):
        rule_of(view, maker)
    view_of(bob, "Other")
    browser = browser_of(bob)

    listed, form = browser.get(at).text, browser.get(f"{at}{view.pk}/edit/")

    assert listed.count("2 alert rules of it will stop.") == 1
    assert listed.count("will stop") == 1
    assert "2 alert rules count what it asks" in words_in(form)


@pytest.mark.one_server
def test_whose_view_it_became_sees_the_rule_of_who_had_it_too(
    bob: User, dora: User, browser_of: Browser
) -> None:
    view = view_of(dora, "Cards", audience="namespace")
    rule = rule_of(view, bob)
    SavedView.objects.filter(pk=view.pk).update(audience="person")
    at = f"{URL}{rule.pk}/"

    pages = [words_in(browser_of(who).get(at)) for who in (bob, dora)]

    assert all("seen by its maker, and who sees the view" in page for page in pages)
    browser_of(dora).post(f"{at}delete/", {"reason": "it is mine alone now"})
    assert not Rule.objects.exists()


@pytest.mark.one_server
def test_the_address_of_a_webhook_is_for_who_may_change_the_rule(
    bob: User, carol: User, browser_of: Browser
) -> None:
    view, hook = (
        view_of(bob, "Cards", audience="namespace"),
        "https://8.8.8.8:444/T0/only-for-hands",
    )
    browser_of(bob).post(f"{URL}new/", form_of(view, webhook=hook))
    at = f"{URL}{Rule.objects.get().pk}/"
    places = [at, URL, "/activity/", f"/activity/{AuditEntry.objects.get().pk}/"]

    read = [browser_of(carol).get(place).text for place in places]

    assert not any("only-for-hands" in text for text in read)
    assert "https://8.8.8.8:444/…" in read[0]
    assert "https://8.8.8.8:444/…" in read[3]
    assert hook in browser_of(bob).get(at).text
