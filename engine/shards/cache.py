"""The runs that are in memory: committed state, and the newest events as they were serialised.

Bounded by number and by weight: the run that was asked for longest ago leaves first. What a failed
commit has touched is dropped, so nothing is ever repaired here.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable, Collection
from dataclasses import dataclass, field

from engine.core.keys import QueueKey, RunKey
from engine.core.state import RunState

KIB = 1024
RUNS_MAX = 20_000
#: An estimate, and a cautious one: what is in a history need not be in the state.
WEIGHT_MAX = 256 * 1024 * KIB
RUN_WEIGHT_MIN, STATE_WEIGHT_MAX = 4 * KIB, 256 * KIB
TAIL_EVENTS_MAX = 256
TAIL_BYTES_MAX = 64 * KIB


@dataclass(slots=True)
class Entry:
    state: RunState
    shard_id: int
    is_new: bool = False
    # As the row of the run has it.
    stored_wake_at: int = 0
    facts_since_snapshot: int = 0
    snapshot_bytes: int = 0
    tail: deque[bytes] = field(default_factory=deque)
    tail_bytes: int = 0
    # The tasks that matching was told of: (kind, event id) -> where.
    offered: dict[tuple[str, int], QueueKey] = field(default_factory=dict)
    # As the cache has counted it.
    weight: int = 0

    def remember(self, event: bytes) -> None:
        self.tail.append(event)
        self.tail_bytes += len(event)
        while len(self.tail) > TAIL_EVENTS_MAX or (
            self.tail_bytes > TAIL_BYTES_MAX and len(self.tail) > 1
        ):
            self.tail_bytes -= len(self.tail.popleft())

    def events(self, first: int, last: int) -> list[bytes] | None:
        """None where the range begins before what is remembered."""
        tail_first = self.state.next_event_id - len(self.tail)
        if first < tail_first:
            return None
        return [
            self.tail[i - tail_first] for i in range(first, min(last, self.state.last_event_id) + 1)
        ]

    def weigh(self) -> int:
        state = max(min(self.state.history_bytes, STATE_WEIGHT_MAX), self.snapshot_bytes)
        return RUN_WEIGHT_MIN + self.tail_bytes + state


class Cache:
    def __init__(self) -> None:
        self._runs: OrderedDict[str, Entry] = OrderedDict()
        self._current: dict[tuple[str, str], str] = {}
        self.weight = 0

    def get(self, key: RunKey) -> Entry | None:
        run_id = key.run_id or self._current.get((key.namespace_id, key.workflow_id), "")
        entry = self._runs.get(run_id)
        if entry is None:
            return None
        found = entry.state.key
        if found.workflow_id != key.workflow_id or found.namespace_id != key.namespace_id:
            return None
        self._runs.move_to_end(run_id)
        return entry

    def put(self, entry: Entry, *, is_current: bool) -> None:
        key = entry.state.key
        if key.run_id not in self._runs:
            self._runs[key.run_id] = entry
            self.weigh(entry)
        if is_current:
            self._current[key.namespace_id, key.workflow_id] = key.run_id

    def weigh(self, entry: Entry) -> None:
        """The run has been stepped: it may be heavier now."""
        if entry.state.key.run_id in self._runs:
            weight = entry.weigh()
            self.weight += weight - entry.weight
            entry.weight = weight

    def drop(self, key: RunKey) -> None:
        entry = self._runs.pop(key.run_id, None)
        if entry is not None:
            self.weight -= entry.weight
        name = (key.namespace_id, key.workflow_id)
        if self._current.get(name) == key.run_id:
            del self._current[name]

    def drop_shards(self, shards: Collection[int]) -> list[RunKey]:
        """The runs that were dropped."""
        gone = [entry.state.key for entry in self._runs.values() if entry.shard_id in shards]
        for key in gone:
            self.drop(key)
        return gone

    def trim(self, is_needed: Callable[[str], bool] = lambda _: False) -> None:
        """`is_needed` tells the runs that are stepped and not stored: they were asked for last."""
        while len(self._runs) > RUNS_MAX or (self.weight > WEIGHT_MAX and len(self._runs) > 1):
            run_id = next(iter(self._runs))
            if is_needed(run_id):
                return
            self.drop(self._runs[run_id].state.key)

    def clear(self) -> None:
        self._runs.clear()
        self._current.clear()
        self.weight = 0

    def __len__(self) -> int:
        return len(self._runs)
