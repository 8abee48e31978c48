"""Activities and Nexus operations that nobody wrote a workflow for: a mail, a charge, a look-up."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from temporalio.common import SearchAttributePair, TypedSearchAttributes

from console.billing.contract import Money
from examples.activities.carrier import Consignment
from examples.activities.mail import Email
from examples.activities.payments import ChargeRequest
from examples.attributes import PROMISED_AT
from examples.fulfilment import shipping
from examples.seeds import people, transfers
from examples.seeds.orders import DEPOT_WITHOUT_WORKER
from examples.seeds.start import Fate, seed_id
from examples.seeds.subscriptions import QUEUE_WITHOUT_WORKER
from examples.subscription import visible
from examples.subscription.workflow import TASK_QUEUE

#: Of the bank's endpoint; the other one is of a bank that has left.
BANK, BANK_THAT_LEFT = "bank", "bank-that-left"
_HOUR: Final = timedelta(hours=1)


@dataclass(frozen=True)
class Activity:
    type: str
    id: str
    argument: Any
    summary: str
    task_queue: str = TASK_QUEUE
    attributes: TypedSearchAttributes = TypedSearchAttributes.empty
    #: 0: without end.
    attempts_max: int = 0
    #: Of all attempts; None: no limit.
    time_limit: timedelta | None = None
    fate: Fate = Fate.RUN


@dataclass(frozen=True)
class Operation:
    name: str
    id: str
    argument: Any
    summary: str
    endpoint: str = BANK
    time_limit: timedelta | None = None
    fate: Fate = Fate.RUN
    attributes: TypedSearchAttributes = TypedSearchAttributes.empty


def activities(now: datetime) -> Iterator[Activity]:
    yield from _mails(now)
    yield from _charges()
    for number in range(5):
        yield _parcel(number, now + _HOUR * (7 * number - 20))


def _mails(now: datetime) -> Iterator[Activity]:
    for number in range(12):
        yield _mail("price-notice", number)
    for number in range(3):
        yield _mail("price-notice-late", number, domain="greylist.example")
    for number in range(3):
        yield _mail("price-notice-lost", number, domain="gone.example")
    for number in range(4):
        promised = now + _HOUR * (9 * number - 22)
        yield _mail("recall", number, domain="down.example", promised_at=promised)
    for number in range(3):
        yield _mail("survey", number, domain="down.example", attempts_max=4)
    for number in range(2):
        yield _mail("newsletter", number, task_queue=QUEUE_WITHOUT_WORKER, fate=Fate.CANCEL)
    yield _mail("newsletter", 2, task_queue=QUEUE_WITHOUT_WORKER, fate=Fate.TERMINATE)


def _charges() -> Iterator[Activity]:
    for number in range(8):
        yield _charge("onboarding", number, "5454")
    for number in range(2):
        yield _charge("onboarding-declined", number, "0002")
    for number in range(3):
        yield _charge("card-check", number, "0119", timedelta(seconds=6))


def _mail(
    kind: str, number: int, *, domain: str = "", promised_at: datetime | None = None, **more: Any
) -> Activity:
    customer = people.customer(kind, number, domain)
    subject = kind.replace("-", " ").capitalize()
    email = Email(
        key=seed_id("mail", kind, number),
        to=customer.email,
        template=kind,
        subject=f"{subject}, {customer.name}",
        body="Dear customer, …",
    )
    return Activity(
        "send_email",
        email.key,
        email,
        f"{kind} to {email.to}",
        attributes=_attributes(customer.customer_id, promised_at),
        **more,
    )


def _charge(kind: str, number: int, card: str, time_limit: timedelta | None = None) -> Activity:
    customer = people.customer(kind, number)
    request = ChargeRequest(
        key=seed_id("fee", kind, number),
        customer_id=customer.customer_id,
        card=card,
        money=Money("149.00", "EUR"),
        description="Onboarding, one day",
    )
    return Activity(
        "charge_card",
        request.key,
        request,
        f"{request.description}: {request.money} · {customer.name}",
        attributes=_attributes(customer.customer_id),
        time_limit=time_limit,
    )


def _parcel(number: int, promised_at: datetime) -> Activity:
    """Nobody packs in that depot."""
    order_id, address = seed_id("ord", "sample", number), people.address(number)
    consignment = Consignment(
        key=f"{order_id}/sample",
        order_id=order_id,
        depot=DEPOT_WITHOUT_WORKER,
        address=f"{address.street}, {address.city}",
        postal_code=address.postal_code,
    )
    return Activity(
        "book_consignment",
        consignment.key,
        consignment,
        f"Samples to {address.city}",
        task_queue=shipping.task_queue(DEPOT_WITHOUT_WORKER),
        attributes=_attributes(people.customer("sample", number).customer_id, promised_at),
    )


def _attributes(customer_id: str, promised_at: datetime | None = None) -> TypedSearchAttributes:
    pairs: list[SearchAttributePair[Any]] = [SearchAttributePair(visible.CUSTOMER_ID, customer_id)]
    if promised_at is not None:
        pairs.append(SearchAttributePair(PROMISED_AT, promised_at))
    return TypedSearchAttributes(pairs)


def operations(now: datetime) -> Iterator[Operation]:
    for number in range(8):
        yield _look_up("treasury", number)
    for number in range(6):
        yield _payout("payout", number)
    for number in range(3):
        yield _payout("payout-refused", number, target="0404")
    for number in range(4):
        yield _payout("payout-waiting", number, target="0503", promised_at=now - _HOUR * number)
    for number in range(3):
        yield _look_up(
            "old-account", number, endpoint=BANK_THAT_LEFT, time_limit=timedelta(seconds=6)
        )
    for number in range(2):
        yield _look_up("audit", number, endpoint=BANK_THAT_LEFT)
    yield _look_up("audit", 2, endpoint=BANK_THAT_LEFT, fate=Fate.TERMINATE)
    # Nobody hears of it: it goes on, asked to be cancelled.
    yield _look_up("audit", 3, endpoint=BANK_THAT_LEFT, fate=Fate.CANCEL)


def _look_up(kind: str, number: int, **more: Any) -> Operation:
    account = transfers.account(kind, number)
    name = kind.replace("-", " ").capitalize()
    identity = seed_id("look", kind, number)
    return Operation("look_up_account", identity, account, f"{name}: {account}", **more)


def _payout(
    kind: str, number: int, *, target: str = "4711", promised_at: datetime | None = None
) -> Operation:
    order = transfers.order(kind, number, target=target)
    customer = people.customer(kind, number)
    return Operation(
        "transfer_money",
        seed_id("pay", kind, number),
        order,
        f"{order.money} to {customer.name}",
        attributes=_attributes(customer.customer_id, promised_at),
    )
