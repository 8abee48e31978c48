"""A story that is kept as the store keeps it: facts as bytes, and tasks that wait for a worker."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from temporalio.api.history.v1 import HistoryEvent

from engine.core import inputs
from engine.core.effects import DropTask, OfferTask
from engine.core.keys import ACTIVITY, WORKFLOW, RunKey
from engine.core.marks import Mark
from engine.core.replay import load
from engine.core.state import Activity, RunState
from engine.core.step import Step, step
from engine.errors import EngineError
from engine.store.codec import decode_marks, decode_state, encode_marks, encode_state
from tests.support.story import RUN_ID, Story


class Stored(Story):
    workflow_id = "order-1"

    def __init__(self, run_id: str = RUN_ID, **given: Any) -> None:
        super().__init__(**given)
        self.state = RunState(key=RunKey("namespace", self.workflow_id, run_id))
        self.rows: list[bytes] = []
        self.marks: list[bytes] = []
        self.snapshot = b""
        self.given: list[inputs.Input] = []
        self.stored: list[tuple[inputs.Input, Step]] = []
        # Whether the process dies with the next step, which is then asked for again.
        self.dies: Callable[[], bool] = lambda: False
        # Each task that is offered and not withdrawn, and the attempt that it was offered for.
        self.waiting: dict[tuple[str, int], int] = {}

    def give(self, given: inputs.Input) -> Step:
        self.given.append(given)
        if self.rows and self.dies():
            self.die_with(given)
        before = extent_of(self.state)
        try:
            taken = super().give(given)
        except EngineError:
            assert extent_of(self.state) == before, "a refusal changes nothing"
            raise
        self.stored.append((given, taken))
        self.rows.extend(event.SerializeToString() for event in taken.events)
        self.marks.append(encode_marks([(after, mark) for after, mark in taken.marks]))
        for effect in taken.effects:
            if isinstance(effect, OfferTask):
                self.waiting[effect.queue.kind, effect.event_id] = effect.attempt
            elif isinstance(effect, DropTask):
                self.waiting.pop((effect.kind, effect.event_id), None)
        return taken

    def die_with(self, given: inputs.Input) -> None:
        """The step is lost, as its commit is; the next process has what was stored before it."""
        with suppress(EngineError):
            step(self.loaded(), given, self.limits, self.rules)
        self.state = self.loaded()

    def snap(self) -> None:
        """A snapshot: what was kept before it is not needed any more."""
        self.snapshot = encode_state(self.state)
        self.rows.clear()
        self.marks.clear()

    def loaded(self) -> RunState:
        """The run as another process would have it."""
        state = decode_state(self.snapshot) if self.snapshot else self._blank()
        marks = [marked for row in self.marks for marked in decode_marks(row)]
        return load(state, map(HistoryEvent.FromString, self.rows), marks)

    def loaded_from_events(self) -> RunState:
        """As a short run that has closed is: its marks are gone, but for how it was started."""
        started: list[tuple[int, Mark]] = decode_marks(self.marks[0])[:1]
        return load(self._blank(), map(HistoryEvent.FromString, self.rows), started)

    def _blank(self) -> RunState:
        return RunState(key=self.state.key)


def extent_of(state: RunState) -> tuple[int, int, int]:
    return state.next_event_id, state.marks_count, state.transitions_count


def wanted(state: RunState) -> dict[tuple[str, int], int]:
    """The tasks of a run that a worker could take now."""
    if not state.is_running or state.pause is not None:
        return {}
    found = {
        (ACTIVITY, event_id): activity.attempt
        for event_id, activity in state.activities.items()
        if not (activity.started_at or activity.retry_at or _is_paused(state, activity))
    }
    if state.task is not None and not state.task.is_started:
        found[WORKFLOW, state.task.scheduled_event_id] = state.task.attempt
    return found


def _is_paused(state: RunState, activity: Activity) -> bool:
    standalone = state.standalone
    return bool(activity.paused_at or (standalone is not None and standalone.paused_at))
