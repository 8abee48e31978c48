"""All providers on one port, and the switches for demonstrations.

GET    /control                                   every switch that is set
PUT    /control/{provider}  {"mode": "outage"}    outage · slow · normal, for everybody
       …                    {"mode": …, "subject": "cus_…"}   or for one customer
DELETE /control/{provider}  [{"subject": …}]      back to habits
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from aiohttp import web

from examples.providers import bank, books, carrier, mail, payments, switches
from examples.providers.database import Database
from examples.providers.once import SLOW_SECONDS, Desk
from examples.providers.switches import Mode

PROVIDERS: Final = (
    payments.PROVIDER,
    mail.PROVIDER,
    bank.PROVIDER,
    carrier.PROVIDER,
    books.PROVIDER,
)


class PortTaken(Exception):
    """Somebody else listens there."""


class Control:
    def __init__(self, database: Database) -> None:
        self._database = database

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/control", self.show),
            web.put("/control/{provider}", self.turn),
            web.delete("/control/{provider}", self.forget),
        ]

    async def show(self, _request: web.Request) -> web.Response:
        return web.json_response(switches.every(self._database))

    async def turn(self, request: web.Request) -> web.Response:
        provider, body = _provider(request), await request.json()
        try:
            mode = Mode(body.get("mode"))
        except ValueError:
            known = ", ".join(Mode)
            raise web.HTTPBadRequest(text=f"mode must be one of {known}.") from None
        switches.turn(self._database, provider, body.get("subject", ""), mode)
        return await self.show(request)

    async def forget(self, request: web.Request) -> web.Response:
        body = await request.json() if request.can_read_body else {}
        switches.forget(self._database, _provider(request), body.get("subject", ""))
        return await self.show(request)


def _provider(request: web.Request) -> str:
    provider = request.match_info["provider"]
    if provider not in PROVIDERS:
        raise web.HTTPNotFound(text=f"The providers are {', '.join(PROVIDERS)}.")
    return provider


def application(database: Database, slow_seconds: float = SLOW_SECONDS) -> web.Application:
    desk = Desk(database, slow_seconds)
    app = web.Application()
    for part in (
        payments.Payments(desk),
        mail.Mail(desk),
        bank.Bank(desk),
        carrier.Carrier(desk),
        books.Books(desk),
        Control(database),
    ):
        app.add_routes(part.routes())
    return app


@asynccontextmanager
async def serving(
    file: Path, port: int = 0, slow_seconds: float = SLOW_SECONDS
) -> AsyncIterator[str]:
    """Serve on the port (0: a free one) and give the address."""
    database = Database(file)
    runner = web.AppRunner(application(database, slow_seconds), access_log=None, shutdown_timeout=1)
    await runner.setup()
    try:
        await _listen(runner, port)
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()
        database.close()


async def _listen(runner: web.AppRunner, port: int) -> None:
    try:
        await web.TCPSite(runner, "127.0.0.1", port).start()
    except OSError as error:
        raise PortTaken(
            f"Port {port} is taken: set PROVIDERS_PORT to a free one for the example providers."
        ) from error
