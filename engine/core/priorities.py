"""How urgent a task is, and whose: which priority it has, and in whose share of it it goes.

An activity and a child have what their own priority says, and where it says nothing what the run's
does.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
from temporalio.api.common.v1 import Priority

from engine.core.effects import Urgency
from engine.core.state import Activity, RunState

#: The numbers of the protocol: 1 goes first. What is beyond the last goes with it.
FIRST, DEFAULT, LAST = 1, 3, 5
#: As the protocol has it, a weight beyond these is one of these.
WEIGHT_MIN, WEIGHT_MAX = 0.001, 1_000.0


class QueueOrder(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What an operator has set: tasks a second of the queue, and of each key of weight 1 (None: as
    many as may be); how heavy keys are, whatever their tasks say."""

    rate: float | None = None
    key_rate: float | None = None
    weights: Mapping[str, float] = {}


class Waiting(msgspec.Struct, frozen=True, gc=False):
    """How many tasks of a priority wait, and since when the oldest."""

    priority: int
    count: int
    oldest_at: int


def of_run(state: RunState) -> Priority | None:
    """None where nobody has said one."""
    if state.priority is not None:
        return state.priority if state.priority.ByteSize() else None
    if state.start is not None and state.start.HasField("priority"):
        return state.start.priority if state.start.priority.ByteSize() else None
    return None


def of_activity(state: RunState, activity: Activity) -> Priority | None:
    given = activity.options or activity.scheduled.activity_task_scheduled_event_attributes
    base = of_run(state)
    if not given.HasField("priority"):
        return base
    if base is None:
        return given.priority
    said = Priority()
    said.CopyFrom(base)
    said.MergeFrom(given.priority)
    return said


def urgency(said: Priority | None) -> Urgency:
    if said is None:
        return ORDINARY
    return Urgency(
        priority=min(max(said.priority_key, FIRST), LAST) if said.priority_key else DEFAULT,
        key=said.fairness_key,
        weight=clamped(said.fairness_weight) if said.fairness_weight > 0 else 1.0,
    )


def clamped(weight: float) -> float:
    return min(max(weight, WEIGHT_MIN), WEIGHT_MAX)


ORDINARY = Urgency()
