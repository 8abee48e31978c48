"""Who lives. Each node adds to its own count every beat, and watches the counts of the others.

    absent ──enter──▶ live ──leave──▶ absent
                       │ its count stands still for DEAD_SECONDS
                       └──▶ dead: its row is buried by whoever sees it first

No clocks are compared: how long a count stood still is measured by the watcher, and only while the
watcher could look. A node that was taken for dead and lives finds its row gone, and enters again.
Nothing but routing hangs on this; the right to commit is the shard's lock.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence

from engine.cluster.view import View
from engine.store import members
from engine.store.members import Row
from engine.store.pool import Connection, connect

log = logging.getLogger(__name__)

BEAT_SECONDS = 1.0
DEAD_SECONDS = 5.0

OnChange = Callable[[View], None]


class Pulses:
    """How long each node's count has stood still."""

    def __init__(self) -> None:
        self._seen: dict[str, tuple[str, int]] = {}
        self._still: dict[str, float] = {}

    def look(self, rows: Sequence[Row], seconds: float) -> list[Row]:
        """Those that are dead, `seconds` after the last look."""
        # While the database was away nobody could beat.
        passed = min(seconds, 2 * BEAT_SECONDS)
        for row in rows:
            moved = self._seen.get(row.address) != (row.node_id, row.beats)
            self._still[row.address] = 0.0 if moved else self._still[row.address] + passed
        self._seen = {row.address: (row.node_id, row.beats) for row in rows}
        self._still = {row.address: self._still[row.address] for row in rows}
        return [row for row in rows if self._still[row.address] >= DEAD_SECONDS]


class Membership:
    """`here` is this node's address; `on_change` hears of each new view."""

    def __init__(self, url: str, here: str, node_id: str, shard_count: int) -> None:
        self.here = here
        self.view = View((), shard_count)
        self.rows: tuple[Row, ...] = ()
        self.on_change: OnChange = _nobody
        self.owned: Callable[[], int] = lambda: 0
        self._url = url
        self._node_id = node_id
        self._shard_count = shard_count
        self._pulses = Pulses()
        self._looked_at = 0.0
        self._is_in = False
        self._looking = asyncio.Lock()

    async def others(self) -> list[str]:
        """Who has a row now, dead or alive."""
        async with await connect(self._url) as connection:
            rows = await members.every(connection)
        return [row.address for row in rows if row.address != self.here]

    async def enter(self) -> None:
        """From here on the others send this node what is its own."""
        async with await connect(self._url) as connection:
            await members.enter(connection, self.here, self._node_id)
            self._is_in = True
            await self._look(connection)

    async def leave(self) -> None:
        """The others take over what is ours; with no other, all stays as it is until the end."""
        self._is_in = False
        async with await connect(self._url) as connection:
            await members.leave(connection, self.here, self._node_id)
            await self._look(connection)

    async def keep(self) -> None:
        """Beat and look, for as long as the node lives."""
        while True:
            try:
                async with await connect(self._url) as connection:
                    await members.listen(connection)
                    while True:
                        await self._beat(connection)
                        await self._look(connection)
                        await members.changed(connection, BEAT_SECONDS)
            except Exception as trouble:  # noqa: BLE001  the last view holds until there is a new one
                log.warning("the other nodes cannot be seen: %s", trouble)
                await asyncio.sleep(BEAT_SECONDS)

    async def _beat(self, connection: Connection) -> None:
        if not self._is_in:
            return
        if await members.beat(connection, self.here, self._node_id, self.owned()):
            return
        rows = await members.every(connection)
        if any(row.address == self.here for row in rows):
            log.error("another node has taken the address %s: this one stands by", self.here)
        elif self._is_in:
            log.warning("this node was taken for dead; it enters again")
            await members.enter(connection, self.here, self._node_id)

    async def _look(self, connection: Connection) -> None:
        async with self._looking:
            await self._look_once(connection)

    async def _look_once(self, connection: Connection) -> None:
        now = asyncio.get_running_loop().time()
        rows = await members.every(connection)
        dead = self._pulses.look(rows, now - self._looked_at)
        self._looked_at = now
        self.rows = tuple(row for row in rows if row not in dead or row.address == self.here)
        self._adopt()
        for row in dead:
            if row.address != self.here and await members.bury(connection, row):
                log.warning("node %s is dead", row.address)

    def _adopt(self) -> None:
        """The last to leave, with nobody else there, ends with the view that it has."""
        nodes = tuple(row.address for row in self.rows if self._counts(row))
        if nodes and nodes != self.view.nodes:
            self.view = View(nodes, self._shard_count)
            log.info("the nodes are now: %s", ", ".join(nodes))
            self.on_change(self.view)

    def _counts(self, row: Row) -> bool:
        return row.address != self.here or (self._is_in and row.node_id == self._node_id)


async def is_forming(url: str) -> bool:
    """Whether some node beats: the engine that asks has no CLUSTER_SECRET to be one of them."""
    async with await connect(url) as connection:
        before = await members.every(connection)
        if not before:
            return False
        await asyncio.sleep(2 * BEAT_SECONDS)
        return bool(set(await members.every(connection)) - set(before))


def _nobody(view: View) -> None:
    """Nobody has asked to be told yet."""
