"""Schedules as a person writes them: made, changed, and when they would act.

What a form does not show of an action (its memo, headers, attributes, time-outs, retries) stays as
it is when the schedule is changed; so do arguments that were not changed, that are masked for the
person, or that cannot be read.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from google.protobuf import json_format
from temporalio.api.common.v1 import WorkflowType
from temporalio.api.schedule.v1 import IntervalSpec, Range, Schedule, StructuredCalendarSpec
from temporalio.api.schedule.v1 import ScheduleSpec as SpecMessage
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import (
    CreateScheduleRequest,
    DescribeScheduleRequest,
    UpdateScheduleRequest,
)

from console.gateway import admin, payloads
from console.gateway.channel import GatewayError, Trouble, call, workflow_service
from console.gateway.lengths import length
from console.gateway.schedules import FIELDS, OVERLAPS

PREVIEWED = 10
_NAMES = {number: name for name, number in OVERLAPS.items()}
_CRON = ("minute", "hour", "day_of_month", "month", "day_of_week")


@dataclass(frozen=True, slots=True)
class When:
    """`intervals` are (every, offset); `excluded` is the protocol's JSON of calendars.

    `zone_file` is the zone itself (TZif), where a schedule has brought it along; `zone` is then
    only a name.
    """

    crons: tuple[str, ...] = ()
    intervals: tuple[tuple[timedelta, timedelta], ...] = ()
    excluded: Sequence[Any] = ()
    zone: str = ""
    zone_file: bytes = b""
    jitter: timedelta | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Draft:
    """`arguments` None: as they are. `remaining` None: without a limit."""

    schedule_id: str
    when: When
    workflow_type: str
    workflow_id: str
    task_queue: str
    arguments: Sequence[Any] | None
    overlap: str
    catchup: timedelta | None
    pauses_on_failure: bool
    remaining: int | None
    paused: bool
    note: str


class BadWhen(Exception):
    """A sentence: what of it is not the protocol's."""


def read(namespace: str, schedule_id: str) -> tuple[Draft, bytes]:
    """As it is now, and the token that a change of it is to bring."""
    answer = _described(namespace, schedule_id)
    return _draft(schedule_id, answer.schedule), answer.conflict_token


def _described(namespace: str, schedule_id: str) -> Any:
    return call(
        workflow_service().DescribeSchedule,
        DescribeScheduleRequest(namespace=namespace, schedule_id=schedule_id),
    )


def create(namespace: str, draft: Draft, identity: str, request_id: str) -> None:
    schedule = Schedule()
    _write(namespace, schedule, draft)
    call(
        workflow_service().CreateSchedule,
        CreateScheduleRequest(
            namespace=namespace,
            schedule_id=draft.schedule_id,
            schedule=schedule,
            identity=identity,
            request_id=request_id,
        ),
    )


def change(namespace: str, draft: Draft, token: bytes, identity: str, request_id: str) -> None:
    """Refused where somebody changed it since; the dev server would lose the change silently."""
    answer = _described(namespace, draft.schedule_id)
    if answer.conflict_token != token:
        raise GatewayError(
            Trouble.CONFLICT, "Somebody else has changed this schedule since. Look again."
        )
    schedule = answer.schedule
    if draft.arguments == _arguments(schedule.action.start_workflow.input.payloads):
        draft = replace(draft, arguments=None)
    _write(namespace, schedule, draft)
    call(
        workflow_service().UpdateSchedule,
        UpdateScheduleRequest(
            namespace=namespace,
            schedule_id=draft.schedule_id,
            schedule=schedule,
            conflict_token=token,
            identity=identity,
            request_id=request_id,
        ),
    )


def preview(when: When, schedule_id: str) -> tuple[datetime, ...] | None:
    """The next times that it would have; None: this server tells them of what there is only."""
    spec = json_format.MessageToDict(_spec(when))
    try:
        answer = admin.ask("PreviewSchedule", spec=spec, count=PREVIEWED, schedule_id=schedule_id)
    except GatewayError as error:
        if error.trouble is Trouble.UNSUPPORTED:
            return None
        raise
    return tuple(datetime.fromisoformat(text) for text in answer.get("times", ()))


def _write(namespace: str, schedule: Schedule, draft: Draft) -> None:
    schedule.spec.CopyFrom(_spec(draft.when))
    start = schedule.action.start_workflow
    start.workflow_type.CopyFrom(WorkflowType(name=draft.workflow_type))
    start.workflow_id = draft.workflow_id
    start.task_queue.CopyFrom(TaskQueue(name=draft.task_queue))
    if draft.arguments is not None:
        start.input.CopyFrom(payloads.sent(namespace, draft.arguments))
    policies, own = schedule.policies, schedule.state
    policies.overlap_policy = OVERLAPS[draft.overlap]
    policies.pause_on_failure = draft.pauses_on_failure
    policies.ClearField("catchup_window")
    if draft.catchup is not None:
        policies.catchup_window.FromTimedelta(draft.catchup)
    own.paused, own.notes = draft.paused, draft.note
    own.limited_actions = draft.remaining is not None
    own.remaining_actions = draft.remaining or 0


