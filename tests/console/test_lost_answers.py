"""What was done stays done, whatever is not heard of it: an act's own answer, or its event."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from console.audit.models import AuditEntry
from console.billing.models import Proposal, Spending
from console.gateway import steering
from tests.console.test_billing_approvals import decide, propose
from tests.support.billing import (
    CHARGE,
    BillingWorker,
    billing_process,
    billing_worker,
    check,
    limit,
    place,
    seal_of,
)
from tests.support.late import late, through
from tests.support.pages import htmx, words_in
from tests.support.subscriptions import Subscriptions, providers_url, subscriptions

__all__ = [
    "billing_process", "billing_worker", "late", "providers_url", "subscriptions", "through",
]  # fmt: skip

pytestmark = [
    pytest.mark.slow,
    pytest.mark.django_db(transaction=True),
    pytest.mark.xdist_group("examples"),
]

Browser = Callable[..., Client]
ADJUST = "adjust-charge/"
HISTORY = "GetWorkflowExecutionHistoryReverse"
UPDATE = "UpdateWorkflowExecution"


def test_what_was_booked_is_done_also_where_its_event_cannot_be_read(
    bob: User,
    browser_of: Browser,
    subscriptions: Subscriptions,
    through: Callable[..., None],
) -> None:
    limit("adjustment", "1000.00")
    key, browser = subscriptions.active(), browser_of(bob)
    sealed = seal_of(check(browser, key, ADJUST, CHARGE), CHARGE)

    through(broken={HISTORY})
    done = browser.post(place(key, ADJUST), sealed, headers=htmx("act"))
    through()

    entry = AuditEntry.objects.get(verb="billing.adjust")
    assert done["HX-Redirect"].endswith(place(key))
    assert (entry.outcome.result, entry.outcome.event_id) == ("done", None)
    assert entry.outcome.after == {"charge": "39.00 EUR"}
    assert Spending.objects.filter(act=str(entry.id)).exists(), "it counts against the day"
    page = words_in(browser.get(f"/activity/{entry.id}/"))
    assert "No event among the newest" not in page, "who looks later finds it"


def test_of_a_change_that_was_not_answered_it_is_not_known_what_came(
    bob: User,
    browser_of: Browser,
    subscriptions: Subscriptions,
    through: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(steering.update.__kwdefaults__, "deadline", 2.0)
    limit("adjustment", "1000.00")
    key, browser = subscriptions.active(), browser_of(bob)
    sealed = seal_of(check(browser, key, ADJUST, CHARGE), CHARGE)

    through(late_at={UPDATE}, broken={HISTORY})
    answer = browser.post(place(key, ADJUST), sealed, headers=htmx("act"))
    through()

    entry = AuditEntry.objects.get(verb="billing.adjust")
    assert answer.status_code == 504
    assert "look before you repeat it" in words_in(answer)
    assert entry.outcome.result == "unknown"
    assert Spending.objects.filter(act=str(entry.id)).exists(), "it may have been booked"
    assert subscriptions.ledger(key).terms.charge.amount == "39.00"


@pytest.mark.one_server
def test_a_decision_that_nobody_has_taken_yet_is_not_known_to_be_refused(
    alice: User,
    bob: User,
    browser_of: Browser,
    subscriptions: Subscriptions,
    billing_worker: BillingWorker,
    settings: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(steering.update.__kwdefaults__, "deadline", 1.0)
    limit("adjustment", "100.00")
    key, polled = subscriptions.active(), settings.BILLING_TASK_QUEUE
    settings.BILLING_TASK_QUEUE = "nobody-polls-this"
    proposal = propose(browser_of(bob), key, ADJUST, CHARGE)
    settings.BILLING_TASK_QUEUE = polled

    answer = decide(browser_of(alice), proposal)

    proposal.refresh_from_db()
    assert (answer.status_code, proposal.stage) == (504, Proposal.Stage.OPEN)
    assert "look before you repeat it" in words_in(answer)
    entry = AuditEntry.objects.get(verb="billing.approve")
    assert entry.outcome.result == "unknown"
