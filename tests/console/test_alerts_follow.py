"""A rule follows its view, looks as its maker does, and stops when there is nothing to see."""

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.db import connection, transaction
from django.test import Client
from django.utils import timezone

from console.access.models import Grant, Role
from console.access.models import Rule as ExceptionRule
from console.alerts import actions, delivering
from console.alerts.models import Delivery, Rule, State
from console.saved_views.models import SavedView
from console.ui.refusals import Refusal
from tests.console.conftest import NAMESPACE, indexed
from tests.console.test_payloads import allow
from tests.support.alert_rules import URL, form_of, looked, payments, rule_of, view_of, waiting
from tests.support.eventually import eventually
from tests.support.migrated import migrated
from tests.support.names import Names
from tests.support.pages import words_in
from tests.support.programs import Program

__all__ = ["payments"]

Browser = Callable[..., Client]


def test_a_rule_counts_what_its_view_asks_now(
    bob: User, browser_of: Browser, program: Program, names: Names, mailoutbox: list[Any]
) -> None:
    queue = names.queue()
    program.start("Waiting", names.workflow(), queue)
    indexed(f"TaskQueue = '{queue}'", 1)
    view = view_of(bob, "Mine")
    rule = rule_of(view, bob, threshold=0)
    looked()
    rule.refresh_from_db()
    assert (rule.counted, rule.is_firing) == (0, False)

    change = {"name": "Mine now", "query": f"TaskQueue = '{queue}'", "belongs": "person"}
    browser_of(bob).post(f"/namespaces/{NAMESPACE}/views/{view.pk}/edit/", change)
    looked()
    delivering.deliver_due(timezone.now())

    rule.refresh_from_db()
    assert (rule.counted, rule.is_firing) == (1, True)
    (mail,) = mailoutbox
    assert "Mine now: 1, over 0" in mail.body
    page = words_in(browser_of(bob).get(f"{URL}{rule.pk}/"))
    assert "Mine now over 0" in page
    assert "It follows the view" in page


@pytest.mark.one_server
def test_a_rule_whose_view_is_deleted_stops_and_says_so(
    bob: User, dora: User, browser_of: Browser, mailoutbox: list[Any]
) -> None:
    view = view_of(bob, "Cards", audience="namespace", query="")
    rule = rule_of(view, bob, is_firing=True)
    waiting(rule)
    browser_of(bob).post(f"/namespaces/{NAMESPACE}/views/{view.pk}/delete/")
    looked()
    delivering.deliver_due(timezone.now())

    rule.refresh_from_db()
    assert (rule.view, rule.is_firing, rule.counted) == (None, False, None)
    assert rule.stopped_at is not None
    assert timezone.now() - rule.stopped_at < timedelta(minutes=1)
    for reader in (bob, dora):
        page = words_in(browser_of(reader).get(f"{URL}{rule.pk}/"))
        assert "Stopped" in page
        assert "Its view, “Cards”, was deleted." in page
        assert "Cards over 0" in page
    assert "Stopped" in words_in(browser_of(dora).get(URL))
    assert mailoutbox == []
    assert Delivery.objects.get().state == State.GIVEN_UP


@pytest.mark.one_server
def test_a_stopped_rule_of_a_view_that_not_everyone_had_is_its_makers(
    bob: User, carol: User, payments: Group, browser_of: Browser
) -> None:
    view = view_of(bob, "Cards", payments)
    rule = rule_of(view, bob)
    view.delete()

    assert browser_of(carol).get(f"{URL}{rule.pk}/").status_code == 404
    browser_of(bob).post(f"{URL}{rule.pk}/delete/", {"reason": "its view is gone"})
    assert not Rule.objects.exists()


@pytest.mark.one_server
def test_a_rule_whose_view_went_while_its_form_was_filled_is_not_made(bob: User) -> None:
    view = view_of(bob, "Mine", query="")
    wanted = form_of(view, webhook="") | {"view": view}
    SavedView.objects.filter(pk=view.pk).delete()

    with pytest.raises(Refusal, match="You see this view no longer"):
        actions.make(bob, NAMESPACE, wanted)
    assert not Rule.objects.exists()


@pytest.mark.one_server
@pytest.mark.django_db(transaction=True)
def test_who_deletes_a_view_waits_for_who_makes_a_rule_of_it_and_that_rule_stops(bob: User) -> None:
    view = view_of(bob, "Mine", query="")
    deleting = threading.Thread(target=deleted, args=[view])
    with transaction.atomic():
        made = actions.make(bob, NAMESPACE, form_of(view, webhook="") | {"view": view})
        deleting.start()
        eventually(waiting_for_a_lock)
    deleting.join()

    made.refresh_from_db()
    assert made.view is None
    assert "Its view, “Mine”, was deleted." in made.stopped_for


def deleted(view: SavedView) -> None:
    SavedView.objects.get(pk=view.pk).delete()
    connection.close()


def waiting_for_a_lock() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("select 1 from pg_locks where not granted and pid <> pg_backend_pid()")
        return cursor.fetchone() is not None


def leaves_the_team(bob: User) -> None:
    bob.groups.clear()


def may_have_none_of_a_team(bob: User) -> None:
    ExceptionRule.objects.create(
        person=bob, may=False, verb="alert.keep", namespace=NAMESPACE, reason="a", given_by="b"
    )


