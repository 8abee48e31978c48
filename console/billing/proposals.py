"""Propose, decide, note, carry out.

What is decided is decided by the approval's workflow, once; the row here follows it. Two people
deciding at once: the workflow refuses the second, and says who was first.
"""

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.auth.models import User
from django.utils import timezone

from console.access.policy import WITH_AMOUNT, can
from console.audit.models import AuditEntry
from console.audit.record import called, identity, record
from console.billing import carrying, cohorts, effects, kinds, orders, reading, rights
from console.billing.carrying import Errand
from console.billing.forms import AskForm, Checked
from console.billing.kinds import Kind, Signed
from console.billing.models import Cohort, Proposal
from console.billing.orders import Chunks, Decision, Proposed
from console.gateway import steering, system, workflows
from console.gateway.channel import GatewayError, Trouble
from console.gateway.runs import RunKey
from console.ui.refusals import Refusal

Stage = Proposal.Stage
#: What a decider does, as the audit has it.
VERB = "billing.approve"
NO_WORKER = (
    "No billing worker has run on this server yet, so nobody could approve it: "
    "start `manage.py billing_worker`. Nothing was changed."
)


def of_one(
    person: User, key: RunKey, kind: Kind, form: AskForm, *, seen: Checked, over: list[str]
) -> Proposal:
    """What the form asks for, with what its dry run said."""
    given = form.cleaned_data
    signed = Signed(called(person), given["reason"], "", given["version"], False, seen.next)
    proposal = Proposal(
        kind=kind.name,
        workflow_id=key.workflow_id,
        run_id=key.run_id,
        argument=reading.as_argument(kind.ask(given, signed)),
        noun=kind.noun(given),
        before=seen.before,
        after=seen.after,
        currency=seen.currency,
        difference=seen.difference,
        weight=seen.weight,
        namespace=key.namespace,
        title=f"{kind.title} of {form.ledger.subscription_id}"[:200],
        reason=given["reason"],
    )
    return _propose(person, proposal, over)


def of_cohort(person: User, cohort: Cohort, title: str, over: list[str]) -> Proposal:
    proposal = Proposal(
        kind="cohort",
        namespace=cohort.namespace,
        cohort=cohort,
        title=title[:200],
        reason=cohort.reason,
    )
    return _propose(person, proposal, over)


def _propose(person: User, proposal: Proposal, over: list[str]) -> Proposal:
    now = timezone.now()
    proposal.person, proposal.who = person, called(person)
    proposal.over = " ".join(over)
    proposal.asked_at = now
    proposal.expires_at = now + timedelta(seconds=settings.BILLING_APPROVAL_SECONDS)
    proposal.save()
    proposal.refresh_from_db()
    key = proposal.key if proposal.workflow_id else None
    with record(
        person,
        "billing.propose",
        key,
        namespace=proposal.namespace,
        target=str(proposal),
        reason=proposal.reason,
        before={proposal.noun: proposal.before} if key else None,
        asked={"what": proposal.title, "beyond": proposal.over},
    ) as act:
        try:
            _start(proposal, act.identity, act.id)
        except GatewayError as error:
            proposal.delete()
            raise _no_worker(error) from error
        act.after = {"proposal": str(proposal)}
    return proposal


def _no_worker(error: GatewayError) -> GatewayError:
    says = NO_WORKER if error.trouble is Trouble.NOT_FOUND else str(error)
    return GatewayError(error.trouble, says, error.detail)


def _start(proposal: Proposal, who: str, request_id: str) -> None:
    asked = Proposed(
        proposal_id=proposal.pk,
        proposal=str(proposal),
        title=proposal.title,
        target=proposal.workflow_id or str(proposal.cohort),
        before=proposal.before,
        after=proposal.after,
        difference=difference_of(proposal),
        beyond=proposal.over,
        reason=proposal.reason,
        proposed_by=proposal.who,
        proposed_by_id=proposal.person_id,
        expires_at=proposal.expires_at.isoformat(),
    )
    steering.start(
        system.NAMESPACE,
        proposal.approval_id,
        workflow_type=orders.APPROVAL,
        task_queue=settings.BILLING_TASK_QUEUE,
        arguments=[reading.as_argument(asked)],
        identity=who,
        request_id=request_id,
    )