def _spec(when: When) -> SpecMessage:
    spec = SpecMessage(
        cron_string=when.crons, timezone_name=when.zone, timezone_data=when.zone_file
    )
    for every, offset in when.intervals:
        interval = IntervalSpec()
        interval.interval.FromTimedelta(every)
        interval.phase.FromTimedelta(offset)
        spec.interval.append(interval)
    for each in when.excluded:
        spec.exclude_structured_calendar.append(_calendar(each))
    if when.jitter is not None:
        spec.jitter.FromTimedelta(when.jitter)
    if when.starts_at is not None:
        spec.start_time.FromDatetime(when.starts_at)
    if when.ends_at is not None:
        spec.end_time.FromDatetime(when.ends_at)
    return spec


def _calendar(given: Any) -> StructuredCalendarSpec:
    try:
        return json_format.ParseDict(given, StructuredCalendarSpec())
    except (json_format.ParseError, TypeError, ValueError, AttributeError) as error:
        raise BadWhen(f"This is no calendar of the protocol: {error}.") from error


def check(when: When) -> None:
    """Raises BadWhen."""
    _spec(when)


def _draft(schedule_id: str, schedule: Schedule) -> Draft:
    start, own, policies = schedule.action.start_workflow, schedule.state, schedule.policies
    return Draft(
        schedule_id=schedule_id,
        when=_when(schedule.spec),
        workflow_type=start.workflow_type.name,
        workflow_id=start.workflow_id,
        task_queue=start.task_queue.name,
        arguments=_arguments(start.input.payloads),
        overlap=_NAMES.get(policies.overlap_policy, "SKIP"),
        catchup=payloads.span(policies.catchup_window),
        pauses_on_failure=policies.pause_on_failure,
        remaining=own.remaining_actions if own.limited_actions else None,
        paused=own.paused,
        note=own.notes,
    )


def _arguments(given: Sequence[Any]) -> list[Any] | None:
    """None where a person does not see the whole of them: they could not be written back."""
    values = payloads.values(given)
    whole = all(one.readable and not one.masked and not one.text for one in values)
    return [one.content for one in values] if whole else None


def _when(spec: SpecMessage) -> When:
    intervals = ((length(each.interval), length(each.phase)) for each in spec.interval)
    excluded = map(json_format.MessageToDict, spec.exclude_structured_calendar)
    return When(
        crons=tuple(map(cron_of, spec.structured_calendar)),
        intervals=tuple(intervals),
        excluded=list(excluded),
        zone=spec.timezone_name,
        zone_file=spec.timezone_data,
        jitter=payloads.span(spec.jitter),
        starts_at=payloads.moment(spec.start_time),
        ends_at=payloads.moment(spec.end_time),
    )


def cron_of(given: StructuredCalendarSpec) -> str:
    """The line that a server makes this calendar of: five fields, or seven where it needs them."""
    fields = [_field(given, name) for name in _CRON]
    second, year = _field(given, "second"), _field(given, "year")
    if second != "0" or year != "*":
        fields = [second, *fields, year]
    return " ".join(fields) + (f" # {given.comment}" if given.comment else "")


def _field(given: StructuredCalendarSpec, name: str) -> str:
    low, high, empty_is_all = FIELDS[name]
    ranges: Sequence[Range] = getattr(given, name)
    if not ranges:
        return "*" if empty_is_all else "0"
    return ",".join(_range(each, low, high) for each in ranges)


def _range(given: Range, low: int, high: int) -> str:
    end, step = max(given.end, given.start), given.step or 1
    if (given.start, end) == (low, high):
        return "*" if step == 1 else f"*/{step}"
    if end == given.start:
        return str(given.start)
    return f"{given.start}-{end}" + ("" if step == 1 else f"/{step}")


def told(draft: Draft) -> Mapping[str, Any]:
    """For the activity log."""
    when = draft.when
    return {
        "cron": list(when.crons),
        "every": [f"{every} + {offset}" for every, offset in when.intervals],
        "except": list(when.excluded),
        "zone": when.zone + (" (a file of its own)" if when.zone_file else ""),
        "jitter": str(when.jitter or ""),
        "from": when.starts_at.isoformat() if when.starts_at else "",
        "until": when.ends_at.isoformat() if when.ends_at else "",
        "type": draft.workflow_type,
        "workflow id": draft.workflow_id,
        "task queue": draft.task_queue,
        "arguments": "as they were" if draft.arguments is None else _short(draft.arguments),
        "overlap": draft.overlap,
        "catch up": str(draft.catchup or ""),
        "pauses on failure": draft.pauses_on_failure,
        "starts left": draft.remaining,
        "paused": draft.paused,
        "note": draft.note,
    }


#: characters of arguments that the activity log keeps
KEPT_MAX = 16_000


def _short(arguments: Sequence[Any]) -> Any:
    size = len(json.dumps(arguments))
    return list(arguments) if size <= KEPT_MAX else f"{len(arguments)}, {size} characters"
