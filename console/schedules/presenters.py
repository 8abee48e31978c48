"""Gateway dataclasses -> template rows."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.utils import timezone

from console.gateway import scheduling
from console.gateway.channel import GatewayError, Trouble
from console.gateway.schedules import Action, ScheduleDetail, ScheduleSummary
from console.gateway.scheduling import When
from console.schedules import wording
from console.schedules.drafting import WhenForm
from console.schedules.forms import OVERLAPS
from console.ui import words

OVERLAP_WORDS = dict(OVERLAPS)
FAILED = frozenset({"Failed", "TimedOut"})


@dataclass(frozen=True, slots=True)
class ActionRow:
    scheduled_at: datetime | None
    acted_at: datetime | None
    late: timedelta | None
    workflow_id: str
    run_id: str
    status: str
    word: str
    failed: bool


@dataclass(frozen=True, slots=True)
class ScheduleRow:
    id: str
    state: str
    word: str
    note: str
    workflow_type: str
    when: tuple[str, ...]
    next_at: datetime | None
    last: ActionRow | None


@dataclass(frozen=True, slots=True)
class Count:
    name: str
    number: int
    bad: bool
    about: str


def rows(found: Iterable[ScheduleSummary]) -> list[ScheduleRow]:
    return [row(one) for one in found]


def row(one: ScheduleSummary) -> ScheduleRow:
    state, word = _state(one)
    return ScheduleRow(
        id=one.id,
        state=state,
        word=word,
        note=one.note,
        workflow_type=one.workflow_type,
        when=tuple(wording.sentences(one.spec)),
        next_at=None if one.paused else next(iter(one.coming), None),
        last=action(one.recent[-1]) if one.recent else None,
    )


def _state(one: ScheduleSummary) -> tuple[str, str]:
    if one.paused:
        return "paused", "Paused"
    if not one.spec.calendars and not one.spec.intervals:
        return "waiting", "By hand only"
    return ("ok", "Active") if one.coming else ("skipped", "No more times")


def action(given: Action) -> ActionRow:
    shape, word = words.status(given.status)
    late = None
    if given.acted_at and given.scheduled_at:
        late = given.acted_at - given.scheduled_at
    return ActionRow(
        given.scheduled_at, given.acted_at, late, given.workflow_id, given.run_id, shape, word,
        given.status in FAILED,
    )  # fmt: skip


def recent(one: ScheduleDetail) -> list[ActionRow]:
    """The newest first."""
    return [action(each) for each in reversed(one.summary.recent)]


def counts(one: ScheduleDetail) -> list[Count]:
    return [
        Count("Started", one.actions, False, "runs so far"),
        Count("Skipped", one.skipped, False, "as another run was under way"),
        Count("Missed", one.missed, bool(one.missed), "by more than the catch-up window"),
        Count("Dropped", one.dropped, bool(one.dropped), "as too many waited"),
        Count("Waiting", one.waiting, False, "for the run under way"),
    ]


def policies(one: ScheduleDetail) -> list[tuple[str, str]]:
    limit = words.plural(one.remaining, "start") if one.remaining is not None else "As many as come"
    return [
        ("If a run is under way", OVERLAP_WORDS[one.overlap]),
        ("Catches up within", words.whole(one.catchup)),
        ("When a run fails", "Pauses" if one.pauses_on_failure else "Goes on"),
        ("Starts left", limit),
    ]


def preview(form: WhenForm, schedule_id: str) -> dict[str, object]:
    """`times` are (as the clock of the zone says, the moment); None: the server does not tell.

    `is_elsewhere`: the person who looks has another zone, in which they stand as well.
    """
    if not form.is_valid():
        return {"errors": [error for errors in form.errors.values() for error in errors]}
    when = form.when
    try:
        found = scheduling.preview(when, schedule_id)
    except GatewayError as refused:
        if refused.trouble is not Trouble.INVALID:
            raise
        return {"errors": [str(refused)]}
    zone, named = _clock(when)
    is_elsewhere = zone.key != timezone.get_current_timezone_name()
    times = None
    if found is not None:
        times = [(f"{at.astimezone(zone):%a %Y-%m-%d %H:%M:%S %Z}", at) for at in found]
    says_when = when.crons or when.intervals
    return {"times": times, "zone": named, "is_elsewhere": is_elsewhere, "says_when": says_when}


def _clock(when: When) -> tuple[ZoneInfo, str]:
    """With its name. Python's reader of zones is not one for files that people bring along."""
    if when.zone_file:
        return ZoneInfo("UTC"), f"{when.zone or 'a zone of its own'}, told in UTC"
    return ZoneInfo(when.zone or "UTC"), when.zone or "UTC"
