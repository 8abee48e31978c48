"""What to start, and what becomes of it at once."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Any

from temporalio.common import TypedSearchAttributes


class Fate(StrEnum):
    #: Whatever the program makes of it.
    RUN = "run"
    CANCEL = "cancel"
    TERMINATE = "terminate"


@dataclass(frozen=True)
class Start:
    workflow: str
    id: str
    argument: Any
    task_queue: str
    summary: str
    details: str = ""
    memo: Mapping[str, Any] = field(default_factory=dict)
    attributes: TypedSearchAttributes = TypedSearchAttributes.empty
    fate: Fate = Fate.RUN
    #: After which the server ends it as timed out.
    execution_timeout: timedelta | None = None


def seed_id(prefix: str, kind: str, number: int) -> str:
    """Looks like an id of production, and is the same on every machine."""
    digest = hashlib.sha256(f"{kind}/{number}".encode()).hexdigest()
    return f"{prefix}_1Q{digest[:10]}"
