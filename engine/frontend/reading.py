"""Read a run: describe it, its history by pages, from the end, or as it grows.

    GetWorkflowExecutionHistory            waits?   answers
    all events                             no       pages up to the last event at the first call
    all events, wait_new_event             yes      the same, then each new event until it closes
    close event                            no       the last event of a closed run, else nothing
    close event, wait_new_event            yes      nothing and a token, until it closes

A page ends after `maximum_page_size` events or `page_bytes_max` bytes; an event that is larger
than that is a page by itself.
"""

from __future__ import annotations

from typing import NamedTuple

from temporalio.api.enums.v1 import EncodingType, HistoryEventFilterType
from temporalio.api.history.v1 import History
from temporalio.api.workflowservice.v1 import (
    DescribeWorkflowExecutionRequest,
    DescribeWorkflowExecutionResponse,
    GetWorkflowExecutionHistoryRequest,
    GetWorkflowExecutionHistoryResponse,
    GetWorkflowExecutionHistoryReverseRequest,
    GetWorkflowExecutionHistoryReverseResponse,
)

from engine.core.keys import RunKey
from engine.core.state import RunState
from engine.errors import InvalidArgument
from engine.frontend import calls, describing, rules
from engine.frontend.parts import Parts
from engine.protocol import tokens, wire
from engine.protocol.tokens import HistoryToken

PAGE_EVENTS_MAX = 1_000
CLOSE_EVENT = HistoryEventFilterType.HISTORY_EVENT_FILTER_TYPE_CLOSE_EVENT


class Extent(NamedTuple):
    run_id: str
    last_event_id: int
    is_running: bool


def extent(state: RunState) -> Extent:
    return Extent(state.key.run_id, state.last_event_id, state.is_running)


async def describe(
    parts: Parts, request: DescribeWorkflowExecutionRequest
) -> DescribeWorkflowExecutionResponse:
    key = await parts.run_of(request.namespace, request, "execution")
    described = await parts.shards.inspect(key, describing.response)
    rules.tell_of(await parts.namespace(request.namespace), described.pending_activities)
    return described


async def history(parts: Parts, request: GetWorkflowExecutionHistoryRequest) -> object:
    token = await _resumed(parts, request)
    key = RunKey(token.namespace_id, token.workflow_id, token.run_id)
    if token.is_waiting and token.next_event_id > token.last_event_id:
        token = await _grown(parts, key, token, request)
    if request.history_event_filter_type == CLOSE_EVENT:
        return await _closing(parts, key, token)
    events = await _page(parts, key, token, _size(request.maximum_page_size))
    token = _after(token, len(events))
    if token.next_event_id > token.last_event_id and token.held:
        events, token = [*events, *token.held], _replace(token, held=())
    return _response(parts, events, token)


async def history_reverse(
    parts: Parts, request: GetWorkflowExecutionHistoryReverseRequest
) -> object:
    key = await parts.run_of(request.namespace, request, "execution")
    if request.next_page_token:
        token = _of(tokens.history(request.next_page_token), key)
        key, end = key._replace(run_id=token.run_id), token.last_event_id
    else:
        run_id, end, _ = await parts.shards.inspect(key, extent)
        key = key._replace(run_id=run_id)
    events = await _page_before(parts, key, end, _size(request.maximum_page_size))
    left = end - len(events)
    response = GetWorkflowExecutionHistoryReverseResponse()
    if left > 0:
        response.next_page_token = tokens.encode(HistoryToken(*key, 1, left))
    return wire.with_field(response, "history", wire.history(reversed(events)))


async def _resumed(parts: Parts, request: GetWorkflowExecutionHistoryRequest) -> HistoryToken:
    key = await parts.run_of(request.namespace, request, "execution")
    if request.next_page_token:
        return _of(tokens.history(request.next_page_token), key)
    run_id, last_event_id, is_running = await parts.shards.inspect(key, extent)
    waits = request.wait_new_event and is_running
    # Who waits for the close event alone has no use for what is there already.
    skips = request.history_event_filter_type == CLOSE_EVENT and is_running
    next_event_id = last_event_id + 1 if skips else 1
    return HistoryToken(
        key.namespace_id, key.workflow_id, run_id, next_event_id, last_event_id, waits
    )


def _of(token: HistoryToken, key: RunKey) -> HistoryToken:
    if (token.namespace_id, token.workflow_id) != (key.namespace_id, key.workflow_id):
        raise InvalidArgument("Invalid NextPageToken.")
    if key.run_id and token.run_id != key.run_id:
        raise InvalidArgument("Invalid NextPageToken.")
    return token


async def _grown(
    parts: Parts, key: RunKey, token: HistoryToken, request: GetWorkflowExecutionHistoryRequest
) -> HistoryToken:
    """The token as it stands when there is something new, or when the wait is over."""
    only_closing = request.history_event_filter_type == CLOSE_EVENT

    def satisfied(state: RunState) -> bool:
        grew = state.next_event_id > token.next_event_id and not only_closing
        return grew or not state.is_running

    await parts.shards.wait(key, satisfied, calls.seconds_left(parts.config.long_poll_seconds))
    _, last_event_id, is_running = await parts.shards.inspect(key, extent)
    return _replace(token, last_event_id=last_event_id, is_waiting=is_running)


async def _closing(parts: Parts, key: RunKey, token: HistoryToken) -> object:
    if token.is_waiting:
        waiting = _replace(token, next_event_id=token.last_event_id + 1)
        return GetWorkflowExecutionHistoryResponse(
            history=History(), next_page_token=tokens.encode(waiting)
        )
    _, last_event_id, is_running = await parts.shards.inspect(key, extent)
    if is_running:
        return GetWorkflowExecutionHistoryResponse(history=History())
    last = await parts.shards.history(
        key, last_event_id, last_event_id, parts.config.page_bytes_max
    )
    return _response(parts, last, _replace(token, next_event_id=1, last_event_id=0))


async def _page(parts: Parts, key: RunKey, token: HistoryToken, size: int) -> list[bytes]:
    if token.next_event_id > token.last_event_id:
        return []
    end = min(token.last_event_id, token.next_event_id + size - 1)
    return await parts.shards.history(key, token.next_event_id, end, parts.config.page_bytes_max)


async def _page_before(parts: Parts, key: RunKey, end: int, size: int) -> list[bytes]:
    """The last events up to `end`: where their bytes are too many, half as many."""
    while True:
        start = max(1, end - size + 1)
        events = await parts.shards.history(key, start, end, parts.config.page_bytes_max)
        if len(events) == end - start + 1:
            return events
        size = max(1, (end - start + 1) // 2)


def _size(asked: int) -> int:
    return min(asked, PAGE_EVENTS_MAX) if asked > 0 else PAGE_EVENTS_MAX


def _after(token: HistoryToken, count: int) -> HistoryToken:
    return _replace(token, next_event_id=token.next_event_id + count)


def _replace(token: HistoryToken, **changes: object) -> HistoryToken:
    fields = {name: getattr(token, name) for name in token.__struct_fields__}
    return HistoryToken(**{**fields, **changes})


def _response(parts: Parts, events: list[bytes], token: HistoryToken) -> bytes:
    response = GetWorkflowExecutionHistoryResponse()
    if token.next_event_id <= token.last_event_id or token.is_waiting:
        response.next_page_token = tokens.encode(token)
    if not parts.config.raw_history:
        return wire.with_field(response, "history", wire.history(events))
    response.history.SetInParent()
    if events:
        blob = response.raw_history.add(encoding_type=EncodingType.ENCODING_TYPE_PROTO3)
        blob.data = wire.history(events)
    return response.SerializeToString()
