"""Card payments.

POST /payments/charges   key customer_id card amount currency description   -> payment_id
POST /payments/refunds   key customer_id payment_id amount currency         -> refund_id
POST /payments/bar       key customer_id                                    -> done payment_id
GET  /payments/charges?customer_id=    GET /payments/refunds?customer_id=
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from aiohttp import web

from examples.providers import switches
from examples.providers.once import Asked, Desk, Refused, new_id
from examples.providers.switches import Habits

PROVIDER: Final = "payments"


class Payments:
    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._database = desk.database

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post("/payments/charges", self.charge),
            web.post("/payments/refunds", self.refund),
            web.post("/payments/bar", self.bar),
            web.get("/payments/charges", self.charges),
            web.get("/payments/refunds", self.refunds),
        ]

    async def charge(self, request: web.Request) -> web.Response:
        body = await request.json()
        habits = switches.CARDS.get(body["card"], switches.GOOD)
        asked = Asked(PROVIDER, body["key"], body["customer_id"], habits)
        return await self._desk.answer(asked, lambda now: self._charge(body, now))

    def _charge(self, body: Mapping[str, Any], habits: Habits) -> Mapping[str, Any]:
        if habits.refusal and self._declines(body["customer_id"]) < habits.refusals_max:
            self._decline(body, habits)
            raise Refused(habits.refusal, habits.sentence)
        return self._take(body)

    _DECLINES: Final = "select count(*) as count from declines where customer_id = :customer_id"

    def _declines(self, customer_id: str) -> int:
        row = self._database.one(self._DECLINES, customer_id=customer_id)
        return int(row["count"]) if row else 0

    _DECLINE: Final = """
    insert into declines (key, customer_id, code) values (:key, :customer_id, :code)
    """

    def _decline(self, body: Mapping[str, Any], habits: Habits) -> None:
        self._database.execute(
            self._DECLINE, key=body["key"], customer_id=body["customer_id"], code=habits.refusal
        )

    _TAKE: Final = """
    insert into charges (payment_id, key, customer_id, amount, currency, description)
    values (:payment_id, :key, :customer_id, :amount, :currency, :description)
    """

    def _take(self, body: Mapping[str, Any]) -> Mapping[str, Any]:
        payment_id = new_id("pay_", body["key"])
        self._database.execute(
            self._TAKE,
            payment_id=payment_id,
            key=body["key"],
            customer_id=body["customer_id"],
            amount=body["amount"],
            currency=body["currency"],
            description=body["description"],
        )
        return {
            "payment_id": payment_id,
            "amount": body["amount"],
            "currency": body["currency"],
        }

    async def refund(self, request: web.Request) -> web.Response:
        body = await request.json()
        asked = Asked(PROVIDER, body["key"], body["customer_id"], switches.GOOD)
        return await self._desk.answer(asked, lambda _: self._give_back(body))

    _CHARGED: Final = "select amount, currency from charges where payment_id = :payment_id"
    _REFUNDED: Final = "select amount from refunds where payment_id = :payment_id"
    _GIVE_BACK: Final = """
    insert into refunds (refund_id, key, payment_id, amount, currency)
    values (:refund_id, :key, :payment_id, :amount, :currency)
    """

    def _give_back(self, body: Mapping[str, Any]) -> Mapping[str, Any]:
        payment = self._database.one(self._CHARGED, payment_id=body["payment_id"])
        if payment is None:
            raise Refused("PaymentUnknown", f"There is no payment {body['payment_id']}.")
        before = self._database.all(self._REFUNDED, payment_id=body["payment_id"])
        refunded = sum((Decimal(str(row["amount"])) for row in before), Decimal(body["amount"]))
        if refunded > Decimal(payment["amount"]) or body["currency"] != payment["currency"]:
            raise Refused("RefundTooHigh", "More would be refunded than was paid.")
        refund_id = new_id("re_", body["key"])
        self._database.execute(
            self._GIVE_BACK,
            refund_id=refund_id,
            key=body["key"],
            payment_id=body["payment_id"],
            amount=body["amount"],
            currency=body["currency"],
        )
        return {"refund_id": refund_id}

    async def bar(self, request: web.Request) -> web.Response:
        body = await request.json()
        return await self._desk.bar(
            Asked(PROVIDER, body["key"], body["customer_id"], switches.GOOD)
        )

    _CHARGES: Final = "select * from charges where customer_id = :customer_id order by rowid"

    async def charges(self, request: web.Request) -> web.Response:
        customer_id = request.query["customer_id"]
        return web.json_response(self._database.all(self._CHARGES, customer_id=customer_id))

    _REFUNDS: Final = """
    select refunds.* from refunds join charges using (payment_id)
    where customer_id = :customer_id order by refunds.rowid
    """

    async def refunds(self, request: web.Request) -> web.Response:
        customer_id = request.query["customer_id"]
        return web.json_response(self._database.all(self._REFUNDS, customer_id=customer_id))
