"""What an open run waits for, and when its record says so anew: each time costs a row."""

from __future__ import annotations

from engine.core.marks import Rested
from engine.core.state import RunState

MINUTE_NS = 60 * 1_000_000_000
#: Of a run that has more timers the next one is looked for once a minute at most.
TIMERS_MAX = 100


def waits_of(state: RunState) -> list[str]:
    if not state.is_running:
        return []
    waits = []
    if state.activities:
        waits.append("activity")
    if state.timers:
        waits.append("timer")
    if state.children:
        waits.append("child")
    if state.operations and state.standalone_operation is None:
        waits.append("operation")
    if not waits and state.has_rested:
        return ["signal"]
    return waits


def next_timer(state: RunState) -> int:
    """0: none."""
    return min((timer.fire_at for timer in state.timers.values()), default=0)


def noted(state: RunState, at: int) -> Rested | None:
    """A run that does one activity after the other and ends is shown twice, not at each wait.

    One that has come to rest is shown again when it waits for something else: at most once a
    minute, but for a timer that is a minute away or more.
    """
    if not state.is_running or state.task is not None or not state.previous_started_event_id:
        return None
    if state.activities if not state.has_rested else not _is_long(state, at):
        return None
    # Before its first rest nothing is said of signals, which it waits for with it.
    waits, timer = tuple(waits_of(state)) or ("signal",), next_timer(state)
    if state.has_rested and (waits, timer) == (state.said_waits, state.said_timer):
        return None
    return Rested(at=at, waits=waits, timer=timer)


def _is_long(state: RunState, at: int) -> bool:
    if at - state.rested_at >= MINUTE_NS:
        return True
    return 0 < len(state.timers) <= TIMERS_MAX and next_timer(state) - at >= MINUTE_NS
