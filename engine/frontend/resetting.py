"""Reset: a new run of the same workflow id from the history of another, up to a workflow task.

The caller names the event at which that task ended; the new run has everything before it, and
the task counts as failed there. The signals and updates that came later are applied again, through
all runs that the old one went on as; which kinds, the caller says. That it was asked to cancel is
forgotten.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection

from temporalio.api.enums.v1 import EventType as E
from temporalio.api.enums.v1 import ResetReapplyExcludeType as Exclude
from temporalio.api.enums.v1 import ResetReapplyType as Reapply
from temporalio.api.history.v1 import HistoryEvent
from temporalio.api.workflow.v1 import PostResetOperation
from temporalio.api.workflowservice.v1 import (
    ResetWorkflowExecutionRequest,
    ResetWorkflowExecutionResponse,
)

from engine.core.inputs import ChangeOptions, Reset
from engine.core.keys import RunKey
from engine.errors import InvalidArgument, RunNotFound
from engine.frontend import checks, options, reading
from engine.frontend.parts import Parts
from engine.ports import events_of

# Runs that a run went on as, one after the other; more than that is not read for a reset.
CHAIN_RUNS_MAX = 100

_KIND_OF_EVENT = {
    E.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED: Exclude.RESET_REAPPLY_EXCLUDE_TYPE_SIGNAL,
    E.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ADMITTED: Exclude.RESET_REAPPLY_EXCLUDE_TYPE_UPDATE,
    E.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED: Exclude.RESET_REAPPLY_EXCLUDE_TYPE_UPDATE,
}
_EXCLUDED_BY_TYPE: dict[int, frozenset[int]] = {
    Reapply.RESET_REAPPLY_TYPE_UNSPECIFIED: frozenset(),
    Reapply.RESET_REAPPLY_TYPE_ALL_ELIGIBLE: frozenset(),
    Reapply.RESET_REAPPLY_TYPE_SIGNAL: frozenset({Exclude.RESET_REAPPLY_EXCLUDE_TYPE_UPDATE}),
    Reapply.RESET_REAPPLY_TYPE_NONE: frozenset(_KIND_OF_EVENT.values()),
}


async def reset(
    parts: Parts, request: ResetWorkflowExecutionRequest
) -> ResetWorkflowExecutionResponse:
    await parts.namespace(request.namespace)
    checks.named("RequestId", request.request_id, parts.limits)
    key = await parts.run_of(request.namespace, request, "workflow_execution")
    excluded = _excluded(request)
    run_id, last_event_id, _ = await parts.shards.inspect(key, reading.extent)
    key = key._replace(run_id=run_id)
    cut = request.workflow_task_finish_event_id
    if not 1 < cut <= last_event_id:
        raise InvalidArgument("Workflow task finish ID must be > 1 && <= workflow last event ID.")
    signals, changes = await _operations(parts, key, request)
    kept = [event async for event in _events(parts, key, 1, cut - 1)]
    _end_inside_task(parts, kept)
    reapplied = [event async for event in _later(parts, key, cut, last_event_id, excluded)]
    given = Reset(
        at=parts.clock.now(),
        events=tuple(kept),
        reapplied=(*reapplied, *signals),
        changes=tuple(changes),
        base_run_id=run_id,
        reason=request.reason,
        identity=request.identity,
        request_id=request.request_id,
    )
    new_run_id = await parts.shards.reset(key, given, parts.clock.new_id())
    return ResetWorkflowExecutionResponse(run_id=new_run_id)


def _excluded(request: ResetWorkflowExecutionRequest) -> frozenset[int]:
    by_type = _EXCLUDED_BY_TYPE.get(request.reset_reapply_type)
    if by_type is None:
        raise InvalidArgument("Unknown ResetReapplyType.")
    return by_type | frozenset(request.reset_reapply_exclude_types)


async def _operations(
    parts: Parts, key: RunKey, request: ResetWorkflowExecutionRequest
) -> tuple[list[HistoryEvent], list[ChangeOptions]]:
    """What is done to the new run before anybody sees it."""
    signals, changes = [], []
    for operation in request.post_reset_operations:
        match operation.WhichOneof("variant"):
            case "signal_workflow":
                signals.append(_signal(parts, operation.signal_workflow, request))
            case "update_workflow_options":
                wanted = operation.update_workflow_options
                changes.append(await options.checked(parts, key, wanted))
            case _:
                raise InvalidArgument("unsupported post reset operation")
    return signals, changes


def _signal(
    parts: Parts, given: PostResetOperation.SignalWorkflow, request: ResetWorkflowExecutionRequest
) -> HistoryEvent:
    checks.named("SignalName", given.signal_name, parts.limits)
    event = HistoryEvent(event_type=E.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED, links=given.links)
    event.event_time.FromNanoseconds(parts.clock.now())
    attributes = event.workflow_execution_signaled_event_attributes
    attributes.signal_name = given.signal_name
    attributes.identity = request.identity
    if given.HasField("input"):
        attributes.input.CopyFrom(given.input)
    if given.HasField("header"):
        attributes.header.CopyFrom(given.header)
    return event


def _end_inside_task(parts: Parts, kept: list[HistoryEvent]) -> None:
    """The events must end inside a workflow task; one that nobody took is started, to fail."""
    scheduled_event_id, is_started = 0, False
    for event in kept:
        if event.event_type == E.EVENT_TYPE_WORKFLOW_TASK_SCHEDULED:
            scheduled_event_id, is_started = event.event_id, False
        elif event.event_type == E.EVENT_TYPE_WORKFLOW_TASK_STARTED:
            is_started = True
        elif event.event_type in _TASK_ENDS:
            scheduled_event_id = 0
    if not scheduled_event_id:
        raise InvalidArgument(
            "WorkflowTaskFinishEventId must be the event right after a workflow task was"
            " scheduled or started."
        )
    if not is_started:
        kept.append(_started(parts, kept, scheduled_event_id))


def _started(parts: Parts, kept: list[HistoryEvent], scheduled_event_id: int) -> HistoryEvent:
    event = HistoryEvent(event_id=len(kept) + 1, event_type=E.EVENT_TYPE_WORKFLOW_TASK_STARTED)
    event.event_time.FromNanoseconds(parts.clock.now())
    attributes = event.workflow_task_started_event_attributes
    attributes.scheduled_event_id = scheduled_event_id
    attributes.identity = "history-service"
    attributes.request_id = parts.clock.new_id()
    return event


_TASK_ENDS = (
    E.EVENT_TYPE_WORKFLOW_TASK_COMPLETED,
    E.EVENT_TYPE_WORKFLOW_TASK_FAILED,
    E.EVENT_TYPE_WORKFLOW_TASK_TIMED_OUT,
)


async def _later(
    parts: Parts, key: RunKey, first: int, last: int, excluded: Collection[int]
) -> AsyncIterator[HistoryEvent]:
    """What came from outside since event `first`, here and in the runs that followed."""
    for number in range(CHAIN_RUNS_MAX):
        next_run_id = ""
        async for event in _events(parts, key, first, last):
            kind = _KIND_OF_EVENT.get(event.event_type)
            is_wanted = kind is not None and kind not in excluded
            # Where the run's tasks go is no word to its code: it holds whatever is applied again.
            if is_wanted or (number == 0 and _is_about_options(event)):
                yield event
            next_run_id = (
                event.workflow_execution_continued_as_new_event_attributes.new_execution_run_id
            )
        if not next_run_id or set(_KIND_OF_EVENT.values()) <= set(excluded):
            return
        key, first = key._replace(run_id=next_run_id), 1
        try:
            _, last, _ = await parts.shards.inspect(key, reading.extent)
        except RunNotFound:
            # Deleted, or past its retention.
            return


def _is_about_options(event: HistoryEvent) -> bool:
    attributes = event.workflow_execution_options_updated_event_attributes
    is_set = attributes.HasField("versioning_override") or attributes.HasField("priority")
    return is_set or attributes.unset_versioning_override


async def _events(parts: Parts, key: RunKey, first: int, last: int) -> AsyncIterator[HistoryEvent]:
    while first <= last:
        found = await parts.shards.history(key, first, last, parts.config.page_bytes_max)
        for event in events_of(found):
            yield event
        first += len(found)
