"""What the pages of cohorts need: the effect in all, by currency; who is not eligible, and why."""

from collections import Counter
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.contrib.auth.models import User
from django.db.models import Count, Max, Min, Q, Sum
from django.http import Http404

from console.billing import cohorts, effects, limits, rollout, worker
from console.billing.cohort_forms import FORMS
from console.billing.models import Cohort, Member, Proposal
from console.billing.wishes import Wish
from console.ui.htmx import version_of
from console.ui.pages import BadToken, Pager, place, size_of

State, Stage = Member.State, Cohort.Stage
TAKEN = tuple(state for state in State if state not in {State.WAITING, State.INELIGIBLE})
REASONS_MAX = 20
SHAPES = {
    Stage.WEIGHING: "running",
    Stage.WEIGHED: "waiting",
    Stage.PROPOSED: "waiting",
    Stage.RUNNING: "running",
    Stage.ASKING: "paused",
    Stage.PAUSED: "paused",
    Stage.FINISHED: "completed",
    Stage.STOPPED: "terminated",
    Stage.DISCARDED: "canceled",
}
MEMBER_SHAPES = {
    State.WAITING: "waiting",
    State.ELIGIBLE: "waiting",
    State.INELIGIBLE: "skipped",
    State.CLAIMED: "running",
    State.DONE: "completed",
    State.REFUSED: "failed",
    State.UNKNOWN: "unknown",
    State.LEFT: "canceled",
}


@dataclass(frozen=True, slots=True)
class SumRow:
    currency: str
    count: int
    difference: str
    #: Empty when it happens once.
    monthly: str
    periods: str
    says: str


def cohort_of(namespace: str, number: int) -> Cohort:
    try:
        return Cohort.objects.select_related("person").get(pk=number, namespace=namespace)
    except Cohort.DoesNotExist:
        raise Http404 from None


def listed(namespace: str, query: dict[str, str]) -> dict[str, Any]:
    try:
        number, token, behind = place(query)
        before = int(token or b"0")
    except (BadToken, ValueError):
        number, token, behind, before = 1, b"", (), 0
    size = size_of(query.get("size"))
    found = Cohort.objects.filter(namespace=namespace).annotate(
        members_count=Count("members"),
        done=Count("members", filter=Q(members__state=State.DONE)),
    )
    rows = list((found.filter(pk__lt=before) if before else found)[: size + 1])
    shown = rows[:size]
    more = str(shown[-1].pk).encode() if len(rows) > size else b""
    here = query.get("token", "") if token else ""
    return {
        "rows": [(one, SHAPES[Stage(one.stage)], title(one.wish)) for one in shown],
        "pager": Pager(number, size, len(shown), more, {}, behind, here),
    }


def one(cohort: Cohort, query: dict[str, str], person: User) -> dict[str, Any]:
    counts = dict(cohort.members.order_by().values_list("state").annotate(Count("id")))
    rows = sum_rows(cohort)
    all_of_them = sum(counts.values())
    weighed = all_of_them - counts.get(State.WAITING, 0)
    taken = sum(counts.get(state, 0) for state in TAKEN)
    over = []
    if cohort.stage == Stage.WEIGHED:
        over = limits.beyond(person, cohort.namespace, cohorts.asked_of(cohort))
    concluded = taken - counts.get(State.ELIGIBLE, 0) - counts.get(State.CLAIMED, 0)
    steps = (weighed, all_of_them) if cohort.stage == Stage.WEIGHING else (concluded, taken)
    away = cohort.is_moving and worker.is_away()
    proposal = Proposal.objects.filter(cohort=cohort).first()
    context = {
        "cohort": cohort,
        "title": title(cohort.wish),
        "shape": SHAPES[Stage(cohort.stage)],
        "sums": rows,
        "reasons": _reasons(cohort),
        "all": all_of_them,
        "taken": taken,
        "ineligible": counts.get(State.INELIGIBLE, 0),
        "done_steps": steps[0],
        "of_steps": steps[1],
        "percent": 100 * steps[0] // steps[1] if steps[1] else 100,
        "over": over,
        "worker_away": away,
        "proposal": proposal,
        "lost": cohorts.is_lost(cohort),
        "missed": sum(counts.get(state, 0) for state in rollout.MISSED),
        "silent": counts.get(State.UNKNOWN, 0),
        "canary_says": _canary(cohort) if cohort.canary else "",
        "version": version(cohort),
    }
    return context | _members(cohort, counts, query)


def version(cohort: Cohort) -> str:
    """What the open page looks for: nobody but the console's own tables is asked."""
    counts = cohort.members.order_by().values_list("state").annotate(Count("id"))
    return version_of(cohort.stage, cohort.says, sorted(counts))


