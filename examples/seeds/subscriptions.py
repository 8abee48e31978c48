"""Subscriptions in every state. A past that is long enough is charged as soon as a worker runs."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from console.billing.contract import Money, Period, PeriodUnit
from examples.seeds import people
from examples.seeds.start import Fate, Start, seed_id
from examples.subscription import visible
from examples.subscription.model import Card, Plan, SubscriptionOrder
from examples.subscription.workflow import TASK_QUEUE

#: Nobody works on this queue any more.
QUEUE_WITHOUT_WORKER: Final = "subscriptions-emea-legacy"
ACTIVE_COUNT: Final = 70
TO_BE_CANCELLED_COUNT: Final = 8

_SECOND: Final = Period(1, PeriodUnit.SECOND)
_YEAR: Final = Period(12, PeriodUnit.MONTH)
_DAY: Final = timedelta(days=1)
_PLANS: Final = (("Starter", "9.90"), ("Pro", "49.00"), ("Team", "79.50"), ("Enterprise", "129.00"))
_SEATS: Final = (1, 3, 5, 8, 12, 28, 40)
_CURRENCIES: Final = ("EUR", "EUR", "EUR", "NOK", "SEK", "USD")
_CARDS: Final = (
    ("Visa", "4207"),
    ("Visa", "1881"),
    ("Mastercard", "5454"),
    ("Visa", "0127"),
    ("Amex", "8431"),
)


def starts(now: datetime) -> Iterator[Start]:
    yield from in_trial(now)
    yield from active(now)
    yield from stuck(now)
    yield from unpaid(now)
    yield from over(now)


def in_trial(now: datetime) -> Iterator[Start]:
    for number in range(30):
        yield start(now, order("trial", number, started_at=now - _DAY * (number % 13)))
    for number in range(8):
        left = order("trial-timeout", number)
        yield replace(start(now, left), execution_timeout=timedelta(seconds=3))
    for number in range(6):
        legacy = order("legacy", number, started_at=now - _DAY * 30)
        yield replace(start(now, legacy), task_queue=QUEUE_WITHOUT_WORKER)


def active(now: datetime) -> Iterator[Start]:
    for number in range(ACTIVE_COUNT):
        months = 1 + number % 9
        yield start(now, order("active", number, started_at=_months_ago(now, months, number)))
    for number in range(10):
        began = _months_ago(now, 2 + number, number)
        yield start(now, order("yearly", number, started_at=began, period=_YEAR))
    for number in range(12):
        began = _months_ago(now, 18 + number % 7, number)
        yield start(now, order("years", number, started_at=began, periods_per_run=6))
    for number in range(TO_BE_CANCELLED_COUNT):
        yield start(now, order("leaving", number, started_at=_months_ago(now, 2, number)))


def stuck(now: datetime) -> Iterator[Start]:
    for number in range(14):
        began = _months_ago(now, 1, number)
        yield start(now, order("processor-down", number, last4="0119", started_at=began))
    for number in range(6):
        yield start(now, order("mail-down", number, domain="down.example"))


def unpaid(now: datetime) -> Iterator[Start]:
    for number in range(10):
        last4 = ("0002", "0069")[number % 2]
        began = _months_ago(now, 1, number)
        yield start(now, order("past-due", number, last4=last4, started_at=began))
    for number in range(8):
        began = _months_ago(now, 2, number)
        failed = order("unpaid", number, last4="0002", started_at=began, dunning_pause=_SECOND)
        yield start(now, failed)


def over(now: datetime) -> Iterator[Start]:
    for number in range(16):
        began = _months_ago(now, 5, number)
        yield start(now, order("ended", number, started_at=began, max_billing_periods=3))
    for number in range(10):
        yield replace(start(now, order("trial-left", number)), fate=Fate.CANCEL)
    for number in range(6):
        yield replace(start(now, order("fraud", number)), fate=Fate.TERMINATE)


def order(
    kind: str, number: int, *, last4: str = "", domain: str = "", **changes: Any
) -> SubscriptionOrder:
    plan, price = _PLANS[(number + len(kind)) % len(_PLANS)]
    currency = _CURRENCIES[number % len(_CURRENCIES)]
    brand, usual = _CARDS[number % len(_CARDS)]
    made = SubscriptionOrder(
        subscription_id=subscription_id(kind, number),
        customer=people.customer(kind, number, domain),
        card=Card(brand, last4 or usual),
        plan=Plan(plan, _SEATS[(number * 5 + len(kind)) % len(_SEATS)], Money(price, currency)),
    )
    return replace(made, **changes)


def subscription_id(kind: str, number: int) -> str:
    return seed_id("sub", kind, number)


def start(now: datetime, made: SubscriptionOrder) -> Start:
    options = visible.start_options(made, now)
    return Start(
        workflow="Subscription",
        id=options["id"],
        argument=made,
        task_queue=TASK_QUEUE,
        summary=options["static_summary"],
        details=options["static_details"],
        memo=options["memo"],
        attributes=options["search_attributes"],
    )


def _months_ago(now: datetime, months: int, number: int) -> datetime:
    """Trials began so long ago, each in another week, that they are all over."""
    return now - timedelta(days=months * 30.4 + number % 13, hours=number % 24)
