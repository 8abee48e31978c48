"""What waits in a writer's inbox: something to be done to a run, and who is to be told."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from engine.core.inputs import Input, Reset, Start
from engine.core.keys import RunKey
from engine.core.state import RunState
from engine.patience import is_patient
from engine.ports import StartPolicy


@dataclass(slots=True)
class Work:
    key: RunKey
    answer: asyncio.Future[Any]
    #: It lets everybody else's go first.
    patient: bool = field(default_factory=is_patient, kw_only=True)


@dataclass(slots=True)
class Submit(Work):
    given: Input


@dataclass(slots=True)
class Begin(Work):
    """`key.run_id` is the id that the run will have, if one is started."""

    given: Start
    policy: StartPolicy


@dataclass(slots=True)
class BeginReset(Work):
    """`key` names the base run; the current run of the workflow id is terminated, if it runs."""

    given: Reset
    new_run_id: str


@dataclass(slots=True)
class Inspect(Work):
    question: Callable[[RunState], Any]


@dataclass(slots=True)
class Watch(Work):
    """Answered True at once or when it comes true; the caller keeps the time."""

    satisfied: Callable[[RunState], bool]


@dataclass(slots=True)
class Delete(Work):
    pass


@dataclass(slots=True)
class Acknowledge(Work):
    """A message to another run has arrived: its row may go."""

    event_id: int
