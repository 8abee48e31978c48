"""Typed calls on schedules: what they are, when they act, and what a person tells them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from temporalio.api.enums.v1 import ScheduleOverlapPolicy, WorkflowExecutionStatus
from temporalio.api.schedule.v1 import (
    BackfillRequest,
    ScheduleActionResult,
    ScheduleListEntry,
    SchedulePatch,
    StructuredCalendarSpec,
    TriggerImmediatelyRequest,
)
from temporalio.api.schedule.v1 import ScheduleSpec as SpecMessage
from temporalio.api.workflowservice.v1 import (
    CountSchedulesRequest,
    DeleteScheduleRequest,
    DescribeScheduleRequest,
    DescribeScheduleResponse,
    ListScheduleMatchingTimesRequest,
    ListSchedulesRequest,
    PatchScheduleRequest,
)

from console.gateway import indexed, payloads, sight
from console.gateway.channel import GatewayError, Trouble, call, workflow_service
from console.gateway.lengths import length

#: What an empty field of a calendar means: (lowest, highest, whether empty is all of them).
FIELDS = {
    "second": (0, 59, False),
    "minute": (0, 59, False),
    "hour": (0, 23, False),
    "day_of_month": (1, 31, True),
    "month": (1, 12, True),
    "year": (2000, 2100, True),
    "day_of_week": (0, 6, True),
}
#: The protocol's name -> the number of its overlap policy.
OVERLAPS = {
    name.removeprefix("SCHEDULE_OVERLAP_POLICY_"): number
    for name, number in ScheduleOverlapPolicy.items()
}
_OVERLAP_NAMES = {number: name for name, number in OVERLAPS.items()}


@dataclass(frozen=True, slots=True)
class Calendar:
    """Each field's values, ascending."""

    second: tuple[int, ...]
    minute: tuple[int, ...]
    hour: tuple[int, ...]
    day_of_month: tuple[int, ...]
    month: tuple[int, ...]
    year: tuple[int, ...]
    day_of_week: tuple[int, ...]
    comment: str = ""


@dataclass(frozen=True, slots=True)
class Interval:
    every: timedelta
    offset: timedelta


@dataclass(frozen=True, slots=True)
class Spec:
    calendars: tuple[Calendar, ...]
    intervals: tuple[Interval, ...]
    excluded: tuple[Calendar, ...]
    zone: str
    jitter: timedelta
    starts_at: datetime | None
    ends_at: datetime | None


@dataclass(frozen=True, slots=True)
class Action:
    scheduled_at: datetime | None
    acted_at: datetime | None
    workflow_id: str
    run_id: str
    status: str


@dataclass(frozen=True, slots=True)
class ScheduleSummary:
    """`recent` oldest first."""

    id: str
    spec: Spec
    workflow_type: str
    paused: bool
    note: str
    recent: tuple[Action, ...]
    coming: tuple[datetime, ...]


@dataclass(frozen=True, slots=True)
class ScheduleDetail:
    summary: ScheduleSummary
    workflow_id: str
    task_queue: str
    overlap: str
    catchup: timedelta
    pauses_on_failure: bool
    #: None: as many as there are times.
    remaining: int | None
    running: tuple[Action, ...]
    actions: int
    missed: int
    skipped: int
    dropped: int
    waiting: int
    created_at: datetime | None
    updated_at: datetime | None
    memo: Mapping[str, Any]
    attributes: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Page:
    schedules: tuple[ScheduleSummary, ...]
    next_token: bytes


def find(namespace: str, query: str, rows: int, token: bytes = b"") -> Page:
    answer = call(
        workflow_service().ListSchedules,
        ListSchedulesRequest(
            namespace=namespace, maximum_page_size=rows, query=query, next_page_token=token
        ),
    )
    return Page(tuple(map(_summary, answer.schedules)), answer.next_page_token)


def count(namespace: str, query: str = "") -> int | None:
    """None where the server has lists, but does not count."""
    try:
        asked = CountSchedulesRequest(namespace=namespace, query=query)
        return int(call(workflow_service().CountSchedules, asked).count)
    except GatewayError as error:
        if error.trouble is Trouble.UNSUPPORTED:
            return None
        raise


def describe(namespace: str, schedule_id: str) -> ScheduleDetail:
    answer = call(
        workflow_service().DescribeSchedule,
        DescribeScheduleRequest(namespace=namespace, schedule_id=schedule_id),
    )
    sight.prepare(answer)
    return _detail(schedule_id, answer)


def matching_times(
    namespace: str, schedule_id: str, start: datetime, end: datetime
) -> tuple[datetime, ...]:
    """The server ends at a thousand."""
    answer = call(
        workflow_service().ListScheduleMatchingTimes,
        ListScheduleMatchingTimesRequest(
            namespace=namespace,
            schedule_id=schedule_id,
            start_time=payloads.stamp(start),
            end_time=payloads.stamp(end),
        ),
    )
    return _moments(answer.start_time)


def pause(namespace: str, schedule_id: str, note: str, identity: str, request_id: str) -> None:
    _patch(namespace, schedule_id, SchedulePatch(pause=note), identity, request_id)


def resume(namespace: str, schedule_id: str, note: str, identity: str, request_id: str) -> None:
    _patch(namespace, schedule_id, SchedulePatch(unpause=note), identity, request_id)


