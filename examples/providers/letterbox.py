"""Mail by SMTP, as the console's alerts send it; `GET /mail/messages?to=` reads it.

    EHLO ▶ MAIL FROM ▶ RCPT TO … ▶ DATA, up to a line with a dot ▶ kept, once by its Message-ID

As much of the protocol as a client on this machine needs.
"""

import asyncio
import email
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email import policy
from pathlib import Path
from typing import Final

from examples.providers.database import Database
from examples.providers.once import new_id

BYTES_MAX: Final = 1_000_000
_KEEP: Final = """
insert into messages (message_id, key, recipient, template, subject, body)
values (:message_id, :key, :recipient, 'smtp', :subject, :body)
on conflict do nothing
"""


class Conversation:
    def __init__(
        self, database: Database, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._database = database
        self._reader = reader
        self._writer = writer
        self._recipients: list[str] = []

    async def hold(self) -> None:
        try:
            await self._say("220 letterbox")
            while line := (await self._reader.readline()).decode("utf-8", "replace"):
                if not await self._answer(line.strip()):
                    return
        except (ConnectionError, asyncio.LimitOverrunError, ValueError):
            return
        finally:
            self._writer.close()

    async def _answer(self, line: str) -> bool:
        """False: it is over."""
        match line[:4].upper():
            case "QUIT":
                await self._say("221 bye")
                return False
            case "RCPT":
                self._recipients.append(line.partition(":")[2].strip().strip("<>"))
                await self._say("250 ok")
            case "DATA" if self._recipients:
                await self._say("354 go on")
                self._keep(await self._text())
                await self._say("250 kept")
            case "EHLO" | "HELO" | "MAIL" | "RSET" | "NOOP":
                self._recipients = []
                await self._say("250 ok")
            case _:
                await self._say("500 not understood")
        return True

    async def _text(self) -> bytes:
        """A line that begins with a dot has one more on the way."""
        lines, size = [], 0
        while (line := await self._reader.readline()) not in {b".\r\n", b""}:
            lines.append(line.removeprefix(b"."))
            size += len(line)
            if size > BYTES_MAX:
                raise ConnectionError("too long")
        return b"".join(lines)

    def _keep(self, text: bytes) -> None:
        message = email.message_from_bytes(text, policy=policy.default)
        body = message.get_body(("plain",))
        for recipient in self._recipients:
            key = f"{message['Message-ID']} {recipient}"
            self._database.execute(
                _KEEP,
                message_id=new_id("msg_", key),
                key=key,
                recipient=recipient,
                subject=str(message["Subject"]),
                body=body.get_content() if body else "",
            )

    async def _say(self, line: str) -> None:
        self._writer.write(f"{line}\r\n".encode())
        await self._writer.drain()


@asynccontextmanager
async def taking(file: Path, port: int = 0) -> AsyncIterator[int]:
    """Serve on the port (0: a free one) and give its number."""
    database = Database(file)

    async def hold(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await Conversation(database, reader, writer).hold()

    server = await asyncio.start_server(hold, "127.0.0.1", port)
    try:
        async with server:
            yield server.sockets[0].getsockname()[1]
    finally:
        database.close()
