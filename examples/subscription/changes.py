"""What the updates change. Each `plan_…` answers what would be; each `book_…` makes it so."""

from dataclasses import replace
from datetime import datetime

from console.billing.contract import (
    AdjustCharge,
    AdjustPeriod,
    Change,
    EntryKind,
    EntryState,
    ForecastRow,
    LedgerEntry,
    Money,
    Outcome,
    Refund,
    SkipPeriod,
    Terms,
    money,
)
from examples.subscription import dates, forecast, ledger
from examples.subscription.model import SubscriptionState
from examples.subscription.refusals import Asked, checked_amount


def plan_charge(state: SubscriptionState, asked: AdjustCharge) -> tuple[Terms, Outcome]:
    amount = checked_amount(state, asked.amount)
    first = forecast.first_to_come(state)
    if asked.periods == 0:
        terms = replace(state.terms, charge=amount, temporary_charge=None, temporary_through=0)
    else:
        through = first + asked.periods - 1
        terms = replace(state.terms, temporary_charge=amount, temporary_through=through)
    rows, difference = forecast.compare(state, terms, state.due_at)
    before = str(forecast.charge_of(state.terms, first))
    return terms, _planned(
        asked, state, before=before, after=str(amount), difference=difference, rows=rows
    )


def book_charge(
    state: SubscriptionState, asked: AdjustCharge, now: datetime, terms: Terms, planned: Outcome
) -> Outcome:
    first = forecast.first_to_come(state)
    count = asked.periods
    scope = f"periods {first} to {first + count - 1}" if count else f"from period {first} on"
    entry = _adjustment(state, asked, now, planned, scope)
    before = forecast.charge_of(state.terms, first)
    after = forecast.charge_of(terms, first)
    entry = replace(
        entry,
        kind=EntryKind.CHARGE_ADJUSTMENT,
        amount=money(after.value - before.value, after.currency),
    )
    ledger.add(state, entry)
    state.terms = terms
    _record(state, asked, now, f"changed the charge from {planned.before} to {planned.after}")
    return replace(planned, version=state.version, entry=entry)


def plan_period(
    state: SubscriptionState, asked: AdjustPeriod, now: datetime
) -> tuple[Terms, datetime, Outcome]:
    """The running period is stretched or cut, though never into the past; a trial is not."""
    terms = replace(state.terms, period=asked.period)
    due_at = state.due_at
    if state.period_started_at is not None:
        anchor = state.anchor_day
        due_at = max(now, dates.after(state.period_started_at, asked.period, anchor))
    rows, difference = forecast.compare(state, terms, due_at)
    before, after = str(state.terms.period), str(asked.period)
    return (
        terms,
        due_at,
        _planned(asked, state, before=before, after=after, difference=difference, rows=rows),
    )


def book_period(
    state: SubscriptionState,
    asked: AdjustPeriod,
    *,
    now: datetime,
    planned: Outcome,
    terms: Terms,
    due_at: datetime,
) -> Outcome:
    scope = f"next charge {due_at:%Y-%m-%d %H:%M:%S} UTC"
    entry = ledger.add(state, _adjustment(state, asked, now, planned, scope))
    state.terms, state.due_at = terms, due_at
    _record(state, asked, now, f"changed the period from {planned.before} to {planned.after}")
    return replace(planned, version=state.version, entry=entry)


def plan_skip(state: SubscriptionState, asked: SkipPeriod) -> tuple[Terms, Outcome]:
    number = asked.billing_period
    terms = replace(state.terms, skipped=sorted({*state.terms.skipped, number}))
    rows, difference = forecast.compare(state, terms, state.due_at)
    before, after = forecast.charge_of(state.terms, number), forecast.charge_of(terms, number)
    return terms, _planned(
        asked, state, before=str(before), after=str(after), difference=difference, rows=rows
    )


def book_skip(
    state: SubscriptionState, asked: SkipPeriod, now: datetime, terms: Terms, planned: Outcome
) -> Outcome:
    number = asked.billing_period
    entry = _adjustment(state, asked, now, planned, f"Period {number} is free")
    entry = replace(
        entry,
        kind=EntryKind.PERIOD_SKIP,
        billing_period=number,
        amount=planned.difference,
    )
    ledger.add(state, entry)
    state.terms = terms
    _record(state, asked, now, f"made period {number} free")
    return replace(planned, version=state.version, entry=entry)


def plan_refund(state: SubscriptionState, asked: Refund) -> tuple[LedgerEntry, Outcome]:
    amount = checked_amount(state, asked.amount)
    charge = ledger.charge_booked(state, asked.billing_period)
    assert charge is not None, "the validator let a refund of nothing pass"
    left = ledger.refundable(state, charge)
    after = ledger.plus(left, -amount.value)
    minus = money(-amount.value, amount.currency)
    return charge, _planned(
        asked, state, before=str(left), after=str(after), difference=minus, rows=[]
    )


def open_refund(
    state: SubscriptionState, asked: Refund, now: datetime, planned: Outcome
) -> LedgerEntry:
    """The version moves now, not when the provider has answered: nobody refunds it twice."""
    entry = _adjustment(state, asked, now, planned, f"Refund of period {asked.billing_period}")
    entry = replace(
        entry,
        kind=EntryKind.REFUND,
        state=EntryState.PENDING,
        billing_period=asked.billing_period,
        amount=planned.difference,
    )
    ledger.add(state, entry)
    what = f"refunded {asked.amount} of period {asked.billing_period}"
    _record(state, asked, now, what)
    return entry


def _planned(
    asked: Asked,
    state: SubscriptionState,
    *,
    before: str,
    after: str,
    difference: Money,
    rows: list[ForecastRow],
) -> Outcome:
    return Outcome(
        dry_run=asked.dry_run,
        version=state.version,
        before=before,
        after=after,
        rows=rows,
        difference=difference,
        entry=None,
    )


def _adjustment(
    state: SubscriptionState,
    asked: Asked,
    now: datetime,
    planned: Outcome,
    description: str,
) -> LedgerEntry:
    return LedgerEntry(
        sequence=state.next_sequence,
        at=now,
        kind=EntryKind.PERIOD_ADJUSTMENT,
        state=EntryState.BOOKED,
        billing_period=forecast.first_to_come(state),
        amount=None,
        description=description,
        actor=asked.actor,
        reason=asked.reason,
        audit_reference=asked.audit_reference,
        before=planned.before,
        after=planned.after,
    )


def _record(
    state: SubscriptionState,
    asked: Asked,
    now: datetime,
    what: str,
) -> None:
    state.version += 1
    state.last_change = Change(state.version, what, asked.actor, now)
