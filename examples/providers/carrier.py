"""A carrier that fetches parcels at the depots.

POST /carrier/consignments   key order_id depot address postal_code   -> tracking_number
GET  /carrier/consignments?order_id=
"""

from collections.abc import Mapping
from typing import Any, Final

from aiohttp import web

from examples.providers import switches
from examples.providers.once import Asked, Desk, Refused, new_id
from examples.providers.switches import Habits

PROVIDER: Final = "carrier"


class Carrier:
    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._database = desk.database

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post("/carrier/consignments", self.book),
            web.get("/carrier/consignments", self.consignments),
        ]

    async def book(self, request: web.Request) -> web.Response:
        body = await request.json()
        habits = switches.POSTAL_CODES.get(body["postal_code"], switches.GOOD)
        asked = Asked(PROVIDER, body["key"], body["depot"], habits)
        return await self._desk.answer(asked, lambda now: self._book(body, now))

    _BOOK: Final = """
    insert into consignments (tracking_number, key, order_id, depot, address)
    values (:tracking_number, :key, :order_id, :depot, :address)
    """

    def _book(self, body: Mapping[str, Any], habits: Habits) -> Mapping[str, Any]:
        if habits.refusal:
            raise Refused(habits.refusal, habits.sentence)
        tracking_number = new_id("370", body["key"]).upper()
        self._database.execute(
            self._BOOK,
            tracking_number=tracking_number,
            key=body["key"],
            order_id=body["order_id"],
            depot=body["depot"],
            address=body["address"],
        )
        return {"tracking_number": tracking_number}

    _CONSIGNMENTS: Final = "select * from consignments where order_id = :order_id"

    async def consignments(self, request: web.Request) -> web.Response:
        order_id = request.query["order_id"]
        return web.json_response(self._database.all(self._CONSIGNMENTS, order_id=order_id))
