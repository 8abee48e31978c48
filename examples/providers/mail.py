"""E-mail.

POST /mail/messages   key to template subject body   -> message_id
GET  /mail/messages?to=
"""

from collections.abc import Mapping
from typing import Any, Final

from aiohttp import web

from examples.providers import switches
from examples.providers.once import Asked, Desk, Refused, new_id
from examples.providers.switches import Habits

PROVIDER: Final = "mail"


class Mail:
    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._database = desk.database

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post("/mail/messages", self.send),
            web.get("/mail/messages", self.messages),
        ]

    async def send(self, request: web.Request) -> web.Response:
        body = await request.json()
        domain = body["to"].rpartition("@")[2]
        habits = switches.MAIL_DOMAINS.get(domain, switches.GOOD)
        asked = Asked(PROVIDER, body["key"], body["to"], habits)
        return await self._desk.answer(asked, lambda now: self._send(body, now))

    _SEND: Final = """
    insert into messages (message_id, key, recipient, template, subject, body)
    values (:message_id, :key, :recipient, :template, :subject, :body)
    """

    def _send(self, body: Mapping[str, Any], habits: Habits) -> Mapping[str, Any]:
        if habits.refusal:
            raise Refused(habits.refusal, habits.sentence)
        message_id = new_id("msg_", body["key"])
        self._database.execute(
            self._SEND,
            message_id=message_id,
            key=body["key"],
            recipient=body["to"],
            template=body["template"],
            subject=body["subject"],
            body=body["body"],
        )
        return {"message_id": message_id}

    _MESSAGES: Final = "select * from messages where recipient = :to order by rowid"

    async def messages(self, request: web.Request) -> web.Response:
        return web.json_response(self._database.all(self._MESSAGES, to=request.query["to"]))
