"""Alert rules of saved views, and the watch as if a minute later."""

from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.core.cache import cache
from django.utils import timezone

from console.alerts import watching
from console.alerts.models import Crossing, Delivery, Kind, Rule
from console.saved_views.models import SavedView

NAMESPACE = "default"
URL = f"/namespaces/{NAMESPACE}/alerts/"
RECEIVER = "oncall@example.com"
NONE = "WorkflowId = 'nobody-has-this-one'"


def view_of(owner: User, name: str, team: Group | None = None, **given: Any) -> SavedView:
    usual = {"query": NONE, "audience": "team" if team else "person"}
    return SavedView.objects.create(
        namespace=NAMESPACE, name=name, owner=owner, team=team, **(usual | given)
    )


def rule_of(view: SavedView, maker: User, **given: Any) -> Rule:
    usual = {"name": "too many", "kind": Kind.COUNT, "mail_to": RECEIVER}
    return Rule.objects.create(
        namespace=NAMESPACE, view=view, view_name=view.name, maker=maker,
        made_at=timezone.now(), **(usual | given),
    )  # fmt: skip


def form_of(view: SavedView | None = None, **given: Any) -> dict[str, Any]:
    usual = {"name": "too many", "kind": "count", "threshold": 1, "reason": "nights are long"}
    return usual | {"mail_to": RECEIVER, "view": view.pk if view else ""} | given


def looked() -> None:
    """The watch, as if a minute later."""
    cache.clear()
    Rule.objects.update(looked_at=None)
    watching.watch_all(timezone.now())


def waiting(rule: Rule, query: str = "") -> Delivery:
    """A mail that is due."""
    now = timezone.now()
    crossing = Crossing.objects.create(rule=rule, at=now, what=f"{rule.view_name}: 3, over 1")
    return Delivery.objects.create(
        crossing=crossing, mail_to=RECEIVER, body={"event": "fired", "query": query}, due_at=now
    )


@pytest.fixture
def payments(bob: User, carol: User) -> Group:
    """A team of an operator and a viewer."""
    team = Group.objects.create(name="payments")
    for one in (bob, carol):
        one.groups.add(team)
    return team
