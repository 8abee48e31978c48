"""A cohort that one person gathered and another launched or proposed: one name in all it does."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.test import Client

from console.access.models import Rule
from console.audit.models import AuditEntry
from console.audit.record import identity
from console.billing.models import Cohort, Proposal, Spending
from console.gateway import histories
from console.gateway.runs import RunKey
from tests.support.billing import URL, BillingWorker, billing_process, billing_worker, limit
from tests.support.cohorts import ADD, Customers, act, await_stage, customers, freeze
from tests.support.eventually import eventually
from tests.support.pages import words_in
from tests.support.subscriptions import providers_url, subscriptions

__all__ = ["billing_process", "billing_worker", "customers", "providers_url", "subscriptions"]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.django_db(transaction=True),
    pytest.mark.xdist_group("examples"),
    pytest.mark.one_server,
]

Browser = Callable[..., Client]
Stage = Cohort.Stage


def names_of_updates(key: RunKey) -> list[str]:
    """Dry runs leave no event."""
    return [
        event.attributes.accepted_request.meta.identity
        for event in histories.forward(key).events
        if event.kind == "WorkflowExecutionUpdateAccepted"
    ]


def test_what_is_carried_out_is_theirs_who_launched_it(
    alice: User,
    bob: User,
    browser_of: Browser,
    customers: Customers,
    billing_worker: BillingWorker,
) -> None:
    (key,) = customers.some(1)
    cohort = freeze(browser_of(alice), "add", ADD | {"query": customers.query})
    weighed = words_in(browser_of(bob).get(f"{URL}cohorts/{cohort.pk}/"))

    act(browser_of(bob), cohort, "launch", canary=1)
    await_stage(cohort, Stage.FINISHED)

    entry = customers.subscriptions.ledger(key).entries[-1]
    audit = AuditEntry.objects.get(pk=entry.audit_reference)
    assert (entry.actor, audit.who, audit.person) == ("Bob", "Bob", bob)
    assert names_of_updates(key)[-1] == identity(bob)
    assert [spending.person for spending in Spending.objects.all()] == [bob]
    assert (cohort.person, cohort.launcher) == (alice, bob)
    assert "by Alice" in weighed
    page = words_in(browser_of(alice).get(f"{URL}cohorts/{cohort.pk}/"))
    assert "gathered by Alice, launched by Bob" in page


def test_who_gathered_it_may_approve_what_another_proposed_and_the_proposer_may_not(
    alice: User,
    bob: User,
    browser_of: Browser,
    customers: Customers,
    billing_worker: BillingWorker,
) -> None:
    limit("cohort", "10.00")
    (key,) = customers.some(1)
    by_alice, by_bob = browser_of(alice), browser_of(bob)
    cohort = freeze(by_alice, "add", ADD | {"query": customers.query})
    act(by_bob, cohort, "propose")
    proposal = Proposal.objects.get()
    decide = f"{URL}approvals/{proposal.pk}/decide/"

    own = by_bob.post(decide, {"verdict": "approved", "reason": "mine"})
    seen = words_in(by_alice.get(f"{URL}approvals/{proposal.pk}/"))
    by_alice.post(decide, {"verdict": "approved", "reason": "as gathered"})
    await_stage(cohort, Stage.FINISHED)

    entry = customers.subscriptions.ledger(key).entries[-1]
    audit = AuditEntry.objects.get(pk=entry.audit_reference)
    assert own.status_code == 409
    assert "Gathered by Alice Proposed by Bob" in seen
    assert (entry.actor, audit.person) == ("Bob, approved by Alice", bob)
    assert names_of_updates(key)[-1] == f"{identity(bob)}, approved by {identity(alice)}"
    page = words_in(by_bob.get(f"{URL}cohorts/{cohort.pk}/"))
    assert "gathered by Alice, launched by Bob, approved by Alice" in page


def test_a_bound_set_after_the_proposal_voids_its_approval_and_nothing_is_given_back(
    alice: User,
    bob: User,
    browser_of: Browser,
    customers: Customers,
    billing_worker: BillingWorker,
) -> None:
    limit("cohort", "10.00")
    (key,) = customers.some(1)
    given = {"amount": "30.00", "currency": "EUR", "reason": "asked for", "query": customers.query}
    cohort = freeze(browser_of(bob), "refund", given)
    act(browser_of(bob), cohort, "propose")
    proposal = Proposal.objects.get()
    Rule.objects.create(
        person=bob, namespace="default", verb="billing.refund", may=False, up_to="20",
        currency="EUR", reason="first line", given_by="Alice",
    )  # fmt: skip

    decide = f"{URL}approvals/{proposal.pk}/decide/"
    browser_of(alice).post(decide, {"verdict": "approved", "reason": "as agreed"})

    def look() -> Proposal:
        proposal.refresh_from_db()
        return proposal

    eventually(look, lambda it: it.stage == Proposal.Stage.VOID, within=30)
    await_stage(cohort, Stage.WEIGHED)
    assert proposal.says == (
        "One of them is 30 EUR, above what Bob may give back: 20 EUR. Nothing was changed."
    )
    assert customers.subscriptions.refunds(key) == []


def test_who_may_not_do_it_to_one_does_not_let_the_cohort_of_another_go_on(
    alice: User,
    bob: User,
    browser_of: Browser,
    customers: Customers,
    billing_worker: BillingWorker,
) -> None:
    customers.some(2)
    given = {"amount": "1.00", "currency": "EUR", "reason": "asked for", "query": customers.query}
    cohort = freeze(browser_of(alice), "refund", given)
    act(browser_of(alice), cohort, "launch", canary=1)
    await_stage(cohort, Stage.ASKING)
    rule = Rule.objects.create(
        person=bob, namespace="default", verb="billing.refund", may=False,
        reason="first line", given_by="Alice",
    )  # fmt: skip

    forbidden = act(browser_of(bob), cohort, "resume")
    rule.delete()
    act(browser_of(bob), cohort, "resume")
    await_stage(cohort, Stage.FINISHED)

    assert forbidden.status_code == 403
    done = AuditEntry.objects.filter(verb="billing.refund")
    assert {entry.person for entry in done} == {alice}, "who launched it acts, whoever resumes it"
