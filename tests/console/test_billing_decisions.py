"""What the tables of billing take from decisions and answers that nobody expects."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from console.access.models import Rule
from console.audit.models import AuditEntry
from console.billing import cohorts, kinds, proposals
from console.billing.contract import Money, Outcome
from console.billing.effects import Effect
from console.billing.models import Cohort, Member, Proposal
from console.billing.orders import Decision
from console.billing.wishes import Weight

pytestmark = pytest.mark.one_server

Stage, State = Proposal.Stage, Member.State


def proposed(by: User) -> Proposal:
    now = timezone.now()
    proposal = Proposal.objects.create(
        kind="refund", namespace="default", workflow_id="w", run_id="r", title="a refund",
        reason="asked for", over="", person=by, who="Bob", asked_at=now, currency="EUR",
        weight="9.99", expires_at=now + timedelta(hours=1),
    )  # fmt: skip
    proposal.refresh_from_db()
    return proposal


def entry_of(person: User, proposal: Proposal, verdict: str) -> str:
    entry = AuditEntry.objects.create(
        person=person, who=person.username, verb=proposals.VERB, namespace="default",
        target=str(proposal), asked={"verdict": verdict, "proposal": proposal.title},
    )  # fmt: skip
    entry.refresh_from_db()
    return str(entry.pk)


def noted(proposal: Proposal, verdict: str, person: User, reference: str) -> Proposal:
    decision = Decision(verdict, person.username, person.pk, "says the contract", reference)
    assert proposals.note(proposal.pk, decision) == Proposal.objects.get(pk=proposal.pk).stage
    proposal.refresh_from_db()
    return proposal


@pytest.mark.parametrize("verdict", [Stage.APPROVED, Stage.REJECTED])
def test_what_somebody_decided_by_the_console_is_theirs(
    verdict: str, alice: User, bob: User
) -> None:
    proposal = proposed(bob)

    noted(proposal, verdict, alice, entry_of(alice, proposal, verdict))

    assert (proposal.stage, proposal.decider) == (verdict, alice)
    assert (proposal.decided_by, proposal.decision_reason) == (alice.username, "says the contract")


@pytest.mark.parametrize("verdict", [Stage.APPROVED, Stage.REJECTED, Stage.WITHDRAWN])
def test_who_said_the_opposite_has_not_said_it(verdict: str, alice: User, bob: User) -> None:
    """The entry of a decision that did not get through is there for all to read."""
    proposal = proposed(bob)
    said = Stage.REJECTED if verdict == Stage.APPROVED else Stage.APPROVED

    noted(proposal, verdict, alice, entry_of(alice, proposal, said))

    assert (proposal.stage, proposal.decider, proposal.decided_by) == (Stage.VOID, None, "")
    assert "did not come through the console" in proposal.says


def test_a_decision_of_nobody_is_void_and_one_on_nothing_too(alice: User, bob: User) -> None:
    proposal = proposed(bob)
    stranger = Decision("rejected", "Mallory", 2**31 - 1, "as if", str(UUID(int=7)))

    assert proposals.note(proposal.pk, stranger) == Stage.VOID
    assert proposals.note(proposal.pk + 1, stranger) == Stage.VOID


def test_a_bound_that_was_set_since_holds(alice: User, bob: User) -> None:
    proposal = proposed(bob)
    Rule.objects.create(
        person=bob, namespace="default", verb="billing.refund", may=False, up_to="9.98",
        currency="EUR", reason="a test", given_by="Alice",
    )  # fmt: skip

    noted(proposal, Stage.APPROVED, alice, entry_of(alice, proposal, Stage.APPROVED))

    assert (proposal.stage, proposal.decider) == (Stage.VOID, alice)
    assert "may not do this any more" in proposal.says


@pytest.mark.parametrize(
    ("up_to", "currency", "stage"),
    [("30", "EUR", Stage.APPROVED), ("29.99", "EUR", Stage.VOID), ("99", "NOK", Stage.VOID)],
)
def test_a_bound_that_was_set_since_holds_for_each_of_a_cohort(
    up_to: str, currency: str, stage: str, alice: User, bob: User
) -> None:
    cohort = Cohort.objects.create(
        namespace="default", query="", wish={"change": "refund"}, reason="r", person=alice,
        who="Alice", stage=Cohort.Stage.PROPOSED,
    )  # fmt: skip
    Member.objects.bulk_create(
        Member(
            cohort=cohort, workflow_id=f"w{weight}", run_id="r", state=State.ELIGIBLE,
            kind="refund", currency="EUR", weight=weight,
        )
        for weight in (10, 30)
    )  # fmt: skip
    proposal = proposed(bob)
    Proposal.objects.filter(pk=proposal.pk).update(cohort=cohort, kind="cohort")
    Rule.objects.create(
        person=bob, namespace="default", verb="billing.refund", may=False, up_to=up_to,
        currency=currency, reason="a test", given_by="Alice",
    )  # fmt: skip

    noted(proposal, Stage.APPROVED, alice, entry_of(alice, proposal, Stage.APPROVED))

    cohort.refresh_from_db()
    is_void = stage == Stage.VOID
    assert proposal.stage == stage, "one of them is 30 EUR"
    assert ("above what Bob may give back" in proposal.says) == is_void
    assert (cohort.stage == Cohort.Stage.WEIGHED) == is_void


def test_who_may_refund_no_more_has_no_cohort_of_refunds_approved(alice: User, bob: User) -> None:
    cohort = Cohort.objects.create(
        namespace="default", query="", wish={"change": "refund"}, reason="r", person=bob,
        who="Bob", stage=Cohort.Stage.PROPOSED,
    )  # fmt: skip
    proposal = proposed(bob)
    Proposal.objects.filter(pk=proposal.pk).update(cohort=cohort, kind="cohort")
    Rule.objects.create(
        person=bob, namespace="default", verb="billing.refund", may=False, reason="a test",
        given_by="Alice",
    )  # fmt: skip

    noted(proposal, Stage.APPROVED, alice, entry_of(alice, proposal, Stage.APPROVED))

    assert proposal.says == "Bob may not do this any more. Nothing was changed."


def weight(**given: Any) -> Weight:
    free = Money("0.00", "EUR")
    said: dict[str, Any] = {"before": "1.00 EUR", "after": "2.00 EUR", **given}
    outcome = Outcome(False, 1, said["before"], said["after"], [], free, None)
    much = said.get("much", free.value)
    return Weight(kinds.CHARGE, {}, "charge", outcome, Effect("EUR", much, much, abs(much)), 1)


@pytest.fixture
def member(bob: User) -> Member:
    cohort = Cohort.objects.create(
        namespace="default", query="", wish={"change": "skip"}, reason="r", person=bob, who="Bob"
    )
    return Member.objects.create(cohort=cohort, workflow_id="w", run_id="r")


@pytest.mark.parametrize(
    "odd", [{"before": "x" * 201}, {"after": "a\0b"}, {"much": Money("9" * 20, "EUR").value}]
)
def test_who_answers_with_what_no_table_holds_is_not_eligible(
    odd: dict[str, Any], member: Member
) -> None:
    cohorts._keep(member, weight(**odd))

    member.refresh_from_db()
    assert member.state == State.INELIGIBLE
    assert member.says == "it answers with more than the console keeps"


def test_an_attempt_that_comes_late_weighs_nobody_again(member: Member) -> None:
    cohorts._keep(member, weight())
    Member.objects.filter(pk=member.pk).update(state=State.CLAIMED)

    cohorts._keep(member, weight(after="3.00 EUR"))
    cohorts._keep(member, "it does not answer")

    member.refresh_from_db()
    assert (member.state, member.after, member.says) == (State.CLAIMED, "2.00 EUR", "")
