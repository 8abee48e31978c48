"""What the system workflow and its activities tell each other. Plain values, no Django."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

NAMESPACE = "perdure-system"
WORKFLOW_TYPE = "BulkOperation"
ACT_ON_CHUNK = "act_on_chunk"
SHOW_STAGE = "show_stage"

#: In place of a value: what the console says of each run, as the form for one run fills it in.
FILLED = "perdure.filled"

PAUSE = "pause"
RESUME = "resume"
ABORT = "abort"

#: Runs a second.
RATE_MAX = 2_000
#: A pause is heard between two chunks, so a chunk is short.
CHUNK_SECONDS = 2
CHUNK_TARGETS_MAX = RATE_MAX * CHUNK_SECONDS
#: The error rate is that of so many newest outcomes; within a chunk it is judged from so many on.
ERRORS_OF = 100
ERRORS_JUDGED_FROM = 20
#: After so many chunks the workflow continues as new.
CHUNKS_PER_RUN = 500

CHUNK_TIMEOUT = timedelta(minutes=10)
#: A worker that died is noticed after this.
HEARTBEAT_TIMEOUT = timedelta(seconds=10)
SHOW_TIMEOUT = timedelta(seconds=30)
RETRY_FIRST = timedelta(seconds=1)
RETRY_MAX = timedelta(seconds=10)


@dataclass(frozen=True)
class Plan:
    operation_id: int
    canary: int
    rate: int
    errors_percent_max: int


@dataclass(frozen=True)
class Progress:
    """Travels from run to run of the workflow."""

    position: int = 1
    #: The canary was looked at, or there is none to look at.
    confirmed: bool = False
    paused: str = ""
    #: Of the newest outcomes: did it fail?
    newest: list[bool] = field(default_factory=list)


@dataclass(frozen=True)
class ChunkOrder:
    operation_id: int
    first: int
    last: int
    rate: int
    #: It stops within the chunk where more than this fail.
    errors_percent_max: int = 100
    newest: list[bool] = field(default_factory=list)


@dataclass(frozen=True)
class ChunkDone:
    concluded: int
    failed: int
    #: The first position that still waits; None when nothing is left.
    next_position: int | None
    newest: list[bool] = field(default_factory=list)


@dataclass(frozen=True)
class StageShown:
    operation_id: int
    stage: str
    says: str = ""


def filled(value: Any, said: Mapping[str, str]) -> Any:
    """With what the console says of one run in each place that waits for it."""
    if isinstance(value, list):
        return [filled(one, said) for one in value]
    if not isinstance(value, dict):
        return value
    if set(value) == {FILLED}:
        return said[value[FILLED]]
    return {name: filled(one, said) for name, one in value.items()}


def chunk_size(rate: int) -> int:
    return max(1, min(CHUNK_TARGETS_MAX, rate * CHUNK_SECONDS))


def too_many_fail(newest: Sequence[bool], percent_max: int) -> bool:
    return bool(newest) and 100 * sum(newest) / len(newest) > percent_max
