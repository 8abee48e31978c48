"""What was done stays done, whatever is not heard of it: an act's own answer, or its event."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from console.audit.models import AuditEntry
from console.billing.models import Proposal, Spending
from console.gateway import admin, steering, workflows
from console.gateway.channel import GatewayError
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
from tests.support.late import Late, late, through
from tests.support.names import Names
from tests.support.pages import htmx, words_in
from tests.support.programs import Program
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


def test_an_act_whose_answer_was_lost_is_asked_for_once_and_not_said_to_be_refused(
    bob: User,
    browser_of: Browser,
    program: Program,
    names: Names,
    late: Late,
    through: Callable[..., None],
) -> None:
    """A second termination would be told that the run has ended, and that nothing was done."""
    key, browser = program.start("Waiting", names.workflow(), names.queue()), browser_of(bob)
    at = reverse("workflows:terminate", args=[key.namespace, key.workflow_id, key.run_id])

    through(broken={"TerminateWorkflowExecution"})
    answer = browser.post(at, {"reason": "card is dead"}, headers=htmx("dialog"))
    through()

    assert answer.status_code == 422
    assert "look before you repeat it" in words_in(answer)
    assert "Nothing was" not in words_in(answer)
    assert len(late.asked) == 1
    assert AuditEntry.objects.get().outcome.result == "unknown"
    program.await_status(key, "Terminated")


def test_what_changes_nothing_is_asked_again(
    program: Program,
    names: Names,
    late: Late,
    through: Callable[..., None],
) -> None:
    key = program.start("Waiting", names.workflow(), names.queue())

    through(broken={"DescribeWorkflowExecution"})
    with pytest.raises(GatewayError):
        workflows.describe(key)

    assert len(late.asked) == 3


@pytest.mark.one_server
def test_what_changes_nothing_at_the_engines_own_service_is_asked_again(
    late: Late, through: Callable[..., None]
) -> None:
    through(broken={"DescribeShards", "RetryParked"})
    with pytest.raises(GatewayError):
        admin.shards()
    asked = len(late.asked)
    with pytest.raises(GatewayError):
        admin.retry(0, 1)

    assert (asked, len(late.asked)) == (3, 4)
