"""What schedules have stored that they want done outside, done once each at a time.

It is done for what the stored state says, and told back to it; what fails for now stays in the
state, which is due again soon.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextvars import Context
from typing import Any

from engine.background.starts import Call, asked_to_end, started
from engine.clock import Clock
from engine.core.schedule.state import Running, ScheduleState, Starting
from engine.core.schedule.step import Input
from engine.errors import NotFound
from engine.namespaces import Namespaces
from engine.store.pool import PASSING

log = logging.getLogger(__name__)

AT_ONCE_MAX = 100

Tell = Callable[[str, str, Input], Awaitable[Any]]


class Errands:
    def __init__(self, namespaces: Namespaces, clock: Clock, tell: Tell) -> None:
        self._namespaces = namespaces
        self._clock = clock
        self._tell = tell
        self._call: Call | None = None
        self._room = asyncio.Semaphore(AT_ONCE_MAX)
        self._under_way: dict[tuple[str, str], asyncio.Task[None]] = {}

    def introduce(self, call: Call) -> None:
        self._call = call

    def run(self, state: ScheduleState) -> None:
        for start in state.starting:
            self._run_one(state, start.request_id, start)
        for run in state.to_end():
            self._run_one(state, f"{run.end} {run.run_id}", run)

    async def settled(self, state: ScheduleState) -> None:
        """Until nothing of it is under way, and nothing that came of that."""
        while of_it := [task for (name, _), task in self._under_way.items() if name == state.id]:
            await asyncio.wait(of_it)

    def end(self) -> None:
        for task in list(self._under_way.values()):
            task.cancel()

    def _run_one(self, state: ScheduleState, what: str, work: Starting | Running) -> None:
        name = (state.id, what)
        if name in self._under_way or self._call is None:
            return
        # In a context of its own: it is no part of the call that may have brought it about.
        task = asyncio.get_running_loop().create_task(
            self._perform(state, work, self._call), context=Context()
        )
        self._under_way[name] = task
        task.add_done_callback(lambda _: self._under_way.pop(name, None))

    async def _perform(self, state: ScheduleState, work: Starting | Running, call: Call) -> None:
        try:
            async with self._room:
                namespace = await self._namespaces.with_id(state.namespace_id)
                perform: Any = started if isinstance(work, Starting) else asked_to_end
                given = await perform(call, namespace.name, state, work, self._clock)
                if given is not None:
                    await self._tell(state.namespace_id, state.schedule_id, given)
        except NotFound:
            log.debug("schedule %s is gone", state.schedule_id)
        except PASSING as trouble:
            log.debug("schedule %s acts again later: %s", state.schedule_id, trouble)
        except Exception:
            log.exception("schedule %s cannot act; it is tried again", state.schedule_id)
