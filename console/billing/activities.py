"""The activities of the system workflows: sync, in threads, as Django's ORM is."""

from temporalio import activity

from console.billing import chunks, cohorts, orders, proposals
from console.billing.models import Cohort, Proposal
from console.billing.orders import Noted
from console.gateway.system import with_fresh_connections


@activity.defn(name=orders.NOTE)
@with_fresh_connections
def note_decision(noted: Noted) -> str:
    return proposals.note(noted.proposal_id, noted.decision)


@activity.defn(name=orders.CARRY_OUT)
@with_fresh_connections
def carry_out_proposal(proposal_id: int) -> str:
    """What is to be done then: a cohort has many."""
    found = Proposal.objects.select_related("person", "decider", "cohort").get(pk=proposal_id)
    if found.cohort_id and found.stage == Proposal.Stage.APPROVED:
        return chunks.carry_out_approved(found, activity.heartbeat)
    proposals.carry_out(found)
    return orders.ENDED


@activity.defn(name=orders.WEIGH)
@with_fresh_connections
def weigh_members(cohort_id: int) -> str:
    cohort = _cohort(cohort_id)
    is_more = cohort is not None and cohorts.weigh_some(cohort, activity.heartbeat)
    return orders.MORE if is_more else orders.ENDED


@activity.defn(name=orders.CARRY_OUT_MEMBERS)
@with_fresh_connections
def carry_out_members(cohort_id: int) -> str:
    cohort = Cohort.objects.select_related("person", "launcher").get(pk=cohort_id)
    return chunks.carry_out_some(cohort, activity.heartbeat)


def _cohort(number: int) -> Cohort | None:
    """None: whoever gathered it was told that nobody weighs it."""
    return Cohort.objects.select_related("person").filter(pk=number).first()


ALL = (note_decision, carry_out_proposal, weigh_members, carry_out_members)