def _canary(cohort: Cohort) -> str:
    """What came of the first ones: "4 done, 1 refused"."""
    first = cohort.members.filter(state__in=rollout.CONCLUDED).order_by("concluded_at", "id")
    found = Counter(first.values_list("state", flat=True)[: cohort.canary])
    return ", ".join(f"{found[one]} {one.label.lower()}" for one in State if found[one])


def sum_rows(cohort: Cohort) -> list[SumRow]:
    found = (
        cohort.members.filter(state__in=TAKEN)
        .order_by("currency")
        .values_list("currency")
        .annotate(
            how_many=Count("id"),
            in_all=Sum("difference"),
            a_month=Sum("monthly"),
            first=Min("first_period", filter=Q(first_period__gt=0)),
            last=Max("first_period"),
        )
    )
    return [_sum_row(cohort.wish, row) for row in found]


def _sum_row(wish: Wish, row: tuple[str, int, Decimal, Decimal, int | None, int]) -> SumRow:
    currency, count, difference, monthly, first, last = row
    in_all = effects.written(difference, currency, sign=True)
    a_month = effects.written(monthly, currency, sign=True) if monthly else ""
    periods = _periods(wish, first, last)
    effect = f"{a_month} a month" if a_month else f"{in_all} in all"
    noun = "subscription" if count == 1 else "subscriptions"
    parts = [f"{count:,} {noun}", f"{what(wish)} {periods}".strip(), effect]
    return SumRow(currency, count, in_all, a_month, periods, ", ".join(parts))


def headline(cohort: Cohort) -> str:
    """1,284 subscriptions, +2.00 EUR from period 8, +2,568.00 EUR a month"""
    return "; ".join(row.says for row in sum_rows(cohort)) or "no subscription"


def what(wish: Wish) -> str:
    match wish["change"]:
        case "add":
            return effects.written(Decimal(wish["amount"]), wish["currency"], sign=True)
        case "set":
            return f"at {effects.written(Decimal(wish['amount']), wish['currency'])}"
        case "percent":
            return f"{Decimal(wish['amount']):+} %".replace("-", "−")
        case "period":
            unit = wish["unit"]
            return f"every {unit}" if wish["count"] == 1 else f"every {wish['count']} {unit}s"
        case "skip":
            return "free"
        case _:
            amount = wish["amount"]
            back = effects.written(Decimal(amount), wish["currency"]) if amount else "all"
            return f"{back} of the newest charge back"


def title(wish: Wish) -> str:
    return f"{FORMS[wish['change']].title}: {what(wish)}"


def _periods(wish: Wish, first: int | None, last: int) -> str:
    if not first:
        return ""
    if wish["change"] == "skip":
        return f"in period {last}" if first == last else f"in periods {first} to {last}"
    begins = f"from period {first}" if first == last else f"from periods {first} to {last}"
    count = wish.get("periods", 0)
    return begins if not count else f"{begins}, for {count} charge{'s' if count > 1 else ''}"


def _reasons(cohort: Cohort) -> list[tuple[str, int]]:
    rows = cohort.members.filter(state=State.INELIGIBLE).order_by().values_list("says")
    return list(rows.annotate(how_many=Count("id")).order_by("-how_many", "says")[:REASONS_MAX])


def _members(cohort: Cohort, counts: dict[str, int], query: dict[str, str]) -> dict[str, Any]:
    state = query.get("state", "") if query.get("state") in State.values else ""
    try:
        number, token, behind = place(query)
        after = int(token or b"0")
    except (BadToken, ValueError):
        number, token, behind, after = 1, b"", (), 0
    size = size_of(query.get("size"))
    chosen = (
        cohort.members.filter(state=state)
        if state
        else cohort.members.exclude(state=State.INELIGIBLE)
    )
    found = chosen.filter(pk__gt=after)
    rows = list(found[: size + 1])
    shown = rows[:size]
    more = str(shown[-1].pk).encode() if len(rows) > size else b""
    here = query.get("token", "") if token else ""
    return {
        "members": [(member, *_member_words(member)) for member in shown],
        "states": [(one.value, one.label, counts[one]) for one in State if counts.get(one)],
        "state": state,
        "pager": Pager(number, size, len(shown), more, {"state": state}, behind, here),
    }


def _member_words(member: Member) -> tuple[str, str]:
    """(shape, the difference in all)"""
    amount = (
        effects.written(member.difference, member.currency, sign=True) if member.currency else ""
    )
    return MEMBER_SHAPES[State(member.state)], amount