def is_lost(proposal: Proposal) -> bool:
    """Its approval run was ended from outside: nobody can decide it, or carry it out, any more.

    What carries an approved cohort out is told of on the cohort's page.
    """
    waits = proposal.stage == Stage.OPEN
    is_under_way = proposal.stage == Stage.APPROVED and not proposal.cohort_id
    if not (waits or is_under_way):
        return False
    try:
        return not any(map(_run, (proposal.approval_id, _carrier(proposal))))
    except GatewayError:
        # That cannot be told now.
        return False


def _run(workflow_id: str) -> bool:
    """Whether one of that id is open."""
    try:
        return workflows.describe(RunKey(system.NAMESPACE, workflow_id, "")).summary.is_open
    except GatewayError as error:
        if error.trouble is Trouble.NOT_FOUND:
            return False
        raise


def _carrier(proposal: Proposal) -> str:
    return f"billing-approved/{proposal.token}"


def go_on(person: User, proposal: Proposal) -> None:
    """The approval asks anew; what was approved is carried out, under the id that it had."""
    refused = ""
    with record(
        person,
        "billing.propose",
        namespace=proposal.namespace,
        target=str(proposal),
        reason=proposal.reason,
        before={"stage": proposal.stage},
        asked={"what": "go on"},
    ) as act:
        if not is_lost(proposal):
            refused = act.refused = "Its approval run is there: there is nothing to mend."
        elif proposal.stage == Stage.OPEN:
            _start(proposal, act.identity, act.id)
        else:
            _start_carrier(proposal, act.identity, act.id)
        act.after = {"stage": proposal.stage}
    if refused:
        raise Refusal(409, refused)


def _start_carrier(proposal: Proposal, who: str, request_id: str) -> None:
    work = Chunks(orders.CARRY_OUT, proposal.pk, str(proposal), proposal.who)
    steering.start(
        system.NAMESPACE,
        _carrier(proposal),
        workflow_type=orders.IN_CHUNKS,
        task_queue=settings.BILLING_TASK_QUEUE,
        arguments=[reading.as_argument(work)],
        identity=who,
        request_id=request_id,
    )


def difference_of(proposal: Proposal) -> str:
    if not proposal.currency:
        return ""
    return effects.written(proposal.difference, proposal.currency, sign=True)


def decide(person: User, proposal: Proposal, verdict: str, reason: str) -> None:
    """The row follows by the workflow's own hand, before this returns."""
    asked = {"verdict": verdict, "proposal": proposal.title}
    refused = ""
    with record(
        person,
        VERB,
        namespace=proposal.namespace,
        target=str(proposal),
        reason=reason,
        before={"stage": proposal.stage},
        asked=asked,
    ) as act:
        decision = Decision(verdict, called(person), person.pk, reason, act.id)
        refused = act.refused = _told(proposal, decision, act.identity)
        if not refused:
            act.after = {"stage": verdict}
    if refused:
        raise Refusal(409, refused)


def _told(proposal: Proposal, decision: Decision, who: str) -> str:
    """Tell the approval's run; why it does not take the decision, or nothing.

    Raises GatewayError where it has not said."""
    try:
        answer = steering.update(
            RunKey(system.NAMESPACE, proposal.approval_id, ""),
            orders.DECIDE,
            [reading.as_argument(decision)],
            identity=who,
            update_id=decision.audit_reference,
        )
    except GatewayError as error:
        proposal.refresh_from_db()
        if error.trouble is not Trouble.NOT_FOUND or proposal.stage == Stage.OPEN:
            raise
        # Somebody was first, and its run has ended since.
        return f"It was {proposal.stage} by {proposal.decided_by or 'nobody in time'} already."
    if answer.failure is not None:
        return answer.failure.message
    if not answer.done:
        raise GatewayError(Trouble.SLOW, "The approval has not answered yet.")
    return ""