def may_not_look_at_runs(bob: User) -> None:
    ExceptionRule.objects.create(
        person=bob, may=False, verb="run.view", namespace=NAMESPACE, reason="a", given_by="b"
    )


def sees_no_views(bob: User) -> None:
    ExceptionRule.objects.create(
        person=bob, may=False, verb="saved_view.view", namespace=NAMESPACE, reason="a", given_by="b"
    )


@pytest.mark.one_server
@pytest.mark.parametrize(
    ("happens", "says"),
    [
        (leaves_the_team, "no longer sees its view"),
        (sees_no_views, "no longer sees its view"),
        (may_have_none_of_a_team, "may no longer have rules in default"),
        (may_not_look_at_runs, "may no longer look at what it watches"),
    ],
)
def test_a_rule_ends_with_its_makers_sight_of_the_view(
    happens: Any, says: str, bob: User, dora: User, payments: Group, mailoutbox: list[Any]
) -> None:
    rule = rule_of(view_of(dora, "Cards", payments, query=""), bob)
    waiting(rule)
    happens(bob)
    looked()
    delivering.deliver_due(timezone.now())

    rule.refresh_from_db()
    assert rule.stopped_at is not None
    assert says in rule.stopped_for
    assert rule.counted is None
    assert mailoutbox == []
    assert says in Delivery.objects.get().says


@pytest.mark.one_server
def test_who_left_the_team_reads_that_it_stopped_and_nothing_new_of_the_view(
    bob: User, dora: User, payments: Group, browser_of: Browser
) -> None:
    view = view_of(dora, "Cards", payments)
    rule = rule_of(view, bob)
    bob.groups.clear()
    SavedView.objects.filter(pk=view.pk).update(name="Fraud", query="WorkflowType = 'Fraud'")
    looked()

    for at in (URL, f"{URL}{rule.pk}/"):
        page = browser_of(bob).get(at)
        assert "Stopped" in words_in(page)
        assert "Cards over 0" in words_in(page)
        assert "Fraud" not in page.text

    bob.groups.add(payments)
    looked()
    rule.refresh_from_db()
    assert (rule.stopped_at, rule.stopped_for, rule.counted) == (None, "", 0)
    assert "Fraud over 0" in words_in(browser_of(bob).get(URL))


@pytest.mark.one_server
def test_a_rule_looks_with_its_makers_masks(
    alice: User, bob: User, settings: Any, mailoutbox: list[Any]
) -> None:
    allow(settings, masked={"ExecutionNote": "admin"})
    view = view_of(alice, "Notes", audience="namespace", query="ExecutionNote = 'x'")
    rule = rule_of(view, bob)
    waiting(rule, view.query)
    looked()
    delivering.deliver_due(timezone.now())

    rule.refresh_from_db()
    assert "ExecutionNote is masked for you" in rule.says
    assert rule.counted is None
    assert mailoutbox == []
    assert "ExecutionNote is masked for you" in Delivery.objects.get().says

    Grant.objects.filter(person=bob).update(role=Role.ADMIN)
    looked()
    rule.refresh_from_db()
    assert "masked" not in rule.says


def test_a_rule_whose_count_is_refused_says_so(bob: User, browser_of: Browser) -> None:
    rule = rule_of(view_of(bob, "Stuck", query="NoSuchThing = 'x'"), bob)
    looked()

    page = words_in(browser_of(bob).get(f"{URL}{rule.pk}/"))
    assert "The newest look, as Bob, did not come through: The engine refused it" in page


# ---- rules of before


@pytest.fixture
def before(db: None) -> Any:
    """The tables as they were when a rule had a copy of its view's words."""
    return migrated("alerts", "0003_lists").get_model("alerts", "Rule").objects


@pytest.mark.one_server
def test_rules_of_before_find_their_view_or_stop(bob: User, before: Any) -> None:
    kept, renamed, changed = (
        view_of(bob, name, audience="namespace", query=query)
        for name, query in (("Kept", "A = 1"), ("New name", "B = 1"), ("Changed", "C = 2"))
    )
    view_of(bob, "Gone", query="D = 1")
    usual = {"namespace": NAMESPACE, "maker_id": bob.pk, "made_at": timezone.now()}
    words = (("Kept", "A = 1"), ("Old name", "B = 1"), ("Changed", "C = 1"), ("Gone", "D = 1"))
    for name, query in words:
        before.create(name=name, kind="count", view_name=name, query=query, **usual)
    before.create(name="news", kind="new", **usual)

    migrated("alerts", "0005_views_found")
    migrated("alerts", "0006_by_view")

    rules = {rule.name: rule for rule in Rule.objects.all()}
    assert [rules[name].view for name, _ in words] == [kept, renamed, changed, None]
    assert rules["Old name"].view_name == "New name"
    assert "Its view, “Gone”, was deleted." in rules["Gone"].stopped_for
    assert rules["Gone"].was_shared
    assert [rule.name for rule in rules.values() if rule.stopped_at] == ["Gone"]

    migrated("alerts", "0005_views_found")
    back = migrated("alerts", "0004_view").get_model("alerts", "Rule").objects
    assert [back.get(name=name).query for name, _ in words] == ["A = 1", "B = 1", "C = 2", ""]
