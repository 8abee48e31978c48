"""A cohort: frozen, weighed by dry runs, carried out; each step in chunks that may be cut off.

    weighing ──all weighed──▶ weighed ──within the limits──▶ running ──▶ … (`rollout.py`)
                                │ ▲   └──beyond──▶ proposed ──approved──┘
                                │ └── rejected, expired ──┘
                                └──discard──▶ discarded

A member keeps the version and the period that it was weighed with: one that was changed or charged
meanwhile refuses, and says so. So what is carried out is what was shown, or less.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from decimal import Decimal
from typing import TypeVar

from django.conf import settings
from django.contrib.auth.models import User
from django.db import DataError, transaction
from django.utils import timezone

from console.audit.record import Act, called, identity, record
from console.billing import effects, limits, orders, reading, rights, wishes
from console.billing.contract import SUBSCRIPTIONS_QUERY
from console.billing.limits import Asked
from console.billing.models import About, Cohort, Member, Proposal
from console.billing.orders import Chunks
from console.billing.reading import NotTheContract, Refused
from console.billing.wishes import Unfit, Weight
from console.gateway import sound, steering, system, workflows
from console.gateway.channel import GatewayError, Trouble
from console.gateway.runs import RunKey, RunSummary
from console.ui import words
from console.ui.refusals import Refusal

Stage, State = Cohort.Stage, Member.State
MEMBERS_MAX = 10_000
PAGE = 1_000
NO_WORKER = "No billing worker has run on this server yet: start `manage.py billing_worker`."

T = TypeVar("T")
Alive = Callable[[], object]


@transaction.atomic
def freeze(
    person: User, namespace: str, query: str, wish: dict[str, object], reason: str
) -> Cohort:
    rights.check(person, namespace, wish["change"])
    cohort = Cohort.objects.create(
        namespace=namespace,
        query=query,
        wish=wish,
        reason=reason,
        person=person,
        who=called(person),
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
    start(cohort, "billing-weighing", orders.WEIGH, who, str(cohort.token))


def start(cohort: Cohort, name: str, activity: str, who: str, request_id: str) -> None:
    work = Chunks(activity, cohort.pk, str(cohort), cohort.actor or cohort.who)
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

    for member, found in zip(members, at_once(weighed, members, alive), strict=True):
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
    """Another attempt that was given up while it lived may come late: what stands stays."""
    still = Member.objects.filter(pk=member.pk, state=State.WAITING)
    try:
        with transaction.atomic():
            still.update(**_outcome(found))
    except (DataError, ArithmeticError, ValueError):
        still.update(**_outcome("it answers with more than the console keeps"))


def _outcome(found: Weight | str) -> dict[str, object]:
    if isinstance(found, str):
        return {"state": State.INELIGIBLE, "says": sound.text(found)}
    effect = found.effect
    return {
        "state": State.ELIGIBLE,
        "kind": found.kind.name,
        "argument": found.argument,
        "noun": found.noun,
        "before": found.outcome.before,
        "after": found.outcome.after,
        "currency": effect.currency,
        "difference": effect.difference,
        "weight": effect.weight,
        "monthly": effect.monthly.quantize(Decimal("1E-8")),
        "first_period": found.first_period,
    }


def at_once(work: Callable[[Member], T], members: Sequence[Member], alive: Alive) -> list[T]:
    """Only the server is asked in these threads."""
    found = []
    with ThreadPoolExecutor(orders.AT_ONCE, thread_name_prefix="members") as pool:
        for one in pool.map(work, members):
            alive()
            found.append(one)
    return found


# ---- what it comes to ----


def asked_of(cohort: Cohort) -> Asked:
    """In all, and the largest one, as limits look at them."""
    rows = list(cohort.members.filter(state=State.ELIGIBLE).values_list("currency", "weight"))
    largest: dict[str, Decimal] = {}
    for currency, weight in rows:
        largest[currency] = max(weight, largest.get(currency, weight))
    what = About.REFUND if cohort.wish["change"] == "refund" else About.ADJUSTMENT
    return {About.COHORT: effects.sums(rows), what: largest}


def may_carry_out(person: User, cohort: Cohort) -> None:
    """Also for who lets one go on that another launched. Raises Refusal."""
    rights.check(person, cohort.namespace, cohort.wish["change"], asked_of(cohort))


# ---- its life ----


def discard(person: User, cohort: Cohort) -> None:
    with recorded(person, cohort, "discard") as act:
        move(cohort, (Stage.WEIGHING, Stage.WEIGHED), Stage.DISCARDED, ended_at=timezone.now())
        act.after = {"stage": Stage.DISCARDED}


#: What a cohort in this stage is being worked on by.
CARRYING = ("billing-cohort", orders.CARRY_OUT_MEMBERS)
WORK = {
    Stage.WEIGHING: ("billing-weighing", orders.WEIGH),
    Stage.RUNNING: CARRYING,
    Stage.ASKING: CARRYING,
    Stage.PAUSED: CARRYING,
}


def is_lost(cohort: Cohort) -> bool:
    """Its system workflow was ended from outside, though there is work left."""
    if cohort.stage not in WORK:
        return False
    try:
        return not any(_is_open(run) for run in _system_runs(cohort, WORK[Stage(cohort.stage)][0]))
    except GatewayError:
        # That cannot be told now.
        return False


def look_again(cohort: Cohort, who: str, request_id: str) -> None:
    """Tell what carries it out, and waits, that it may have something to do."""
    for run in _system_runs(cohort, CARRYING[0]):
        try:
            steering.signal(run, orders.LOOK_AGAIN, [], who, request_id)
        except GatewayError as error:
            if error.trouble is not Trouble.NOT_FOUND:
                raise


def _system_runs(cohort: Cohort, name: str) -> list[RunKey]:
    """Its approval, if it had one; the other one, if it had none or went on without it."""
    approved = Proposal.objects.filter(cohort=cohort, stage=Proposal.Stage.APPROVED).first()
    ids = [f"{name}/{cohort.token}", *([approved.approval_id] if approved else [])]
    return [RunKey(system.NAMESPACE, workflow_id, "") for workflow_id in ids]


def _is_open(run: RunKey) -> bool:
    try:
        return workflows.describe(run).summary.is_open
    except GatewayError as error:
        if error.trouble is Trouble.NOT_FOUND:
            return False
        raise


def go_on(person: User, cohort: Cohort) -> None:
    """Begins its system workflow anew; one that is there after all just goes on."""
    may_carry_out(person, cohort)
    with recorded(person, cohort, "go on") as act:
        if cohort.stage not in WORK:
            raise Refusal(409, f"That is not possible now: it is {cohort.get_stage_display()}.")
        name, activity = WORK[Stage(cohort.stage)]
        start(cohort, name, activity, act.identity, act.id)
        act.after = {"stage": cohort.stage}


@contextmanager
def recorded(
    person: User, cohort: Cohort, what: str, how: Mapping[str, object] | None = None
) -> Iterator[Act]:
    """A refusal is on the record too."""
    refusal: Refusal | None = None
    asked = {"what": what, "query": cohort.query} | cohort.wish | dict(how or {})
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


def move(
    cohort: Cohort, expected: tuple[Cohort.Stage, ...], stage: Cohort.Stage, **changes: object
) -> None:
    moved = Cohort.objects.filter(pk=cohort.pk, stage__in=expected).update(stage=stage, **changes)
    cohort.refresh_from_db()
    if not moved:
        raise Refusal(409, f"That is not possible now: it is {cohort.get_stage_display().lower()}.")
