"""A chunk of a cohort: the next members, side by side; what came of each; whether to go on."""

import threading
from time import monotonic

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from console.billing import carrying, kinds, orders, proposals
from console.billing.carrying import Carried, Errand
from console.billing.cohorts import Alive, at_once
from console.billing.models import Cohort, Member, Proposal
from console.billing.rollout import CONCLUDED
from console.gateway.channel import GatewayError, Trouble
from console.gateway.runs import RunKey

Stage, State = Cohort.Stage, Member.State
#: A member that does not answer is asked so often; then its outcome is not known.
TRIES_MAX = 4
FAILED = frozenset({State.REFUSED, State.UNKNOWN})


def carry_out_approved(proposal: Proposal, alive: Alive) -> str:
    """A chunk of the cohort that was approved."""
    assert proposal.cohort is not None
    Cohort.objects.filter(pk=proposal.cohort.pk, stage=Stage.PROPOSED).update(
        stage=Stage.RUNNING,
        launcher=proposal.person,
        actor=proposals.actor_of(proposal),
        identity=proposals.identity_of(proposal),
        judged_from=timezone.now(),
    )
    cohort = Cohort.objects.select_related("person", "launcher").get(pk=proposal.cohort.pk)
    return carry_out_some(cohort, alive)


def carry_out_some(cohort: Cohort, alive: Alive) -> str:
    """One chunk; what its system workflow shall do then."""
    if cohort.stage not in {*Cohort.under_way(), Stage.STOPPED}:
        return orders.ENDED
    began = monotonic()
    members = _claimed(cohort)
    errands = {member.pk: _errand(cohort, member) for member in members}
    entries = {number: carrying.begin(errand) for number, errand in errands.items()}

    def sent(member: Member) -> Carried | GatewayError:
        try:
            return carrying.known(entries[member.pk]) or carrying.send(errands[member.pk])
        except GatewayError as error:
            return error

    away: GatewayError | None = None
    for member, came in zip(members, at_once(sent, members, alive), strict=True):
        if isinstance(came, Carried):
            carrying.conclude(entries[member.pk], errands[member.pk], came)
            _conclude(member, State.DONE if came.done else State.REFUSED, came.says)
        elif came.trouble is Trouble.SLOW:
            _tried(member)
        else:
            away = came
    if away:
        raise away
    _stop_at_errors(cohort)
    return _pace(cohort, began, len(members), alive)


def _claimed(cohort: Cohort) -> list[Member]:
    """What a try before left half done, or the next ones: a stop leaves out neither."""
    claimed = cohort.members.filter(state=State.CLAIMED)
    if not claimed.exists() and (room := _room(cohort)):
        some = cohort.members.filter(state=State.ELIGIBLE).values("pk")[:room]
        running = Q(cohort__stage=Stage.RUNNING)
        Member.objects.filter(
            running, pk__in=[row["pk"] for row in some], state=State.ELIGIBLE
        ).update(state=State.CLAIMED)
    return list(claimed.all())


def _room(cohort: Cohort) -> int:
    """How many may be next: no more than the canary has left until somebody looked at it."""
    size = orders.chunk_size(cohort.rate)
    if cohort.confirmed:
        return size
    return max(0, min(size, cohort.canary - _concluded(cohort)))


def _concluded(cohort: Cohort) -> int:
    return cohort.members.filter(state__in=CONCLUDED).count()


def _conclude(member: Member, state: str, says: str) -> None:
    Member.objects.filter(pk=member.pk).update(state=state, says=says, concluded_at=timezone.now())


def _tried(member: Member) -> None:
    if member.tries + 1 < TRIES_MAX:
        Member.objects.filter(pk=member.pk).update(tries=F("tries") + 1)
        return
    says = "It did not answer. Whether it was changed stands in its ledger."
    _conclude(member, State.UNKNOWN, says)


def _stop_at_errors(cohort: Cohort) -> None:
    newest = cohort.members.filter(state__in=CONCLUDED, concluded_at__gte=cohort.judged_from)
    states = newest.order_by("-concluded_at", "-id").values_list("state", flat=True)
    failed = [state in FAILED for state in states[: orders.ERRORS_OF]]
    if not failed or 100 * sum(failed) <= cohort.errors_percent_max * len(failed):
        return
    says = (
        f"It stopped by itself: {sum(failed)} of the last {len(failed)} failed,"
        f" more than {cohort.errors_percent_max} %."
    )
    running = Cohort.objects.filter(pk=cohort.pk, stage=Stage.RUNNING)
    running.update(stage=Stage.PAUSED, says=says)


def _pace(cohort: Cohort, began: float, asked: int, alive: Alive) -> str:
    """What this chunk was faster than the rate is waited out, if it goes on at all."""
    to_do = _to_do(cohort)
    if to_do == orders.MORE:
        while (left := began + asked / max(cohort.rate, 1) - monotonic()) > 0:
            alive()
            threading.Event().wait(min(left, 1.0))
    return to_do


@transaction.atomic
def _to_do(cohort: Cohort) -> str:
    now = Cohort.objects.select_for_update().get(pk=cohort.pk)
    if now.members.filter(state=State.CLAIMED).exists():
        return orders.MORE
    if now.stage not in Cohort.under_way():
        _end_proposal(now)
        return orders.ENDED
    if not now.members.filter(state=State.ELIGIBLE).exists():
        Cohort.objects.filter(pk=now.pk).update(
            stage=Stage.FINISHED, ended_at=timezone.now(), says=""
        )
        _end_proposal(now)
        return orders.ENDED
    if now.stage == Stage.RUNNING and not now.confirmed and _concluded(now) >= now.canary:
        Cohort.objects.filter(pk=now.pk).update(stage=Stage.ASKING)
        return orders.WAIT
    return orders.MORE if now.stage == Stage.RUNNING else orders.WAIT


def _end_proposal(cohort: Cohort) -> None:
    approved = Proposal.objects.filter(cohort=cohort, stage=Proposal.Stage.APPROVED).first()
    if approved is not None:
        proposals.end(approved, Proposal.Stage.DONE, "")


def _errand(cohort: Cohort, member: Member) -> Errand:
    return Errand(
        act=member.act,
        person=cohort.launcher or cohort.person,
        actor=cohort.actor,
        identity=cohort.identity,
        key=RunKey(cohort.namespace, member.workflow_id, member.run_id),
        kind=kinds.BY_NAME[member.kind],
        argument=member.argument,
        noun=member.noun,
        before=member.before,
        reason=f"{cohort.reason} ({cohort})",
    )
