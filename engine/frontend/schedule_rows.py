"""Schedules as the protocol describes and lists them."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from google.protobuf.timestamp_pb2 import Timestamp
from temporalio.api.common.v1 import Memo, SearchAttributes, WorkflowExecution
from temporalio.api.enums.v1 import ScheduleOverlapPolicy as Overlap
from temporalio.api.schedule.v1 import (
    ScheduleActionResult,
    ScheduleInfo,
    ScheduleListEntry,
    ScheduleListInfo,
    ScheduleSpec,
)
from temporalio.api.workflowservice.v1 import (
    CountSchedulesRequest,
    CountSchedulesResponse,
    ListSchedulesRequest,
    ListSchedulesResponse,
)

from engine.core.schedule.state import Action, ScheduleState, future_times
from engine.core.schedule.visibility import ID, division
from engine.errors import InvalidArgument
from engine.frontend import visibility
from engine.frontend.parts import Parts
from search.attributes import SYSTEM, CustomAttributes, ValueType
from search.query.errors import QueryError, SearchUnavailable
from search.query.nodes import Name
from search.query.parser import parse

#: The newest actions and the next times that a list shows of each.
LISTED_ACTIONS_MAX = LISTED_TIMES_MAX = 5

__all__ = ["Overlap", "count", "info", "list_all", "memo", "search_attributes", "stamp"]


async def list_all(parts: Parts, request: ListSchedulesRequest) -> ListSchedulesResponse:
    """In the order of the index; what is told of each is what it is now."""
    namespace = await parts.namespace(request.namespace)
    size = request.maximum_page_size
    size = min(size, visibility.PAGE_ROWS_MAX) if size > 0 else visibility.PAGE_ROWS_MAX
    custom = _attributes(namespace.custom)
    try:
        query = _checked(request.query)
        page = await parts.reader.list(
            division(namespace.id), query, size, request.next_page_token, custom
        )
    except (QueryError, SearchUnavailable) as trouble:
        raise visibility.refused(trouble) from trouble
    ids = [record.workflow_id for record in page.records]
    found = await parts.schedules.several(namespace.id, ids)
    return ListSchedulesResponse(
        schedules=[_entry(found[each]) for each in ids if each in found],
        next_page_token=page.next_page_token,
    )


async def count(parts: Parts, request: CountSchedulesRequest) -> CountSchedulesResponse:
    namespace = await parts.namespace(request.namespace)
    try:
        query = _checked(request.query)
        if parse(query).group:
            raise InvalidArgument("invalid query: 'GROUP BY' is not supported for schedules")
        found = await parts.reader.count(
            division(namespace.id), query, _attributes(namespace.custom)
        )
    except (QueryError, SearchUnavailable) as trouble:
        raise visibility.refused(trouble) from trouble
    return CountSchedulesResponse(count=found)


def _attributes(custom: CustomAttributes) -> CustomAttributes:
    return {**custom, ID: ValueType.KEYWORD}


def _checked(query: str) -> str:
    if len(query) > visibility.QUERY_CHARACTERS_MAX:
        raise InvalidArgument("invalid query: too long")
    for name in _names(parse(query)):
        if name in SYSTEM:
            raise InvalidArgument(f'invalid query filter for schedules: cannot filter on "{name}"')
    return query


def _names(node: object) -> Iterator[str]:
    """Every attribute that a query names."""
    if isinstance(node, Name):
        yield node.text
    elif isinstance(node, tuple):
        for each in node:
            yield from _names(each)
    elif dataclasses.is_dataclass(node):
        for field in dataclasses.fields(node):
            yield from _names(getattr(node, field.name))


def info(state: ScheduleState) -> ScheduleInfo:
    made = ScheduleInfo(
        action_count=state.actions_count,
        missed_catchup_window=state.missed_count,
        overlap_skipped=state.skipped_count,
        buffer_dropped=state.dropped_count,
        buffer_size=len(state.waiting),
        running_workflows=[
            WorkflowExecution(workflow_id=run.workflow_id, run_id=run.run_id)
            for run in state.running
        ],
        recent_actions=map(_action, state.recent),
        future_action_times=map(stamp, future_times(state)),
        create_time=stamp(state.created_at),
    )
    if state.updated_at:
        made.update_time.CopyFrom(stamp(state.updated_at))
    return made


def _entry(state: ScheduleState) -> ScheduleListEntry:
    schedule = state.schedule
    spec = ScheduleSpec()
    spec.CopyFrom(schedule.spec)
    # A list of many is no place for the files of zones.
    spec.ClearField("timezone_data")
    return ScheduleListEntry(
        schedule_id=state.schedule_id,
        memo=state.memo,
        search_attributes=search_attributes(state),
        info=ScheduleListInfo(
            spec=spec,
            workflow_type=schedule.action.start_workflow.workflow_type,
            notes=schedule.state.notes,
            paused=schedule.state.paused,
            recent_actions=map(_action, state.recent[-LISTED_ACTIONS_MAX:]),
            future_action_times=map(stamp, future_times(state)[:LISTED_TIMES_MAX]),
        ),
    )


def memo(state: ScheduleState) -> Memo | None:
    return state.memo if state.memo.fields else None


def search_attributes(state: ScheduleState) -> SearchAttributes | None:
    return state.search_attributes if state.search_attributes.indexed_fields else None


def _action(action: Action) -> ScheduleActionResult:
    return ScheduleActionResult(
        schedule_time=stamp(action.scheduled_at),
        actual_time=stamp(action.acted_at),
        start_workflow_result=WorkflowExecution(
            workflow_id=action.workflow_id, run_id=action.run_id
        ),
        start_workflow_status=action.status,  # type: ignore[arg-type]
    )


def stamp(nanoseconds: int) -> Timestamp:
    made = Timestamp()
    made.FromNanoseconds(nanoseconds)
    return made
