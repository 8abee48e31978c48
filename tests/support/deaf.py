"""A connection that may go deaf: what the server says is then lost, and nobody is told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from tests.support.engine import Server

CHUNK_BYTES = 65_536


class Connection:
    """`server` is the one behind it, reached through it."""

    def __init__(self, behind: Server) -> None:
        self._behind = behind
        self._ways: list[asyncio.Task[None]] = []
        self._mouths: list[asyncio.StreamWriter] = []
        self.is_deaf = False

    async def begin(self) -> None:
        self._listener = await asyncio.start_server(self._joined, "127.0.0.1", 0)
        port = self._listener.sockets[0].getsockname()[1]
        self.server = Server(f"127.0.0.1:{port}", self._behind.kind)

    async def end(self) -> None:
        await self.server.channel.close()
        self._listener.close()
        for way in self._ways:
            way.cancel()
        await asyncio.gather(*self._ways, return_exceptions=True)
        for mouth in self._mouths:
            mouth.close()
        closing = (mouth.wait_closed() for mouth in self._mouths)
        await asyncio.gather(*closing, return_exceptions=True)

    async def _joined(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        host, _, port = self._behind.address.rpartition(":")
        answers, asks = await asyncio.open_connection(host, int(port))
        for ears, mouth, may_be_lost in ((reader, asks, False), (answers, writer, True)):
            self._mouths.append(mouth)
            carrying = self._carry(ears, mouth, may_be_lost=may_be_lost)
            self._ways.append(asyncio.create_task(carrying))

    async def _carry(
        self, ears: asyncio.StreamReader, mouth: asyncio.StreamWriter, *, may_be_lost: bool
    ) -> None:
        with suppress(ConnectionError):
            while said := await ears.read(CHUNK_BYTES):
                if not (may_be_lost and self.is_deaf):
                    mouth.write(said)
                    await mouth.drain()
        mouth.close()


@asynccontextmanager
async def connection(behind: Server) -> AsyncIterator[Connection]:
    made = Connection(behind)
    await made.begin()
    yield made
    await made.end()
