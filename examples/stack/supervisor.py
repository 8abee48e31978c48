"""Starts the parts, keeps them up, and ends them in the reverse order.

            ┌────────────── back-off ──────────────┐
            ▼                                      │
    waiting for others ▶ starting ▶ ready ▶ ended by itself
                            │         │
                    given up│         └─▶ (a task) done
                            ▼
                     the whole start fails, with the part's own last line

A part that was ready once is restarted for ever; one that never was is given up after a few tries.
"""

import asyncio
import signal
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from examples.stack.child import Child
from examples.stack.config import CannotStart
from examples.stack.logs import PartLog
from examples.stack.parts import Part

READY_POLL_SECONDS = 0.1
FIRST_BACK_OFF_SECONDS = 0.5
BACK_OFF_SECONDS_MAX = 15.0
STEADY_SECONDS = 60.0
STARTS_MAX = 4
LAST_WORDS_SECONDS_MAX = 2.0

Say = Callable[[str], None]


@dataclass
class Kept:
    """A part and what is known of its life."""

    part: Part
    log: PartLog
    ready: asyncio.Event = field(default_factory=asyncio.Event)
    child: Child | None = None
    keeper: asyncio.Task[None] | None = None
    was_ready: bool = False


class Supervisor:
    def __init__(self, parts: Sequence[Part], root: Path, run: Path, say: Say) -> None:
        self._root = root
        self._say = say
        logs = run / "logs"
        logs.mkdir(parents=True, exist_ok=True)
        self.kept = {part.name: Kept(part, PartLog(logs, part.name)) for part in parts}
        self._ending = False
        self._failure: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def start(self) -> None:
        """Return when every part but the late ones is ready."""
        for kept in self.kept.values():
            kept.keeper = asyncio.create_task(self._keep(kept))
            kept.keeper.add_done_callback(self._check_keeper)
        all_ready = asyncio.create_task(self._all_ready())
        either: set[asyncio.Future[Any]] = {all_ready, self._failure}
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        if self._failure.done():
            all_ready.cancel()
            self._failure.result()

    async def _all_ready(self) -> None:
        for kept in self.kept.values():
            if not kept.part.late:
                await kept.ready.wait()

    async def watch(self) -> None:
        """Until a late part is given up, which is for ever when all is well."""
        await asyncio.shield(self._failure)

    async def stop(self) -> None:
        self._ending = True
        for kept in reversed(list(self.kept.values())):
            await self._stop_one(kept)

    def kill_all(self) -> None:
        for kept in self.kept.values():
            if kept.child is not None:
                kept.child.kill()

    async def _stop_one(self, kept: Kept) -> None:
        if kept.keeper is None:
            return
        if kept.child is not None:
            self._say(f"ending {kept.part.name}")
            await kept.child.end(kept.part.end_seconds_max)
            await asyncio.wait({kept.keeper}, timeout=LAST_WORDS_SECONDS_MAX)
        kept.keeper.cancel()
        await asyncio.gather(kept.keeper, return_exceptions=True)

    def _check_keeper(self, keeper: asyncio.Task[None]) -> None:
        """A program that is not there, or a mistake of ours: either way the start has failed."""
        if keeper.cancelled() or self._failure.done():
            return
        failed = keeper.exception()
        if failed is not None:
            self._failure.set_exception(CannotStart(f"a part cannot be run: {failed}"))

    async def _keep(self, kept: Kept) -> None:
        await asyncio.gather(*(self.kept[name].ready.wait() for name in kept.part.after))
        back_off = FIRST_BACK_OFF_SECONDS
        starts = 0
        while not self._ending:
            starts += 1
            began = asyncio.get_running_loop().time()
            code = await self._live(kept)
            if self._ending or (kept.part.task and code == 0):
                return
            if starts >= STARTS_MAX and not kept.was_ready:
                self._give_up(kept)
                return
            if asyncio.get_running_loop().time() - began > STEADY_SECONDS:
                back_off = FIRST_BACK_OFF_SECONDS
            self._say(f"{kept.part.name} {_ending(kept, code)}; it starts again in {back_off:g} s")
            await asyncio.sleep(back_off)
            back_off = min(back_off * 2, BACK_OFF_SECONDS_MAX)

    async def _live(self, kept: Kept) -> int:
        """One life of a part, from its start to its end."""
        part = kept.part
        kept.child = Child(part.command, part.environment, self._root, kept.log)
        ended = asyncio.create_task(kept.child.wait())
        try:
            if not part.task:
                await self._until_ready(kept, ended)
            code = await ended
            if part.task and code == 0:
                self._is_ready(kept)
            return code
        finally:
            if ended.done():
                kept.child = None

    async def _until_ready(self, kept: Kept, ended: asyncio.Task[int]) -> None:
        tries = int(kept.part.ready_seconds_max / READY_POLL_SECONDS)
        for _ in range(tries):
            if await kept.part.is_ready() and not ended.done():
                self._is_ready(kept)
                return
            await asyncio.wait({ended}, timeout=READY_POLL_SECONDS)
            if ended.done():
                return
        assert kept.child is not None
        kept.log.write(b"it did not become ready in time\n")
        await kept.child.end(kept.part.end_seconds_max)

    def _is_ready(self, kept: Kept) -> None:
        word = "is back" if kept.was_ready else "is done" if kept.part.task else "is ready"
        self._say(f"{kept.part.name} {word}")
        kept.was_ready = True
        kept.ready.set()

    def _give_up(self, kept: Kept) -> None:
        reason = f"{kept.part.name} does not start: {kept.log.last_line()} (see {kept.log.path})"
        if kept.part.late:
            self._say(reason)
        elif not self._failure.done():
            self._failure.set_exception(CannotStart(reason))


def _ending(kept: Kept, code: int) -> str:
    if code < 0:
        return f"was ended by {signal.Signals(-code).name}"
    return f"ended with code {code} ({kept.log.last_line()})"
