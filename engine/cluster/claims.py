"""Tasks that cannot travel, kept until the node of the poller that gets them comes for them."""

from __future__ import annotations

import msgspec

from engine.clock import Clock
from engine.core.keys import QueueKey
from engine.ports import Claim, Task

# Where there are so many, the oldest has waited for longer than anyone would.
CLAIMS_MAX = 10_000


class Claims:
    """A question is kept under its own name, so that it can be withdrawn by it."""

    def __init__(self, here: str, clock: Clock) -> None:
        self._here = here
        self._clock = clock
        self._kept: dict[str, Task] = {}

    def keep(self, task: Task) -> Task:
        """What travels in its place."""
        claim_id = task.query.id if task.query is not None else self._clock.new_id()
        self._kept[claim_id] = task
        if len(self._kept) > CLAIMS_MAX:
            del self._kept[next(iter(self._kept))]
        claim = Claim(self._here, claim_id)
        return msgspec.structs.replace(task, query=None, started=None, claim=claim)

    def take(self, claim: Claim) -> Task | None:
        """None if it has been taken, or is of no use any more."""
        return self._kept.pop(claim.id, None)

    def withdraw(self, queue: QueueKey, query_id: str) -> None:
        kept = self._kept.get(query_id)
        if kept is not None and kept.queue == queue:
            del self._kept[query_id]

    def drain(self) -> list[Task]:
        """All of them, to be offered anew."""
        kept, self._kept = self._kept, {}
        return list(kept.values())
