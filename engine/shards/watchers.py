"""Long polls: callers who wait until the committed state of a run satisfies them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from engine.core.state import RunState
from engine.errors import ResourceExhausted

WATCHERS_PER_RUN_MAX = 1_000

Answer = asyncio.Future[bool]
Satisfied = Callable[[RunState], bool]


class Watchers:
    def __init__(self) -> None:
        self._waiting: dict[str, dict[Answer, Satisfied]] = {}

    def add(self, state: RunState, satisfied: Satisfied, answer: Answer) -> None:
        if answer.done():
            return
        if satisfied(state):
            answer.set_result(True)
            return
        run_id = state.key.run_id
        waiting = self._waiting.setdefault(run_id, {})
        if len(waiting) >= WATCHERS_PER_RUN_MAX:
            answer.set_exception(ResourceExhausted("too many wait for the same run"))
            return
        waiting[answer] = satisfied
        # One whose caller has gone leaves by itself: a quiet run must not gather them.
        answer.add_done_callback(lambda gone: self._leave(run_id, gone))

    def _leave(self, run_id: str, answer: Answer) -> None:
        waiting = self._waiting.get(run_id)
        if waiting is not None:
            waiting.pop(answer, None)
            if not waiting:
                del self._waiting[run_id]

    def notify(self, state: RunState) -> None:
        for answer, satisfied in list(self._waiting.get(state.key.run_id, {}).items()):
            if not answer.done() and satisfied(state):
                answer.set_result(True)

    def forget(self, run_id: str) -> None:
        """The run is gone, or what was known of it: its watchers look again."""
        for answer in self._waiting.pop(run_id, {}):
            if not answer.done():
                answer.set_result(False)

    def forget_all(self) -> None:
        for run_id in list(self._waiting):
            self.forget(run_id)

    def __len__(self) -> int:
        return sum(map(len, self._waiting.values()))
