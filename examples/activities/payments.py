from dataclasses import asdict, dataclass

from temporalio import activity, workflow

from console.billing.contract import Money
from examples.activities.options import PATIENT
from examples.providers.client import ProviderClient


@dataclass(frozen=True)
class ChargeRequest:
    #: One key is one charge, whatever is retried.
    key: str
    customer_id: str
    #: Last four digits.
    card: str
    money: Money
    description: str


@dataclass(frozen=True)
class Payment:
    payment_id: str
    #: What was taken: on a repeated key, the amount of the first time.
    money: Money


@dataclass(frozen=True)
class RefundRequest:
    key: str
    customer_id: str
    payment_id: str
    money: Money


@dataclass(frozen=True)
class CallOffRequest:
    key: str
    customer_id: str


class PaymentActivities:
    def __init__(self, providers: ProviderClient) -> None:
        self._providers = providers

    @activity.defn
    async def charge_card(self, request: ChargeRequest) -> Payment:
        body = asdict(request) | asdict(request.money)
        return _payment(await self._providers.post("/payments/charges", body))

    @activity.defn
    async def refund_payment(self, request: RefundRequest) -> str:
        body = asdict(request) | asdict(request.money)
        answer = await self._providers.post("/payments/refunds", body)
        return str(answer["refund_id"])

    @activity.defn
    async def call_off_charge(self, request: CallOffRequest) -> Payment | None:
        """Make sure that no money is taken under this key; the payment, if it already was."""
        answer = await self._providers.post("/payments/bar", asdict(request))
        return _payment(answer) if answer["done"] else None


def _payment(answer: dict[str, str]) -> Payment:
    return Payment(answer["payment_id"], Money(answer["amount"], answer["currency"]))


async def charge(request: ChargeRequest) -> Payment:
    return await workflow.execute_activity_method(
        PaymentActivities.charge_card,
        request,
        summary=f"{request.description}: {request.money}",
        **PATIENT,
    )


async def refund(request: RefundRequest) -> str:
    return await workflow.execute_activity_method(
        PaymentActivities.refund_payment,
        request,
        summary=f"{request.money} of {request.payment_id}",
        **PATIENT,
    )


async def call_off(request: ChargeRequest) -> Payment | None:
    return await workflow.execute_activity_method(
        PaymentActivities.call_off_charge,
        CallOffRequest(request.key, request.customer_id),
        summary=f"Call off: {request.description}",
        **PATIENT,
    )
