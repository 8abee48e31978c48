"""The sentence that says where a run stands."""

from dataclasses import dataclass
from datetime import datetime

from console.gateway.payloads import Failure
from console.gateway.runs import PendingActivity, RunKey

STUCK = "Why is this stuck?"
WAITS = "What it waits for"


@dataclass(frozen=True, slots=True)
class Workers:
    """Who could do the work that is waited for."""

    queue: str
    backlog: int
    polling: int
    last_seen_at: datetime | None
    last_tried_by: str


@dataclass(frozen=True, slots=True)
class Standing:
    """`tone`: the status that colours it. Text between the parts is plain; `subject` is strong.

    `of`: the run in which the cause is, where that is another one further down.
    """

    cause: str
    tone: str
    title: str
    subject: str
    says: str
    next_at: datetime | None = None
    after: str = ""
    failure: Failure | None = None
    activity: PendingActivity | None = None
    workers: Workers | None = None
    of: RunKey | None = None
    #: whose versions bear on it
    deployment: str = ""
    #: by which its operation goes
    endpoint: str = ""

    @property
    def in_trouble(self) -> bool:
        return self.tone in {"retrying", "starving", "failed", "timed-out", "paused"}

    @property
    def facts(self) -> tuple[object, ...]:
        """What changes when it says something else; a countdown runs by itself."""
        return (self.cause, self.subject, self.says, self.next_at, self.after)
