"""Long polls: callers who wait until the committed state of a run satisfies them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from engine.core.state import RunState
from engine.errors import ResourceExhausted

WATCHERS_PER_RUN_MAX = 1_000

Watcher = tuple[Callable[[RunState], bool], asyncio.Future[bool]]


class Watchers:
    def __init__(self) -> None:
        self._waiting: dict[str, list[Watcher]] = {}

    def add(
        self, state: RunState, satisfied: Callable[[RunState], bool], answer: asyncio.Future[bool]
    ) -> None:
        if satisfied(state):
            if not answer.done():
                answer.set_result(True)
            return
        waiting = self._waiting.setdefault(state.key.run_id, [])
        if len(waiting) >= WATCHERS_PER_RUN_MAX:
            answer.set_exception(ResourceExhausted("too many wait for the same run"))
            return
        waiting.append((satisfied, answer))

    def notify(self, state: RunState) -> None:
        waiting = self._waiting.pop(state.key.run_id, None)
        if not waiting:
            return
        still = []
        for satisfied, answer in waiting:
            if answer.done():
                continue
            if satisfied(state):
                answer.set_result(True)
            else:
                still.append((satisfied, answer))
        if still:
            self._waiting[state.key.run_id] = still

    def forget(self, run_id: str) -> None:
        """The run is gone, or what was known of it: its watchers look again."""
        for _, answer in self._waiting.pop(run_id, []):
            if not answer.done():
                answer.set_result(False)

    def forget_all(self) -> None:
        for run_id in list(self._waiting):
            self.forget(run_id)
