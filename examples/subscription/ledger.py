"""The entries and totals.

Money counts when it moved: a pending entry changes no total.
"""

from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from console.billing.contract import EntryKind, EntryState, LedgerEntry, Money, money
from examples.subscription.model import SubscriptionState

#: Who acts when nobody does.
SCHEDULE = "schedule"


def open_charge(state: SubscriptionState, at: datetime, amount: Money, attempt: int) -> LedgerEntry:
    number, last = state.billing_period, state.terms.max_billing_periods
    entry = LedgerEntry(
        sequence=state.next_sequence,
        at=at,
        kind=EntryKind.CHARGE,
        state=EntryState.PENDING,
        billing_period=number,
        amount=amount,
        description=f"Period {number} of {last}" + (f", attempt {attempt}" if attempt > 1 else ""),
        actor=SCHEDULE,
        reason="",
        audit_reference="",
    )
    return add(state, entry)


def skip_charge(state: SubscriptionState, at: datetime) -> LedgerEntry:
    """Nothing is asked of the provider."""
    nothing = money(Decimal(0), state.terms.charge.currency)
    entry = open_charge(state, at, nothing, 1)
    description = f"{entry.description}, free"
    return _put(state, replace(entry, state=EntryState.BOOKED, description=description))


def add(state: SubscriptionState, entry: LedgerEntry) -> LedgerEntry:
    assert entry.sequence == state.next_sequence
    state.entries.append(entry)
    state.next_sequence += 1
    return entry


def book(
    state: SubscriptionState, entry: LedgerEntry, reference: str, amount: Money | None = None
) -> LedgerEntry:
    """The money moved; `amount` is what really did, where that may differ."""
    moved = amount or entry.amount
    assert moved is not None
    if entry.kind is EntryKind.CHARGE:
        state.charged = plus(state.charged, moved.value)
    else:
        state.refunded = plus(state.refunded, -moved.value)
    booked = replace(entry, state=EntryState.BOOKED, provider_reference=reference, amount=moved)
    return _put(state, booked)


def give_up(
    state: SubscriptionState, entry: LedgerEntry, outcome: EntryState, reason: str
) -> LedgerEntry:
    """No money moved."""
    why = f"{entry.reason}: {reason}" if entry.reason else reason
    return _put(state, replace(entry, state=outcome, reason=why))


def _put(state: SubscriptionState, entry: LedgerEntry) -> LedgerEntry:
    at = next(i for i, old in enumerate(state.entries) if old.sequence == entry.sequence)
    state.entries[at] = entry
    return entry


def charge_booked(state: SubscriptionState, billing_period: int) -> LedgerEntry | None:
    booked = (
        entry
        for entry in state.entries
        if entry.kind is EntryKind.CHARGE
        and entry.billing_period == billing_period
        and entry.state is EntryState.BOOKED
    )
    return next(booked, None)


def refundable(state: SubscriptionState, charge: LedgerEntry) -> Money:
    """What is left of a charge after its refunds; one that is under way counts."""
    assert charge.amount is not None
    given_back = sum(
        (
            entry.amount.value
            for entry in state.entries
            if entry.kind is EntryKind.REFUND
            and entry.billing_period == charge.billing_period
            and entry.state in (EntryState.BOOKED, EntryState.PENDING)
            and entry.amount is not None
        ),
        Decimal(0),
    )
    return plus(charge.amount, given_back)


def plus(amount: Money, change: Decimal) -> Money:
    return money(amount.value + change, amount.currency)
