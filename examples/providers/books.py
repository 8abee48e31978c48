"""The archive of ledgers: what a running subscription no longer carries with it.

POST /books/{book}   entries, each with a sequence   -> kept
GET  /books/{book}
"""

import json
from typing import Final

from aiohttp import web

from examples.providers.once import Desk

PROVIDER: Final = "books"


class Books:
    def __init__(self, desk: Desk) -> None:
        self._database = desk.database

    def routes(self) -> list[web.RouteDef]:
        return [web.post("/books/{book}", self.keep), web.get("/books/{book}", self.read)]

    _KEEP: Final = """
    insert into book_entries (book, sequence, entry) values (:book, :sequence, :entry)
    on conflict (book, sequence) do nothing
    """

    async def keep(self, request: web.Request) -> web.Response:
        book, entries = request.match_info["book"], (await request.json())["entries"]
        with self._database.transaction():
            for entry in entries:
                sequence = entry["sequence"]
                self._database.execute(
                    self._KEEP, book=book, sequence=sequence, entry=json.dumps(entry)
                )
        return web.json_response({"kept": len(entries)}, status=201)

    _READ: Final = "select entry from book_entries where book = :book order by sequence"

    async def read(self, request: web.Request) -> web.Response:
        rows = self._database.all(self._READ, book=request.match_info["book"])
        return web.json_response([json.loads(str(row["entry"])) for row in rows])
