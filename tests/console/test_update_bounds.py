"""No form of the console goes around billing's limits, and none lets its ledger be forged."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest
from django.contrib.auth.models import User
from django.http import QueryDict
from django.test import Client
from django.urls import reverse

from console.access.updates import UPDATES, Forged, signed
from console.audit.models import AuditEntry
from console.billing.models import Limit
from console.bulk.looking import Asking
from console.bulk.models import BulkOperation
from console.gateway.runs import RunKey
from tests.console.test_bulk_deeds import BOB, act
from tests.support import bulk
from tests.support.billing import limit
from tests.support.names import Names
from tests.support.pages import htmx, words_in
from tests.support.programs import Program
from tests.support.subscriptions import Subscriptions, providers_url, subscriptions

__all__ = ["providers_url", "subscriptions"]

pytestmark = [pytest.mark.slow, pytest.mark.one_server]

Browser = Callable[..., Client]
#: as the memo of a subscription draws it: period, amount, version, not only a dry run
REFUND = {
    "a0.0": "1", "a0.1.0": "12.50", "a0.1.1": '"EUR"', "a0.2": "0", "a0.3": "false",
    "reason": "outage",
}  # fmt: skip
FREE = {"perdure.actions": {"updates": {"refund": {}, "book": {}}}}


def at(key: RunKey, kind: str = "actions", *name: str) -> str:
    return reverse(f"actions:{kind}", args=[key.namespace, key.workflow_id, key.run_id, *name])


def test_where_a_role_has_a_limit_the_general_form_sends_none_of_billing_s_updates(
    alice: User, bob: User, browser_of: Browser, program: Program, names: Names
) -> None:
    key = program.start("Waiting", names.workflow(), names.queue(), memo=FREE)
    limit("refund", "500.00")
    operator = browser_of(bob)
    billing = reverse("billing:subscription", args=[key.namespace, key.workflow_id, key.run_id])

    answers = [
        method(at(key, "update", name), given)
        for name in UPDATES
        for method, given in ((operator.get, None), (operator.post, {"argument": "{}"}))
    ]
    offered, of_admin = operator.get(at(key)), browser_of(alice).get(at(key))

    assert {one.status_code for one in answers} == {403}
    assert all(f'<a class="link" href="{billing}">' in one.text for one in answers)
    assert "Operators have limits here on what they move alone." in words_in(answers[0])
    assert not AuditEntry.objects.exists()
    assert at(key, "update", "refund") not in offered.text
    assert at(key, "update", "book") in offered.text
    assert f'href="{billing}">its billing page' in offered.text
    assert at(key, "update", "refund") in of_admin.text
    assert "its billing page" not in of_admin.text


def test_nor_does_a_bulk_update(
    alice: User, bob: User, browser_of: Browser, program: Program, names: Names
) -> None:
    key = program.start("Waiting", names.workflow(), names.queue(), memo=FREE)
    operator = browser_of(bob)
    operation = bulk.choose(operator, "update", [key])
    page = f"{bulk.URL}{operation.pk}/"
    before = operator.get(page)
    limit("refund", "500.00")

    launched = bulk.launch(operator, operation, name="refund", argument="{}")
    part = operator.post(
        f"{page}launch/", bulk.HOW | {"name": " refund ", "argument": "{}"}, headers=htmx("launch")
    )

    assert (launched.status_code, part.status_code) == (403, 403)
    assert "To billing" in words_in(launched)
    assert reverse("billing:subscriptions", args=["default"]) in part.text
    assert BulkOperation.objects.get(pk=operation.pk).stage == "draft"
    assert not AuditEntry.objects.filter(verb="bulk.run").exists()
    offer = '<option value="refund">'
    assert offer in before.text
    assert offer not in operator.get(page).text
    assert offer in browser_of(alice).get(page).text
    launched = BulkOperation.objects.filter(pk=operation.pk)
    launched.update(stage="paused", told={"name": "refund", "arguments": [{}]})
    assert operator.post(f"{page}resume/").status_code == 403
    launched.update(stage="finished")
    assert operator.post(f"{page}retry/").status_code == 403


def test_without_a_limit_of_their_role_here_both_send_it_and_the_ledger_says_who(
    bob: User, browser_of: Browser, subscriptions: Subscriptions
) -> None:
    key = subscriptions.active()
    limit("refund", "1.00", role="admin")
    Limit.objects.create(
        namespace="other", role="operator", about="refund", currency="EUR", amount="1.00"
    )
    browser = browser_of(bob)
    given = REFUND | {"a0.2": str(subscriptions.ledger(key).version)}
    operation = bulk.choose(browser, "update", [key])

    sent = browser.post(at(key, "update", "refund"), given, headers=htmx("act"))
    version = str(subscriptions.ledger(key).version)
    many = bulk.HOW | given | {"name": "refund", "drawn": "refund", "a0.2": version}
    asking = Asking(operation, QueryDict(urlencode(many)), bob)
    assert asking.is_complete(), asking.own.errors
    act("update", key, asking.own.told())

    assert sent.status_code == 200, words_in(sent)
    assert "refund" in asking.own.offered
    booked = [one for one in subscriptions.ledger(key).entries if one.kind == "refund"]
    entry = AuditEntry.objects.get(verb="run.update")
    assert [(one.actor, one.audit_reference) for one in booked] == [
        (BOB, str(entry.id)), (BOB, "request of update"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "typed", ['{"actor": "Alice"}', '{"audit_reference": "approved by Alice"}']
)
def test_nobody_types_another_s_name_or_entry_into_the_ledger(
    typed: str, bob: User, browser_of: Browser, program: Program, names: Names
) -> None:
    key = program.start("Waiting", names.workflow(), names.queue(), memo=FREE)
    browser = browser_of(bob)
    operation = bulk.choose(browser, "update", [key])

    one = browser.post(
        at(key, "update", "refund"), {"argument": typed, "reason": "x"}, headers=htmx("act")
    )
    many = bulk.launch(browser, operation, name="refund", argument=typed)

    assert (one.status_code, many.status_code) == (422, 422)
    for answer in (one, many):
        assert "The console itself says the a" in words_in(answer)
    assert not AuditEntry.objects.filter(verb="run.update").exists()
    assert BulkOperation.objects.get(pk=operation.pk).stage == "draft"


def test_what_the_console_says_itself_is_added_to_such_an_update_alone() -> None:
    fills: dict[str, Any] = {"person": BOB, "audit": "17", "reason": "x"}
    own = {"actor": BOB, "audit_reference": "17"}

    assert signed("refund", [{"amount": "1"}, 7], fills) == [{"amount": "1"} | own, 7]
    assert signed("refund", [own], fills) == [own]
    assert signed("book", [{"actor": "Alice"}], fills) == [{"actor": "Alice"}]
    with pytest.raises(Forged):
        signed("skip_period", [{"actor": None}], fills)
