"""A cohort: frozen, weighed by dry runs, carried out; each step in chunks that may be cut off.

    weighing ──all weighed──▶ weighed ──within the limits──▶ running ──▶ finished
                                │ ▲   └──beyond──▶ proposed ──approved──┘  │
                                │ └── rejected, expired ──┘               stop ──▶ stopped
                                └──discard──▶ discarded

A member keeps the version and the period that it was weighed with: one that was changed or charged
meanwhile refuses, and says so. So what is carried out is what was shown, or less.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from decimal import Decimal
from typing import TypeVar

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from console.audit.record import Act, identity, record
from console.billing import carrying, effects, kinds, limits, orders, proposals, reading, wishes
from console.billing.actions import BeyondLimits
from console.billing.carrying import Carried, Errand
from console.billing.contract import SUBSCRIPTIONS_QUERY
from console.billing.limits import Asked
from console.billing.models import About, Cohort, Member, Proposal
from console.billing.orders import Chunks
from console.billing.reading import NotTheContract, Refused
from console.billing.wishes import Unfit, Weight
from console.gateway import steering, system, workflows
from console.gateway.channel import GatewayError, Trouble
from console.gateway.runs import RunKey, RunSummary
from console.ui import words
from console.ui.refusals import Refusal

Stage, State = Cohort.Stage, Member.State
MEMBERS_MAX = 10_000
PAGE = 1_000
#: A member that does not answer is asked so often; then its outcome is not known.
TRIES_MAX = 4
NO_WORKER = "No billing worker has run on this server yet: start `manage.py billing_worker`."

T = TypeVar("T")
Alive = Callable[[], object]


@transaction.atomic
def freeze(
    person: User, namespace: str, query: str, wish: dict[str, object], reason: str
) -> Cohort:
    cohort = Cohort.objects.create(
        namespace=namespace,
        query=query,
        wish=wish,
        reason=reason,
        person=person,
        who=proposals.name_of(person),
    )
    cohort.refresh_from_db()
    taken, token = 0, b""
    while True:
        page = workflows.find(namespace, _condition(query), PAGE, token)
        taken += len(page.runs)
        if taken > MEMBERS_MAX:
            raise Refusal(413, f"More than {MEMBERS_MAX:,} subscriptions match. Narrow the query.")
        members = [_member(cohort, run) for run in page.runs]
        # A list that moves while it is read may show one twice.
        Member.objects.bulk_create(members, ignore_conflicts=True)
        token = page.next_token
        if not token:
            return cohort


def _condition(query: str) -> str:
    mine = f" AND ({query})" if query else ""
    return f"{SUBSCRIPTIONS_QUERY} AND ExecutionStatus != 'ContinuedAsNew'{mine}"


def _member(cohort: Cohort, run: RunSummary) -> Member:
    closed = "" if run.is_open else f"its run is closed ({words.status(run.status)[1].lower()})"
    return Member(
        cohort=cohort,
        workflow_id=run.key.workflow_id,
        run_id=run.key.run_id,
        state=State.INELIGIBLE if closed else State.WAITING,
        says=closed,
    )


def begin_weighing(cohort: Cohort, who: str) -> None:
    _start(cohort, "billing-weighing", orders.WEIGH, who, str(cohort.token))


def _start(cohort: Cohort, name: str, activity: str, who: str, request_id: str) -> None:
    work = Chunks(activity, cohort.pk, str(cohort), cohort.who)
    try:
        steering.start(
            system.NAMESPACE,
            f"{name}/{cohort.token}",
            workflow_type=orders.IN_CHUNKS,
            task_queue=settings.BILLING_TASK_QUEUE,
            arguments=[reading.as_argument(work)],
            identity=who,
            request_id=request_id,
        )
    except GatewayError as error:
        says = NO_WORKER if error.trouble is Trouble.NOT_FOUND else str(error)
        raise GatewayError(error.trouble, says, error.detail) from error


# ---- weighing ----


def weigh_some(cohort: Cohort, alive: Alive) -> bool:
    """One chunk; True while some are left."""
    if cohort.stage != Stage.WEIGHING:
        return False
    members = list(cohort.members.filter(state=State.WAITING)[: orders.CHUNK_MEMBERS])
    who = identity(cohort.person)

    def weighed(member: Member) -> Weight | str:
        return _weighed(RunKey(cohort.namespace, member.workflow_id, ""), cohort.wish, who)

    for member, found in zip(members, _at_once(weighed, members, alive), strict=True):
        _keep(member, found)
    if cohort.members.filter(state=State.WAITING).exists():
        return True
    done = Cohort.objects.filter(pk=cohort.pk, stage=Stage.WEIGHING)
    done.update(stage=Stage.WEIGHED, weighed_at=timezone.now())
    return False


def _weighed(key: RunKey, wish: wishes.Wish, who: str) -> Weight | str:
    """Or why it cannot have it. What is away altogether is raised, and tried again."""
    try:
        return wishes.weigh(key, wish, who, orders.CALL_SECONDS)
    except (Unfit, Refused, NotTheContract) as no:
        return str(no).rstrip(".")
    except GatewayError as error:
        if error.trouble is Trouble.AWAY:
            raise
        return "it does not answer" if error.trouble is Trouble.SLOW else str(error).rstrip(".")


def _keep(member: Member, found: Weight | str) -> None:
    if isinstance(found, str):
        member.state, member.says = State.INELIGIBLE, found
    else:
        member.state = State.ELIGIBLE
        member.kind, member.argument, member.noun = found.kind.name, found.argument, found.noun
        member.before, member.after = found.outcome.before, found.outcome.after
        member.currency, member.difference = found.effect.currency, found.effect.difference
        member.weight = found.effect.weight
        member.monthly = found.effect.monthly.quantize(Decimal("1E-8"))
        member.first_period = found.first_period
    member.save()


def _at_once(work: Callable[[Member], T], members: Sequence[Member], alive: Alive) -> list[T]:
    """Only the server is asked in these threads."""
    found = []
    with ThreadPoolExecutor(orders.AT_ONCE, thread_name_prefix="members") as pool:
        for one in pool.map(work, members):
            alive()
            found.append(one)
    return found


# ---- carrying out ----


def asked_of(cohort: Cohort) -> Asked:
    """In all, and the largest one, as limits look at them."""
    rows = list(cohort.members.filter(state=State.ELIGIBLE).values_list("currency", "weight"))
    largest: dict[str, Decimal] = {}
    for currency, weight in rows:
        largest[currency] = max(weight, largest.get(currency, weight))
    what = About.REFUND if cohort.wish["change"] == "refund" else About.ADJUSTMENT
    return {About.COHORT: effects.sums(rows), what: largest}


def launch(person: User, cohort: Cohort) -> None:
    """Raises BeyondLimits when a second person is needed."""
    over: list[str] = []
    with _recorded(person, cohort, "carry out") as act:
        over = limits.reserve(person, cohort.namespace, asked_of(cohort), act.id)
        if over:
            act.refused = " ".join(over)
        else:
            who, name = identity(person), proposals.name_of(person)
            _move(cohort, (Stage.WEIGHED,), Stage.RUNNING, actor=name, identity=who)
            try:
                _start(cohort, "billing-cohort", orders.CARRY_OUT_MEMBERS, who, act.id)
            except GatewayError:
                limits.release(act.id)
                _move(cohort, (Stage.RUNNING,), Stage.WEIGHED)
                raise
            act.after = {"stage": Stage.RUNNING}
    if over:
        raise BeyondLimits(over)


def propose(person: User, cohort: Cohort, title: str) -> Proposal:
    over = limits.beyond(person, cohort.namespace, asked_of(cohort))
    _move(cohort, (Stage.WEIGHED,), Stage.PROPOSED)
    try:
        return proposals.of_cohort(person, cohort, title, over)
    except GatewayError:
        _move(cohort, (Stage.PROPOSED,), Stage.WEIGHED)
        raise


def stop(person: User, cohort: Cohort) -> None:
    """What is under way comes to its end; what waits is left out."""
    with _recorded(person, cohort, "stop") as act:
        now = timezone.now()
        _move(cohort, (Stage.RUNNING,), Stage.STOPPED, ended_at=now)
        left = cohort.members.filter(state=State.ELIGIBLE)
        count = left.update(state=State.LEFT, says=f"Stopped by {proposals.name_of(person)}.")
        act.after = {"stage": Stage.STOPPED, "left out": count}


def discard(person: User, cohort: Cohort) -> None:
    with _recorded(person, cohort, "discard") as act:
        _move(cohort, (Stage.WEIGHING, Stage.WEIGHED), Stage.DISCARDED, ended_at=timezone.now())
        act.after = {"stage": Stage.DISCARDED}


#: What a cohort in this stage is being worked on by.
WORK = {
    Stage.WEIGHING: ("billing-weighing", orders.WEIGH),
    Stage.RUNNING: ("billing-cohort", orders.CARRY_OUT_MEMBERS),
}


def is_lost(cohort: Cohort) -> bool:
    """Its system workflow was ended from outside, though there is work left."""
    if cohort.stage not in WORK:
        return False
    name, _ = WORK[Stage(cohort.stage)]
    approved = Proposal.objects.filter(cohort=cohort, stage=Proposal.Stage.APPROVED).first()
    workflow_id = approved.approval_id if approved else f"{name}/{cohort.token}"
    try:
        run = workflows.describe(RunKey(system.NAMESPACE, workflow_id, ""))
    except GatewayError as error:
        return error.trouble is Trouble.NOT_FOUND
    return not run.summary.is_open


def go_on(person: User, cohort: Cohort) -> None:
    """Begins its system workflow anew; one that is there after all just goes on."""
    with _recorded(person, cohort, "go on") as act:
        if cohort.stage not in WORK:
            raise Refusal(409, f"That is not possible now: it is {cohort.get_stage_display()}.")
        name, activity = WORK[Stage(cohort.stage)]
        _start(cohort, name, activity, act.identity, act.id)
        act.after = {"stage": cohort.stage}


@contextmanager
def _recorded(person: User, cohort: Cohort, what: str) -> Iterator[Act]:
    """A refusal is on the record too."""
    refusal: Refusal | None = None
    asked = {"what": what, "query": cohort.query} | cohort.wish
    with record(
        person,
        "billing.cohort",
        namespace=cohort.namespace,
        target=str(cohort),
        reason=cohort.reason,
        before={"stage": cohort.stage},
        asked=asked,
    ) as act:
        try:
            yield act
        except Refusal as no:
            act.refused, refusal = str(no), no
            limits.release(act.id)
    if refusal:
        raise refusal


def _move(
    cohort: Cohort, expected: tuple[Cohort.Stage, ...], stage: Cohort.Stage, **changes: object
) -> None:
    moved = Cohort.objects.filter(pk=cohort.pk, stage__in=expected).update(stage=stage, **changes)
    cohort.refresh_from_db()
    if not moved:
        raise Refusal(409, f"That is not possible now: it is {cohort.get_stage_display().lower()}.")


def carry_out_approved(proposal: Proposal, alive: Alive) -> bool:
    """A chunk of the cohort that was approved; True while some are left."""
    assert proposal.cohort is not None
    Cohort.objects.filter(pk=proposal.cohort.pk, stage=Stage.PROPOSED).update(
        stage=Stage.RUNNING,
        actor=proposals.actor_of(proposal),
        identity=proposals.identity_of(proposal),
    )
    if carry_out_some(Cohort.objects.select_related("person").get(pk=proposal.cohort.pk), alive):
        return True
    proposals.end(proposal, Proposal.Stage.DONE, "")
    return False


def carry_out_some(cohort: Cohort, alive: Alive) -> bool:
    """One chunk; True while some are left."""
    if cohort.stage not in {Stage.RUNNING, Stage.STOPPED}:
        return False
    members = _claimed(cohort)
    errands = {member.pk: _errand(cohort, member) for member in members}
    entries = {number: carrying.begin(errand) for number, errand in errands.items()}

    def sent(member: Member) -> Carried | GatewayError:
        try:
            return carrying.known(entries[member.pk]) or carrying.send(errands[member.pk])
        except GatewayError as error:
            return error

    away: GatewayError | None = None
    for member, came in zip(members, _at_once(sent, members, alive), strict=True):
        if isinstance(came, Carried):
            carrying.conclude(entries[member.pk], errands[member.pk], came)
            state = State.DONE if came.done else State.REFUSED
            Member.objects.filter(pk=member.pk).update(state=state, says=came.says)
        elif came.trouble is Trouble.SLOW:
            _tried(member)
        else:
            away = came
    if away:
        raise away
    return _go_on(cohort)


def _claimed(cohort: Cohort) -> list[Member]:
    """What a try before left half done, or the next ones: a stop leaves out neither."""
    claimed = cohort.members.filter(state=State.CLAIMED)
    if not claimed.exists():
        some = cohort.members.filter(state=State.ELIGIBLE).values("pk")[: orders.CHUNK_MEMBERS]
        running = Q(cohort__stage=Stage.RUNNING)
        Member.objects.filter(
            running, pk__in=[row["pk"] for row in some], state=State.ELIGIBLE
        ).update(state=State.CLAIMED)
    return list(claimed.all())


def _tried(member: Member) -> None:
    if member.tries + 1 < TRIES_MAX:
        Member.objects.filter(pk=member.pk).update(tries=F("tries") + 1)
        return
    says = "It did not answer. Whether it was changed stands in its ledger."
    Member.objects.filter(pk=member.pk).update(state=State.UNKNOWN, says=says)


def _go_on(cohort: Cohort) -> bool:
    open_states = (State.CLAIMED, State.ELIGIBLE)
    if cohort.members.filter(state__in=open_states).exists():
        return True
    running = Cohort.objects.filter(pk=cohort.pk, stage=Stage.RUNNING)
    running.update(stage=Stage.FINISHED, ended_at=timezone.now())
    return False


def _errand(cohort: Cohort, member: Member) -> Errand:
    return Errand(
        act=member.act,
        person=cohort.person,
        actor=cohort.actor,
        identity=cohort.identity,
        key=RunKey(cohort.namespace, member.workflow_id, member.run_id),
        kind=kinds.BY_NAME[member.kind],
        argument=member.argument,
        noun=member.noun,
        before=member.before,
        reason=f"{cohort.reason} ({cohort})",
    )
