"""The runs that are in memory: committed state, and the newest events as they were serialised.

Bounded: the run that was asked for longest ago leaves first. All of it is thrown away when a
commit fails, so nothing is ever repaired here.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from dataclasses import dataclass, field

from engine.core.keys import RunKey
from engine.core.state import RunState

RUNS_MAX = 20_000
TAIL_EVENTS_MAX = 256
TAIL_BYTES_MAX = 64 * 1024


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


class Cache:
    def __init__(self) -> None:
        self._runs: OrderedDict[str, Entry] = OrderedDict()
        self._current: dict[tuple[str, str], str] = {}

    def get(self, key: RunKey) -> Entry | None:
        run_id = key.run_id or self._current.get((key.namespace_id, key.workflow_id), "")
        entry = self._runs.get(run_id)
        if entry is None or entry.state.key.workflow_id != key.workflow_id:
            return None
        self._runs.move_to_end(run_id)
        return entry

    def put(self, entry: Entry, *, is_current: bool) -> None:
        key = entry.state.key
        self._runs[key.run_id] = entry
        if is_current:
            self._current[key.namespace_id, key.workflow_id] = key.run_id

    def drop(self, key: RunKey) -> None:
        self._runs.pop(key.run_id, None)
        name = (key.namespace_id, key.workflow_id)
        if self._current.get(name) == key.run_id:
            del self._current[name]

    def trim(self) -> None:
        while len(self._runs) > RUNS_MAX:
            _, entry = self._runs.popitem(last=False)
            self.drop(entry.state.key)

    def clear(self) -> None:
        self._runs.clear()
        self._current.clear()

    def __len__(self) -> int:
        return len(self._runs)
