"""Act once per key.

    (new) ──request──▶ answered          the same answer again for every later request
    (new) ──bar──────▶ barred            no later request with this key does anything

The work and the stored answer are one transaction, so that a process that dies in between leaves
neither. Refusals are answers too: a key that was declined stays declined.
"""

import asyncio
import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from aiohttp import web

from examples.providers import switches
from examples.providers.database import Database
from examples.providers.switches import Habits, Mode

SLOW_SECONDS: Final = 5.0


#: Does what was asked, or raises Refused; the habits are those that hold now.
Work = Callable[[Habits], Mapping[str, Any]]


class Refused(Exception):
    """The provider will not do this, now or later."""

    def __init__(self, kind: str, sentence: str) -> None:
        super().__init__(sentence)
        self.kind = kind


@dataclass(frozen=True)
class Asked:
    provider: str
    key: str
    #: Whom the switches know this customer as: a customer id, an address, an account.
    subject: str
    habits: Habits


class Desk:
    """Where requests of one server arrive."""

    def __init__(self, database: Database, slow_seconds: float = SLOW_SECONDS) -> None:
        self.database = database
        self._slow_seconds = slow_seconds

    async def answer(self, asked: Asked, work: Work) -> web.Response:
        mode = switches.mode_of(self.database, asked.provider, asked.subject)
        habits = switches.GOOD if mode is Mode.NORMAL else asked.habits
        if mode is Mode.OUTAGE:
            return _unavailable(asked.provider)

        count = count_request(self.database, asked)
        if count <= habits.unavailable_first:
            return _unavailable(asked.provider)

        with self.database.transaction():
            status, body = self._settle(asked, habits, work)
        if mode is Mode.SLOW or count <= habits.slow_first:
            await asyncio.sleep(self._slow_seconds)
        return web.Response(status=status, text=body, content_type="application/json")

    def _settle(self, asked: Asked, habits: Habits, work: Work) -> tuple[int, str]:
        stored = stored_answer(self.database, asked.provider, asked.key)
        if stored is not None:
            return stored
        try:
            status, body = 201, json.dumps(dict(work(habits)))
        except Refused as refusal:
            status, body = 422, json.dumps({"type": refusal.kind, "message": str(refusal)})
        store_answer(self.database, asked, status, body)
        return status, body

    async def bar(self, asked: Asked) -> web.Response:
        """Make sure that nothing will happen under this key, or say what already has."""
        if switches.mode_of(self.database, asked.provider, asked.subject) is Mode.OUTAGE:
            return _unavailable(asked.provider)
        with self.database.transaction():
            status, body = self._settle(asked, switches.GOOD, _refuse_barred)
        done = json.loads(body) if status == 201 else {}
        return web.json_response({"done": bool(done), **done})


def _refuse_barred(_habits: Habits) -> Mapping[str, Any]:
    raise Refused("KeyBarred", "This request was called off before it was made.")


def _unavailable(provider: str) -> web.Response:
    body = {"type": "Unavailable", "message": f"The {provider} provider is overloaded."}
    return web.json_response(body, status=503)


def new_id(prefix: str, key: str) -> str:
    """The same key always gets the same id."""
    return prefix + hashlib.sha256(key.encode()).hexdigest()[:14]


_COUNT: Final = """
insert into requests (provider, key, count) values (:provider, :key, 1)
on conflict (provider, key) do update set count = count + 1
returning count
"""


def count_request(database: Database, asked: Asked) -> int:
    row = database.one(_COUNT, provider=asked.provider, key=asked.key)
    assert row is not None
    return int(row["count"])


_STORED: Final = "select status, body from answers where provider = :provider and key = :key"


def stored_answer(database: Database, provider: str, key: str) -> tuple[int, str] | None:
    row = database.one(_STORED, provider=provider, key=key)
    return (row["status"], row["body"]) if row else None


_STORE: Final = """
insert into answers (provider, key, status, body) values (:provider, :key, :status, :body)
"""


def store_answer(database: Database, asked: Asked, status: int, body: str) -> None:
    database.execute(_STORE, provider=asked.provider, key=asked.key, status=status, body=body)