def note(proposal_id: int, decision: Decision) -> str:
    """The stage that the decision leads to; the row's, when it was noted before."""
    open_one = Proposal.objects.filter(pk=proposal_id, stage=Stage.OPEN)
    found = Proposal.objects.select_related("person", "cohort").filter(pk=proposal_id)
    proposal = found.first()
    if proposal is None:
        # Whoever proposed it was told that it did not come about.
        return str(Stage.VOID)
    if proposal.stage != Stage.OPEN:
        return str(proposal.stage)
    is_theirs = bool(decision.person) and _is_attested(proposal, decision)
    stage, says = _stage_of(proposal, decision, is_theirs)
    moved = open_one.update(
        stage=stage,
        says=says,
        decider_id=decision.person_id if is_theirs else None,
        decided_by=decision.person if is_theirs else "",
        decided_at=timezone.now(),
        decision_reason=decision.reason if is_theirs else "",
    )
    if moved and proposal.cohort and stage != Stage.APPROVED:
        still = Cohort.objects.filter(pk=proposal.cohort.pk, stage=Cohort.Stage.PROPOSED)
        still.update(stage=Cohort.Stage.WEIGHED)
    return str(stage)


def _stage_of(proposal: Proposal, decision: Decision, is_theirs: bool) -> tuple[str, str]:
    if decision.verdict == orders.EXPIRE:
        return decision.verdict, decision.reason
    if not is_theirs:
        return Stage.VOID, "The decision did not come through the console. Nothing was changed."
    if decision.verdict != orders.APPROVE:
        return decision.verdict, ""
    decider = User.objects.get(pk=decision.person_id)
    if not can(decider, VERB, proposal.namespace):
        return Stage.VOID, f"{decision.person} may not approve here. Nothing was changed."
    if says := _why_not_now(proposal):
        return Stage.VOID, f"{says} Nothing was changed."
    return Stage.APPROVED, ""


def _why_not_now(proposal: Proposal) -> str:
    """What its proposer may has changed since, or nothing. Of a cohort all of it is void where one
    member is beyond a bound, as its launch would be refused."""
    person, namespace, cohort = proposal.person, proposal.namespace, proposal.cohort
    lost = f"{proposal.who} may not do this any more."
    if cohort is None:
        kind = kinds.BY_NAME[proposal.kind]
        amount = (proposal.weight, proposal.currency) if kind.verb in WITH_AMOUNT else None
        return "" if can(person, kind.verb, namespace, amount) else lost
    change = cohort.wish["change"]
    if not all(can(person, verb, namespace) for verb in ("billing.cohort", rights.verb_of(change))):
        return lost
    return rights.beyond(person, namespace, change, cohorts.asked_of(cohort), proposal.who)


def _is_attested(proposal: Proposal, decision: Decision) -> bool:
    """Whoever reaches the server can send an update; only the console writes to the audit.

    What somebody said there is not said by who sends the opposite under its entry.
    """
    try:
        reference = UUID(decision.audit_reference)
    except ValueError:
        return False
    entry = AuditEntry.objects.filter(
        pk=reference,
        verb=VERB,
        target=str(proposal),
        person__pk=decision.person_id,
        asked__verdict=decision.verdict,
    )
    is_own = decision.person_id == proposal.person_id
    return is_own == (decision.verdict == orders.WITHDRAW) and entry.exists()


def carry_out(proposal: Proposal) -> None:
    """Of one subscription. Raises GatewayError for what may pass."""
    if proposal.stage != Stage.APPROVED:
        return
    carried = carrying.carry_out(_errand(proposal))
    end(proposal, Stage.DONE if carried.done else Stage.VOID, carried.says)


def end(proposal: Proposal, stage: str, says: str) -> None:
    approved = Proposal.objects.filter(pk=proposal.pk, stage=Stage.APPROVED)
    approved.update(stage=stage, says=says)


def actor_of(proposal: Proposal) -> str:
    return f"{proposal.who}, approved by {proposal.decided_by}"


def identity_of(proposal: Proposal) -> str:
    assert proposal.decider is not None, "what is carried out was decided"
    return f"{identity(proposal.person)}, approved by {identity(proposal.decider)}"


def _errand(proposal: Proposal) -> Errand:
    argument: dict[str, Any] = proposal.argument
    return Errand(
        act=proposal.act,
        person=proposal.person,
        actor=actor_of(proposal),
        identity=identity_of(proposal),
        key=proposal.key,
        kind=kinds.BY_NAME[proposal.kind],
        argument=argument,
        noun=proposal.noun,
        before=proposal.before,
        reason=proposal.reason,
    )
