"""Alerts end with the rights of who made them: what is here is not told on to who left."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from console.access.models import Grant, Role
from console.alerts import delivering, watching
from console.alerts.models import Crossing, Delivery, Kind, Rule, State
from console.incidents.models import Incident
from tests.console.conftest import NAMESPACE

RECEIVER = "team@example.com"


@pytest.fixture
def rule(bob: User) -> Rule:
    return Rule.objects.create(
        namespace=NAMESPACE, name="news", kind=Kind.NEW, mail_to=RECEIVER, maker=bob,
        made_at=timezone.now(),
    )  # fmt: skip


@pytest.fixture
def incident(db: None) -> Incident:
    now = timezone.now()
    return Incident.objects.create(
        namespace=NAMESPACE, fingerprint="new", failure_type="CardRefused", looked_at=now,
        first_seen_at=now, last_seen_at=now,
    )  # fmt: skip


def loses_the_role(bob: User) -> None:
    Grant.objects.filter(person=bob).delete()


def becomes_a_viewer(bob: User) -> None:
    Grant.objects.filter(person=bob).update(role=Role.VIEWER)


def leaves(bob: User) -> None:
    User.objects.filter(pk=bob.pk).update(is_active=False)


@pytest.mark.parametrize("happens", [loses_the_role, becomes_a_viewer, leaves])
def test_a_rule_is_not_looked_at_for_who_may_have_none_here_any_more(
    happens: Any, rule: Rule, incident: Incident, bob: User
) -> None:
    happens(bob)
    watching.watch_all(timezone.now())

    rule.refresh_from_db()
    assert not Crossing.objects.exists()
    assert rule.stopped_at is not None
    assert rule.stopped_for.startswith(
        f"bob, who made this rule, may no longer have rules in {NAMESPACE}"
    )


def test_it_tells_of_what_it_missed_once_they_may_again(
    rule: Rule, incident: Incident, bob: User, mailoutbox: list[Any]
) -> None:
    becomes_a_viewer(bob)
    watching.watch_all(timezone.now())
    Grant.objects.filter(person=bob).update(role=Role.OPERATOR)
    later = timezone.now() + timedelta(hours=1)
    watching.watch_all(later)
    delivering.deliver_due(later)

    rule.refresh_from_db()
    assert (rule.stopped_at, rule.stopped_for, rule.says) == (None, "", "")
    assert [mail.to for mail in mailoutbox] == [[RECEIVER]]


def test_what_waits_to_be_sent_is_given_up(
    rule: Rule, incident: Incident, bob: User, mailoutbox: list[Any]
) -> None:
    now = timezone.now()
    watching.watch_all(now)
    assert Delivery.objects.get().state == State.WAITING
    leaves(bob)
    delivering.deliver_due(now)

    delivery = Delivery.objects.get()
    assert mailoutbox == []
    assert delivery.state == State.GIVEN_UP
    assert "bob, who made this rule" in delivery.says
