"""All periods of a subscription as one drawing: what was charged, what is due, what is ahead."""

import calendar
from dataclasses import dataclass
from datetime import datetime, timedelta

from console.billing.contract import (
    EntryKind,
    EntryState,
    Ledger,
    LedgerEntry,
    Period,
    PeriodUnit,
    Phase,
)

GAP = 0.16
#: More periods than this are not drawn one by one.
DRAWN_MAX = 400
MONTHS_OF_YEAR = 12
CHARGED, DUE, FAILED, AHEAD, FREE = "charged", "due", "failed", "ahead", "free"
ADJUSTS = {EntryKind.CHARGE_ADJUSTMENT, EntryKind.PERIOD_ADJUSTMENT, EntryKind.PERIOD_SKIP}
WORDS = {
    CHARGED: "charged",
    DUE: "being charged",
    FAILED: "not charged",
    AHEAD: "ahead",
    FREE: "free",
}
CSS = {
    CHARGED: "period",
    DUE: "period-due",
    FAILED: "period-failed",
    AHEAD: "period-ahead",
    FREE: "period-free",
}


@dataclass(frozen=True, slots=True)
class Box:
    css: str
    x: str
    y: int
    width: str
    height: int
    title: str


@dataclass(frozen=True, slots=True)
class Mark:
    kind: str
    x: str
    y: float


@dataclass(frozen=True, slots=True)
class Label:
    x: str
    text: str
    anchor: str
    css: str
    line: bool


@dataclass(frozen=True, slots=True)
class Drawing:
    says: str
    boxes: list[Box]
    marks: list[Mark]
    labels: list[Label]
    has: set[str]


def draw(ledger: Ledger, retrying: bool) -> Drawing:
    count = min(ledger.terms.max_billing_periods, DRAWN_MAX)
    states = [_state(ledger, number, retrying) for number in range(1, count + 1)]
    tall = {number for number, state in enumerate(states, 1) if state == DUE}
    marks = _marks(ledger, count, tall)
    return Drawing(
        says=_says(states),
        boxes=[_box(number, state, count) for number, state in enumerate(states, 1)],
        marks=marks,
        labels=_labels(ledger, count),
        has=set(states) | {mark.kind for mark in marks},
    )


def _state(ledger: Ledger, number: int, retrying: bool) -> str:
    if number in ledger.terms.skipped:
        return FREE
    if number > ledger.billing_period:
        return AHEAD
    charges = [
        entry
        for entry in ledger.entries
        if entry.kind is EntryKind.CHARGE and entry.billing_period == number
    ]
    if any(entry.state is EntryState.BOOKED for entry in charges):
        return CHARGED
    is_now = number == ledger.billing_period
    if is_now and (retrying or ledger.phase is Phase.PAST_DUE or _pending(charges)):
        return DUE
    # Older charges are in the archive; only what went well lets a subscription grow old.
    return FAILED if charges or not ledger.older_entries else CHARGED


def _pending(charges: list[LedgerEntry]) -> bool:
    return any(entry.state is EntryState.PENDING for entry in charges)


def _box(number: int, state: str, count: int) -> Box:
    width = 100 / count
    x = (number - 1) * width + GAP * width / 2
    y, height = (14, 16) if state == DUE else (18, 8)
    title = f"Period {number}: {WORDS[state]}"
    return Box(CSS[state], f"{x:.2f}%", y, f"{width * (1 - GAP):.2f}%", height, title)


def _marks(ledger: Ledger, count: int, tall: set[int]) -> list[Mark]:
    seen: set[tuple[str, int]] = set()
    for entry in ledger.entries:
        if entry.kind in ADJUSTS:
            seen.add(("adjusted", entry.billing_period))
        if entry.kind is EntryKind.REFUND and entry.state is not EntryState.FAILED:
            seen.add(("refunded", entry.billing_period))
    marks = []
    for kind, number in sorted(seen):
        if 1 <= number <= count:
            x = (number - 0.5) * 100 / count
            both = kind == "refunded" and ("adjusted", number) in seen
            y = (5 if number in tall else 8) - (7 if both else 0)
            marks.append(Mark(kind, f"{x:.2f}%", y))
    return marks


def _labels(ledger: Ledger, count: int) -> list[Label]:
    labels = [Label("0%", _day(starts_at(ledger, 1)), "start", "", True)]
    if ledger.terms.period == Period(1, PeriodUnit.MONTH):
        labels += [
            Label(f"{100 * (number - 1) / count:.2f}%", text, "start", "only-wide", True)
            for number in range(1 + MONTHS_OF_YEAR, count, MONTHS_OF_YEAR)
            if abs(number - ledger.billing_period) > 2 and count - number > 3
            for text in [_day(starts_at(ledger, number))]
        ]
    if 3 < ledger.billing_period < count - 3:
        x = f"{100 * (ledger.billing_period - 0.5) / count:.2f}%"
        labels.append(Label(x, f"{ledger.billing_period}, now", "middle", "now-text", False))
    if ledger.due_at:
        ends = f"ends {_day(starts_at(ledger, ledger.terms.max_billing_periods + 1))}"
        labels.append(Label("100%", ends, "end", "", False))
    return labels


def starts_at(ledger: Ledger, number: int) -> datetime:
    """By the terms of now, counted from the next charge; from the start when there is none."""
    if ledger.due_at is None:
        return after(ledger.started_at, ledger.terms.period, number - 1)
    return after(ledger.due_at, ledger.terms.period, number - ledger.billing_period - 1)


def after(at: datetime, period: Period, times: int) -> datetime:
    """A date that no calendar has is the last one that there is."""
    try:
        return _after(at, period, times)
    except (ValueError, OverflowError):
        return datetime.max.replace(tzinfo=at.tzinfo)


def _after(at: datetime, period: Period, times: int) -> datetime:
    steps = period.count * times
    if period.unit is PeriodUnit.DAY:
        return at + timedelta(days=steps)
    if period.unit is PeriodUnit.SECOND:
        return at + timedelta(seconds=steps)
    years, month = divmod(at.month - 1 + steps, MONTHS_OF_YEAR)
    year, month = at.year + years, month + 1
    return at.replace(year=year, month=month, day=min(at.day, calendar.monthrange(year, month)[1]))


def _day(at: datetime) -> str:
    return f"{at.day} {at:%b %Y}"


def _says(states: list[str]) -> str:
    counted = [f"{states.count(state)} {word}" for state, word in WORDS.items() if state in states]
    return f"{len(states)} periods: {', '.join(counted)}"