def trigger(namespace: str, schedule_id: str, overlap: str, identity: str, request_id: str) -> None:
    now = TriggerImmediatelyRequest(overlap_policy=OVERLAPS[overlap])
    patch = SchedulePatch(trigger_immediately=now)
    _patch(namespace, schedule_id, patch, identity, request_id)


def backfill(
    namespace: str,
    schedule_id: str,
    span: tuple[datetime, datetime],
    overlap: str,
    *,
    identity: str,
    request_id: str,
) -> None:
    start, end = span
    filling = BackfillRequest(
        start_time=payloads.stamp(start),
        end_time=payloads.stamp(end),
        overlap_policy=OVERLAPS[overlap],
    )
    patch = SchedulePatch(backfill_request=[filling])
    _patch(namespace, schedule_id, patch, identity, request_id)


def delete(namespace: str, schedule_id: str, identity: str) -> None:
    call(
        workflow_service().DeleteSchedule,
        DeleteScheduleRequest(namespace=namespace, schedule_id=schedule_id, identity=identity),
    )


def _patch(
    namespace: str, schedule_id: str, patch: SchedulePatch, identity: str, request_id: str
) -> None:
    call(
        workflow_service().PatchSchedule,
        PatchScheduleRequest(
            namespace=namespace,
            schedule_id=schedule_id,
            patch=patch,
            identity=identity,
            request_id=request_id,
        ),
    )


def _summary(entry: ScheduleListEntry) -> ScheduleSummary:
    info = entry.info
    return ScheduleSummary(
        id=entry.schedule_id,
        spec=_spec(info.spec),
        workflow_type=info.workflow_type.name,
        paused=info.paused,
        note=info.notes,
        recent=tuple(map(_action, info.recent_actions)),
        coming=_moments(info.future_action_times),
    )


def _detail(schedule_id: str, answer: DescribeScheduleResponse) -> ScheduleDetail:
    schedule, info = answer.schedule, answer.info
    start, own = schedule.action.start_workflow, schedule.state
    return ScheduleDetail(
        summary=ScheduleSummary(
            id=schedule_id,
            spec=_spec(schedule.spec),
            workflow_type=start.workflow_type.name,
            paused=own.paused,
            note=own.notes,
            recent=tuple(map(_action, info.recent_actions)),
            coming=_moments(info.future_action_times),
        ),
        workflow_id=start.workflow_id,
        task_queue=start.task_queue.name,
        overlap=_OVERLAP_NAMES.get(schedule.policies.overlap_policy, "SKIP"),
        catchup=length(schedule.policies.catchup_window),
        pauses_on_failure=schedule.policies.pause_on_failure,
        remaining=own.remaining_actions if own.limited_actions else None,
        running=tuple(
            Action(None, None, run.workflow_id, run.run_id, "Running")
            for run in info.running_workflows
        ),
        actions=info.action_count,
        missed=info.missed_catchup_window,
        skipped=info.overlap_skipped,
        dropped=info.buffer_dropped,
        waiting=info.buffer_size,
        created_at=payloads.moment(info.create_time),
        updated_at=payloads.moment(info.update_time) if info.HasField("update_time") else None,
        memo={name: one.content for name, one in payloads.memo(answer.memo).items()},
        attributes=indexed.seen(answer.search_attributes.indexed_fields.items()),
    )


def _spec(given: SpecMessage) -> Spec:
    return Spec(
        calendars=tuple(map(_calendar, given.structured_calendar)),
        intervals=tuple(
            Interval(length(each.interval), length(each.phase)) for each in given.interval
        ),
        excluded=tuple(map(_calendar, given.exclude_structured_calendar)),
        zone=given.timezone_name or ("a zone of its own" if given.timezone_data else "UTC"),
        jitter=length(given.jitter),
        starts_at=payloads.moment(given.start_time) if given.HasField("start_time") else None,
        ends_at=payloads.moment(given.end_time) if given.HasField("end_time") else None,
    )


def _calendar(given: StructuredCalendarSpec) -> Calendar:
    values = {name: _values(given, name) for name in FIELDS}
    return Calendar(**values, comment=given.comment)


def _values(given: StructuredCalendarSpec, name: str) -> tuple[int, ...]:
    low, high, empty_is_all = FIELDS[name]
    spans = getattr(given, name)
    if not spans:
        return tuple(range(low, high + 1)) if empty_is_all else (0,)
    found = {
        value % 7 if name == "day_of_week" else value
        for span in spans
        for value in range(span.start, max(span.end, span.start) + 1, span.step or 1)
    }
    return tuple(sorted(found))


def _action(given: ScheduleActionResult) -> Action:
    name = WorkflowExecutionStatus.Name(given.start_workflow_status)
    words = name.removeprefix("WORKFLOW_EXECUTION_STATUS_").split("_")
    return Action(
        scheduled_at=payloads.moment(given.schedule_time),
        acted_at=payloads.moment(given.actual_time),
        workflow_id=given.start_workflow_result.workflow_id,
        run_id=given.start_workflow_result.run_id,
        status="".join(word.capitalize() for word in words),
    )


def _moments(stamps: Any) -> tuple[datetime, ...]:
    return tuple(at for at in map(payloads.moment, stamps) if at is not None)
