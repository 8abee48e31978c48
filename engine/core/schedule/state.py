"""What a schedule is: data and small questions. Only `step` changes it.

Times are nanoseconds since the epoch; 0 means "none". What is to be done outside is in the state
as well (`starting`, and those of `running` that are to end): it is done again until it is known to
be done, each with an id of its own that lets it happen once.
"""

from __future__ import annotations

import msgspec
from msgspec import field
from temporalio.api.common.v1 import Memo, Payloads, SearchAttributes
from temporalio.api.enums.v1 import ScheduleOverlapPolicy as Overlap
from temporalio.api.failure.v1 import Failure
from temporalio.api.schedule.v1 import Schedule

from engine.core.schedule.spec import Spec

BUFFER_MAX = 1_000
#: On their way at once; those that are decided on after them wait, whatever their policy.
STARTING_MAX = 100
RECENT_ACTIONS_MAX = 10
FUTURE_ACTIONS_MAX = 10
BACKFILLS_MAX = 100
REQUEST_IDS_KEPT_MAX = 100
SECOND = 1_000_000_000
CATCHUP_DEFAULT, CATCHUP_MIN = 365 * 86_400 * SECOND, 10 * SECOND
#: As many nanoseconds as 64 bits hold.
CATCHUP_MAX = 2**63 - 1
#: What was not known to be done by then is done again.
RETRY_AFTER = 2 * SECOND


class Waiting(msgspec.Struct, kw_only=True):
    """An action whose time has come. `overlap` 0 is the schedule's own policy.

    `is_manual`: triggered or backfilled, so neither paused nor counted. `id` makes its start happen
    once.
    """

    nominal: int
    due: int
    overlap: int = 0
    is_manual: bool = False
    id: str


class Starting(msgspec.Struct, kw_only=True):
    """`is_alone`: no other run of the schedule that overlaps it is wanted."""

    action: Waiting
    workflow_id: str
    request_id: str
    is_alone: bool
    # They may be answered in another order than that in which they were decided on.
    number: int = 0


class Running(msgspec.Struct, kw_only=True):
    """`run_id` is the first run's of its chain. `end` is "", "cancel" or "terminate"."""

    workflow_id: str
    run_id: str
    end: str = ""
    is_told: bool = False


class Action(msgspec.Struct, kw_only=True):
    """One of the recent actions; `status` is a number of WorkflowExecutionStatus."""

    scheduled_at: int
    acted_at: int
    workflow_id: str
    run_id: str
    status: int
    number: int = 0


class Backfill(msgspec.Struct, kw_only=True):
    """Nominal times later than `after`, up to `until`."""

    id: str
    after: int
    until: int
    overlap: int


class ScheduleState(msgspec.Struct, kw_only=True):
    namespace_id: str
    schedule_id: str
    # Of this schedule alone, and not of one that has its name later.
    id: str
    # Of the request that created it.
    request_id: str
    schedule: Schedule
    memo: Memo = field(default_factory=Memo)
    search_attributes: SearchAttributes = field(default_factory=SearchAttributes)
    # Counts the changes of `schedule`: the conflict token.
    version: int = 1
    created_at: int
    updated_at: int = 0

    # Nominal times up to here have been dealt with.
    done_until: int
    waiting: list[Waiting] = field(default_factory=list)
    starting: list[Starting] = field(default_factory=list)
    running: list[Running] = field(default_factory=list)
    backfills: list[Backfill] = field(default_factory=list)
    recent: list[Action] = field(default_factory=list)

    starts_count: int = 0
    actions_count: int = 0
    missed_count: int = 0
    skipped_count: int = 0
    dropped_count: int = 0
    last_result: Payloads | None = None
    last_failure: Failure | None = None
    seen_request_ids: dict[str, None] = field(default_factory=dict)

    def spec(self) -> Spec:
        return Spec(self.schedule.spec, self.schedule_id)

    @property
    def overlap(self) -> int:
        default = Overlap.SCHEDULE_OVERLAP_POLICY_SKIP
        return self.schedule.policies.overlap_policy or default

    @property
    def catchup(self) -> int:
        return self.schedule.policies.catchup_window.ToNanoseconds()

    @property
    def acts_by_itself(self) -> bool:
        """Not paused, and not at the end of its actions."""
        own = self.schedule.state
        return not own.paused and not (own.limited_actions and own.remaining_actions <= 0)

    @property
    def is_busy(self) -> bool:
        return bool(self.running) or any(start.is_alone for start in self.starting)

    @property
    def has_room(self) -> bool:
        """What would come next can be decided on now, and not only when starts are answered."""
        return len(self.starting) < STARTING_MAX

    def to_end(self) -> list[Running]:
        return [run for run in self.running if run.end and not run.is_told]


def future_times(state: ScheduleState) -> list[int]:
    """When it would act next; a pause may end, so it hides none of them."""
    own = state.schedule.state
    most = FUTURE_ACTIONS_MAX
    if own.limited_actions:
        most = min(most, max(own.remaining_actions, 0))
    spec, after, found = state.spec(), state.done_until, list[int]()
    while len(found) < most and (time := spec.next_time(after)) is not None:
        found.append(time.actual)
        after = time.nominal
    return found


def next_at(state: ScheduleState, at: int) -> int | None:
    """When it is to be looked at again, if nothing happens to it before."""
    times: list[int] = []
    if state.starting or state.to_end():
        times.append(at + RETRY_AFTER)
    if state.backfills and state.has_room and len(state.waiting) < BUFFER_MAX // 2:
        times.append(at)
    if state.acts_by_itself and state.has_room:
        time = state.spec().next_time(state.done_until)
        if time is not None:
            times.append(max(time.actual, at))
    return min(times, default=None)
