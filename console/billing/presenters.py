"""Ledger, outcome and runs -> template rows; pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from console.billing.contract import (
    CHARGE_EXACT,
    CURRENCIES,
    CUSTOMER_MEMO,
    FORECAST_ROWS_MAX,
    EntryKind,
    EntryState,
    ForecastRow,
    Ledger,
    LedgerEntry,
    Money,
    Outcome,
    Phase,
)
from console.gateway import masks
from console.gateway.runs import PendingActivity, RunDetail, RunSummary
from console.ui import words

#: phase -> (shape, word)
PHASES = {
    Phase.TRIAL: ("waiting", "Trial"),
    Phase.ACTIVE: ("running", "Active"),
    Phase.PAST_DUE: ("retrying", "Past due"),
    Phase.ENDED: ("completed", "Ended"),
    Phase.CANCELLED: ("canceled", "Cancelled"),
    Phase.UNPAID: ("failed", "Unpaid"),
}
OVER = (Phase.ENDED, Phase.CANCELLED, Phase.UNPAID)
KINDS = {
    EntryKind.CHARGE: "Charge",
    EntryKind.REFUND: "Refund",
    EntryKind.CHARGE_ADJUSTMENT: "Adjustment",
    EntryKind.PERIOD_ADJUSTMENT: "Period",
    EntryKind.PERIOD_SKIP: "Skip",
}
STATES = {
    EntryState.PENDING: ("retrying", "Pending"),
    EntryState.BOOKED: ("completed", "Booked"),
    EntryState.DECLINED: ("failed", "Declined"),
    EntryState.FAILED: ("failed", "Failed"),
}


@dataclass(frozen=True, slots=True)
class SubscriptionRow:
    workflow_id: str
    run_id: str
    shape: str
    word: str
    customer: str
    customer_id: str
    plan: str
    period: str
    charge: str
    currency: str
    due_at: datetime | None
    started_at: datetime | None

    @property
    def leads(self) -> bool:
        """Whether the others of this customer can be looked up by its id."""
        return not masks.is_in(self.customer_id)


@dataclass(frozen=True, slots=True)
class EntryRow:
    period: int
    at: datetime
    kind: str
    shape: str
    word: str
    what: str
    why: str
    who: str
    amount: str
    moved: bool
    run_id: str
    event_id: int | None


@dataclass(frozen=True, slots=True)
class ChangeRow:
    period: int
    on_before: str
    on_after: str
    moves: bool
    before: str
    after: str
    changes: bool


@dataclass(frozen=True, slots=True)
class Preflight:
    before: str
    after: str
    rows: list[ChangeRow]
    difference: str
    at: datetime
    #: The last period of the rows, where the change goes on after it.
    goes_on_after: int | None


def subscription_row(run: RunSummary) -> SubscriptionRow:
    has = run.attributes
    shape, word = phase_of(str(has.get("SubscriptionPhase", "")))
    currency = str(has.get("Currency", ""))
    due_at = has.get("DueAt")
    return SubscriptionRow(
        workflow_id=run.key.workflow_id,
        run_id=run.key.run_id,
        shape=shape if run.is_open or word != "Active" else "terminated",
        word=word if run.is_open or word != "Active" else run.status,
        customer=str(run.memo.get(CUSTOMER_MEMO, "")),
        customer_id=str(has.get("CustomerId", "")),
        plan=str(has.get("Plan", "")),
        period=str(has.get("BillingPeriod", "")),
        charge=_charge(has, currency),
        currency=currency,
        due_at=due_at if isinstance(due_at, datetime) and run.is_open else None,
        started_at=run.started_at,
    )


def phase_of(name: str) -> tuple[str, str]:
    return PHASES[Phase(name)] if name in set(Phase) else ("unknown", name or "Unknown")


def standing(ledger: Ledger, run: RunDetail) -> tuple[str, str]:
    """(shape, word): a failing step says more than the phase."""
    if not run.summary.is_open and ledger.phase not in OVER:
        return "terminated", "Its run has ended"
    if charging(run):
        return "retrying", "Charge is retrying"
    if any(activity.failing for activity in run.activities):
        return "retrying", "A step is retrying"
    return PHASES[ledger.phase]


def charging(run: RunDetail) -> PendingActivity | None:
    """The payment that fails and is tried again."""
    words = ("charge", "payment")
    failing = (one for one in run.activities if one.failing)
    return next((one for one in failing if any(word in one.type.lower() for word in words)), None)


def entry_rows(
    entries: list[LedgerEntry], events: Mapping[str, tuple[str, int | None]]
) -> list[EntryRow]:
    """`events`: audit id -> (run id, event id)"""
    return [_entry_row(entry, *events.get(entry.audit_reference, ("", None))) for entry in entries]


def _entry_row(entry: LedgerEntry, run_id: str, event_id: int | None) -> EntryRow:
    shape, word = STATES[entry.state]
    change = f"{entry.before} → {entry.after}" if entry.before != entry.after else ""
    what = words.amounts(", ".join(part for part in (change, entry.description) if part))
    return EntryRow(
        period=entry.billing_period,
        at=entry.at,
        kind=KINDS[entry.kind],
        shape=shape,
        word=word,
        what=what,
        why=entry.reason,
        who=entry.actor.capitalize() if entry.actor == "schedule" else entry.actor,
        amount=amount(entry.amount) if entry.amount else "",
        moved=entry.state in {EntryState.BOOKED, EntryState.PENDING},
        run_id=run_id,
        event_id=event_id,
    )


def preflight(outcome: Outcome, periods: int, at: datetime) -> Preflight:
    """`periods`: how many the subscription has in all."""
    rows = [change_row(row) for row in outcome.rows]
    changed = [row for row in rows if row.changes or row.moves]
    is_cut = len(rows) == FORECAST_ROWS_MAX and changed[-1:] == rows[-1:]
    return Preflight(
        before=words.amounts(outcome.before),
        after=words.amounts(outcome.after),
        rows=changed,
        goes_on_after=rows[-1].period if is_cut and rows[-1].period < periods else None,
        difference=amount(outcome.difference),
        at=at,
    )


def change_row(row: ForecastRow) -> ChangeRow:
    before, after = words.local(row.due_before), words.local(row.due_at)
    seconds = before.date() == after.date()
    form = "%H:%M:%S" if seconds else "%Y-%m-%d"
    return ChangeRow(
        period=row.billing_period,
        on_before=before.strftime(form),
        on_after=after.strftime("%Y-%m-%d" if after == before else form),
        moves=row.due_at != row.due_before,
        before=amount(row.before),
        after=amount(row.after),
        changes=row.before != row.after,
    )


def amount(money: Money) -> str:
    """1,372.00 with a true minus sign; the currency stands in the heading.

    With the digits of its currency, and with all that a workflow says beyond them.
    """
    said = -int(money.value.as_tuple().exponent)
    digits = max(CURRENCIES.get(money.currency, 0), said)
    return f"{money.value:,.{digits}f}".replace("-", "−")


def with_currency(money: Money | None) -> str:
    return f"{amount(money)} {money.currency}" if money else ""


def _charge(has: Mapping[str, Any], currency: str) -> str:
    """The exact amount; where a run writes none, about what the index sorts by, which is a double.

    Who does not see the one does not see the other.
    """
    exact, rounded = has.get(CHARGE_EXACT), has.get("ChargeAmount")
    if masks.is_in(exact) or masks.is_in(rounded):
        return masks.MASK
    if isinstance(exact, str) and PLAIN.fullmatch(exact):
        return f"{Decimal(exact):,}"
    try:
        return f"≈ {Decimal(str(rounded)):,.{CURRENCIES.get(currency, 2)}f}"
    except InvalidOperation:
        return ""


PLAIN = re.compile(r"-?[0-9]{1,40}(\.[0-9]{1,20})?")
