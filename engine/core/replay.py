"""A run's state made anew from its facts: after a crash, for a reset, to verify what was live."""

from __future__ import annotations

from collections.abc import Iterable

from temporalio.api.history.v1 import HistoryEvent

from engine.core import deadlines
from engine.core.apply import apply, apply_mark
from engine.core.marks import Mark
from engine.core.state import RunState


def load(
    state: RunState, events: Iterable[HistoryEvent], marks: Iterable[tuple[int, Mark]]
) -> RunState:
    """`state` is a snapshot or a blank one; the facts after it are applied in their order."""
    waiting = iter(marks)
    mark = next(waiting, None)
    for event in events:
        while mark is not None and mark[0] < event.event_id:
            apply_mark(state, mark[1])
            mark = next(waiting, None)
        apply(state, event)
    while mark is not None:
        apply_mark(state, mark[1])
        mark = next(waiting, None)
    deadlines.rebuild(state)
    return state
