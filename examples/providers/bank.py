"""A bank's accounts; every account opens with the same balance when it is first seen.

POST /bank/withdrawals   key account amount currency reference   -> movement_id
POST /bank/deposits      key account amount currency reference   -> movement_id
POST /bank/returns       key account of reference                -> movement_id
POST /bank/bar           key account                             -> done movement_id
GET  /bank/accounts/{account}                                    -> balance movements
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from aiohttp import web

from examples.providers import switches
from examples.providers.database import Database
from examples.providers.once import Asked, Desk, Refused, new_id
from examples.providers.switches import Habits

PROVIDER: Final = "bank"
OPENING_BALANCE: Final = Decimal("250000.00")


class Bank:
    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._database = desk.database

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post("/bank/withdrawals", self.withdraw),
            web.post("/bank/deposits", self.deposit),
            web.post("/bank/returns", self.give_back),
            web.post("/bank/bar", self.bar),
            web.get("/bank/accounts/{account}", self.account),
        ]

    async def withdraw(self, request: web.Request) -> web.Response:
        body = await request.json()
        return await self._desk.answer(_asked(body), lambda _: self._withdraw(body))

    def _withdraw(self, body: Mapping[str, Any]) -> Mapping[str, Any]:
        if balance(self._database, body["account"]) < Decimal(body["amount"]):
            raise Refused("InsufficientFunds", "The account does not hold that much.")
        return move(self._database, body, -Decimal(body["amount"]))

    async def deposit(self, request: web.Request) -> web.Response:
        body = await request.json()
        return await self._desk.answer(_asked(body), lambda now: self._deposit(body, now))

    def _deposit(self, body: Mapping[str, Any], habits: Habits) -> Mapping[str, Any]:
        if habits.refusal:
            raise Refused(habits.refusal, habits.sentence)
        return move(self._database, body, Decimal(body["amount"]))

    async def give_back(self, request: web.Request) -> web.Response:
        body = await request.json()
        return await self._desk.answer(_asked(body), lambda _: self._give_back(body))

    def _give_back(self, body: Mapping[str, Any]) -> Mapping[str, Any]:
        taken = find_movement(self._database, body["of"])
        if taken is None:
            raise Refused("MovementUnknown", "There is no such withdrawal to give back.")
        return move(self._database, {**body, "currency": taken["currency"]}, -taken["amount"])

    async def bar(self, request: web.Request) -> web.Response:
        return await self._desk.bar(_asked(await request.json()))

    async def account(self, request: web.Request) -> web.Response:
        account = request.match_info["account"]
        return web.json_response(
            {
                "account": account,
                "balance": str(balance(self._database, account)),
                "movements": movements_of(self._database, account),
            }
        )


def _asked(body: Mapping[str, Any]) -> Asked:
    habits = switches.ACCOUNTS.get(body["account"][-4:], switches.GOOD)
    return Asked(PROVIDER, body["key"], body["account"], habits)


_MOVE: Final = """
insert into movements (movement_id, key, account, amount, currency, reference)
values (:movement_id, :key, :account, :amount, :currency, :reference)
"""


def move(database: Database, body: Mapping[str, Any], amount: Decimal) -> Mapping[str, Any]:
    movement_id = new_id("mv_", body["key"])
    database.execute(
        _MOVE,
        movement_id=movement_id,
        key=body["key"],
        account=body["account"],
        amount=str(amount),
        currency=body["currency"],
        reference=body["reference"],
    )
    return {"movement_id": movement_id}


_FIND: Final = "select amount, currency from movements where key = :key"


def find_movement(database: Database, key: str) -> Mapping[str, Any] | None:
    row = database.one(_FIND, key=key)
    return {"amount": Decimal(row["amount"]), "currency": row["currency"]} if row else None


_OF: Final = "select * from movements where account = :account order by rowid"


def movements_of(database: Database, account: str) -> list[dict[str, object]]:
    return database.all(_OF, account=account)


def balance(database: Database, account: str) -> Decimal:
    moved = (Decimal(str(row["amount"])) for row in movements_of(database, account))
    return sum(moved, OPENING_BALANCE)
