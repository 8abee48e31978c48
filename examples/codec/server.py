"""The codec over HTTP: POST /decode and /encode with {"payloads": […]} in protobuf JSON.

Keep it where the keys may be, and let in only who may read: here whoever sends the Authorization
header that it was told. A browser of another origin may ask only if that origin was named.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from aiohttp import web
from google.protobuf import json_format
from temporalio.api.common.v1 import Payloads
from temporalio.converter import PayloadCodec

from examples.codec.aes import NotDecoded

BODY_BYTES_MAX = 32 * 1024 * 1024
ALLOWED_HEADERS = "Authorization, Content-Type, X-Namespace"

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def application(codec: PayloadCodec, authorization: str = "", origin: str = "") -> web.Application:
    async def decode(request: web.Request) -> web.Response:
        return await _answer(request, codec.decode_wrapper)

    async def encode(request: web.Request) -> web.Response:
        return await _answer(request, codec.encode_wrapper)

    async def asked_before(_request: web.Request) -> web.Response:
        return web.Response(status=204)

    @web.middleware
    async def guarded(request: web.Request, handler: Handler) -> web.StreamResponse:
        said = request.headers.get("Authorization", "")
        if authorization and said != authorization and request.method != "OPTIONS":
            return _shared(web.Response(status=401), origin)
        return _shared(await handler(request), origin)

    app = web.Application(client_max_size=BODY_BYTES_MAX, middlewares=[guarded])
    app.add_routes([web.post("/decode", decode), web.post("/encode", encode)])
    app.add_routes([web.options("/decode", asked_before), web.options("/encode", asked_before)])
    return app


async def _answer(
    request: web.Request, change: Callable[[Payloads], Awaitable[None]]
) -> web.Response:
    try:
        found = json_format.Parse(await request.text(), Payloads())
        await change(found)
    except (json_format.ParseError, UnicodeDecodeError, NotDecoded) as refused:
        return web.Response(status=400, text=type(refused).__name__)
    return web.Response(text=json_format.MessageToJson(found), content_type="application/json")


def _shared(response: web.StreamResponse, origin: str) -> web.StreamResponse:
    if origin:
        response.headers["Access-Control-Allow-Origin"] = origin
        response.headers["Access-Control-Allow-Headers"] = ALLOWED_HEADERS
    return response


@asynccontextmanager
async def serving(app: web.Application, port: int) -> AsyncIterator[str]:
    """On 127.0.0.1; port 0 takes any. Yields its address."""
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", port)
    await site.start()
    taken = runner.addresses[0][1]
    try:
        yield f"http://127.0.0.1:{taken}"
    finally:
        await runner.cleanup()
