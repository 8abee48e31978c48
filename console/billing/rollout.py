"""A weighed cohort carried out: the canary first, at a rate, until too many fail or a person stops.

    weighed ──▶ running ──canary through──▶ asking ──go on──▶ running ──none left──▶ finished
                  │  ▲
                  ▼  └─────go on
                paused: by a person, or because too many of the newest failed
                  └──stop (also while it asks, or runs)──▶ stopped: what waits is left out

Its system workflow waits while nothing may go on, and looks again when it is told to.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from console.audit.record import called, identity
from console.billing import limits, orders, proposals, rights
from console.billing.actions import BeyondLimits
from console.billing.cohorts import (
    asked_of,
    begin_weighing,
    look_again,
    may_carry_out,
    move,
    recorded,
    start,
)
from console.billing.models import Cohort, Member, Proposal
from console.gateway.channel import GatewayError
from console.ui.refusals import Refusal

Stage, State = Cohort.Stage, Member.State
UNDER_WAY = (Stage.RUNNING, Stage.ASKING, Stage.PAUSED)
ENDED = (Stage.FINISHED, Stage.STOPPED)
CONCLUDED = (State.DONE, State.REFUSED, State.UNKNOWN)
#: Nothing was changed on these; whoever wants it still has them weighed anew.
MISSED = (State.REFUSED, State.LEFT)


@dataclass(frozen=True, slots=True)
class How:
    """So many first, then it asks; subscriptions a second; percent of the newest outcomes."""

    canary: int
    rate: int
    errors_percent_max: int


def launch(person: User, cohort: Cohort, how: How) -> None:
    """Raises BeyondLimits when a second person is needed."""
    may_carry_out(person, cohort)
    over: list[str] = []
    with recorded(person, cohort, "carry out", asdict(how)) as act:
        over = limits.reserve(person, cohort.namespace, asked_of(cohort), act.id)
        if over:
            act.refused = " ".join(over)
        else:
            who, name = identity(person), called(person)
            move(
                cohort, (Stage.WEIGHED,), Stage.RUNNING,
                launcher=person, actor=name, identity=who, **_plan(how),
            )  # fmt: skip
            try:
                start(cohort, "billing-cohort", orders.CARRY_OUT_MEMBERS, who, act.id)
            except GatewayError as error:
                # What was not answered may have begun; where it has not, its page offers to go on.
                if not error.is_no_answer:
                    limits.release(act.id)
                    move(cohort, (Stage.RUNNING,), Stage.WEIGHED)
                raise
            act.after = {"stage": Stage.RUNNING}
    if over:
        raise BeyondLimits(over)


def _plan(how: How) -> dict[str, object]:
    return asdict(how) | {"confirmed": not how.canary, "judged_from": timezone.now()}


def propose(person: User, cohort: Cohort, title: str, how: How) -> Proposal:
    may_carry_out(person, cohort)
    over = limits.beyond(person, cohort.namespace, asked_of(cohort))
    move(cohort, (Stage.WEIGHED,), Stage.PROPOSED, **_plan(how))
    try:
        return proposals.of_cohort(person, cohort, title, over)
    except GatewayError:
        move(cohort, (Stage.PROPOSED,), Stage.WEIGHED)
        raise


def pause(person: User, cohort: Cohort) -> None:
    """What is under way comes to its end."""
    with recorded(person, cohort, "pause") as act:
        says = f"Paused by {called(person)}."
        move(cohort, (Stage.RUNNING,), Stage.PAUSED, says=says)
        act.after = {"stage": Stage.PAUSED}


def resume(person: User, cohort: Cohort) -> None:
    """Go on: after a pause, or with the rest when the canary is through.

    In the name of who launched it, whoever lets it go on.
    """
    may_carry_out(person, cohort)
    with recorded(person, cohort, "resume") as act:
        confirmed = cohort.confirmed or cohort.stage == Stage.ASKING
        move(
            cohort, (Stage.ASKING, Stage.PAUSED), Stage.RUNNING,
            confirmed=confirmed, says="", judged_from=timezone.now(),
        )  # fmt: skip
        look_again(cohort, act.identity, act.id)
        act.after = {"stage": Stage.RUNNING}


def stop(person: User, cohort: Cohort) -> None:
    """What is under way comes to its end; what waits is left out."""
    with recorded(person, cohort, "stop") as act:
        now, says = timezone.now(), f"Stopped by {called(person)}."
        move(cohort, UNDER_WAY, Stage.STOPPED, ended_at=now, says=says)
        left = cohort.members.filter(state=State.ELIGIBLE)
        count = left.update(state=State.LEFT, says=says, concluded_at=now)
        look_again(cohort, act.identity, act.id)
        act.after = {"stage": Stage.STOPPED, "left out": count}


def ask_again(person: User, cohort: Cohort) -> None:
    """Those that never answered, under the ids that they were asked with: done once, if at all,
    and in the name that they were asked in."""
    may_carry_out(person, cohort)
    with recorded(person, cohort, "ask again") as act:
        silent = cohort.members.filter(state=State.UNKNOWN)
        if cohort.stage not in ENDED or not silent.exists():
            raise Refusal(409, "There is nobody who did not answer.")
        move(cohort, ENDED, Stage.RUNNING, ended_at=None, says="", judged_from=timezone.now())
        count = silent.update(state=State.CLAIMED, tries=0, concluded_at=None)
        start(cohort, "billing-cohort", orders.CARRY_OUT_MEMBERS, act.identity, act.id)
        act.after = {"stage": Stage.RUNNING, "asked again": count}


def weigh_missed(person: User, cohort: Cohort) -> Cohort:
    """A cohort of those that refused or were left out: what would happen to them now?"""
    rights.check(person, cohort.namespace, cohort.wish["change"])
    with recorded(person, cohort, "weigh the missed") as act:
        missed = list(cohort.members.filter(state__in=MISSED))
        if cohort.stage not in ENDED or not missed:
            raise Refusal(409, "There is nobody who refused or was left out.")
        anew = _anew(person, cohort, missed)
        act.after = {"cohort": str(anew), "members": len(missed)}
    try:
        begin_weighing(anew, act.identity)
    except GatewayError:
        anew.delete()
        raise
    return anew


@transaction.atomic
def _anew(person: User, cohort: Cohort, missed: Sequence[Member]) -> Cohort:
    anew = Cohort.objects.create(
        namespace=cohort.namespace,
        query=cohort.query,
        wish=cohort.wish,
        reason=cohort.reason,
        person=person,
        who=called(person),
        of=cohort,
    )
    Member.objects.bulk_create(
        Member(cohort=anew, workflow_id=one.workflow_id, run_id=one.run_id) for one in missed
    )
    anew.refresh_from_db()
    return anew
