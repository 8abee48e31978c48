"""What is masked from some is carried out all the same, and told as what it came to."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from console.audit.models import AuditEntry
from console.billing import proposals
from console.billing.models import Proposal
from tests.console.test_billing_approvals import propose
from tests.console.test_payloads import allow
from tests.support.billing import CHARGE, BillingWorker, billing_process, billing_worker, limit
from tests.support.subscriptions import Subscriptions, providers_url, subscriptions

__all__ = ["billing_process", "billing_worker", "providers_url", "subscriptions"]

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]

Stage = Proposal.Stage


@pytest.mark.parametrize("stage", [Stage.DONE, Stage.VOID])
def test_an_approved_change_is_not_called_refused_because_its_amount_is_masked(
    stage: str,
    alice: User,
    bob: User,
    browser_of: Callable[..., Client],
    subscriptions: Subscriptions,
    billing_worker: BillingWorker,
    settings: Any,
) -> None:
    """As the worker does it, in this process: nobody in particular looks."""
    limit("adjustment", "1.00")
    key = subscriptions.active()
    allow(settings, masked={"amount": "operator", "failure.message": "nobody"})
    proposal = propose(browser_of(bob), key, "adjust-charge/", CHARGE)
    approved = Proposal.objects.filter(pk=proposal.pk)
    approved.update(stage=Stage.APPROVED, decider=alice, decided_by="Alice")
    if stage == Stage.VOID:
        approved.update(argument=proposal.argument | {"expected_version": 7})

    proposals.carry_out(approved.select_related("person", "decider").get())

    proposal.refresh_from_db()
    outcome = AuditEntry.objects.get(verb="billing.adjust").outcome
    changed = subscriptions.ledger(key).terms.charge.amount == "39.00"
    assert (proposal.stage, changed) == (stage, stage == Stage.DONE)
    assert (outcome.result, proposal.says) == (("done", "") if changed else ("refused", "••••••"))
