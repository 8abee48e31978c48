"""Nexus tasks: a worker's polls for requests to its handlers, and its answers.

The request is in memory, under the name that its token carries (as with queries); a worker whose
answer comes when nobody waits any more is told so.
"""

from __future__ import annotations

from typing import NoReturn

from temporalio.api.nexus.v1 import Request
from temporalio.api.workflowservice.v1 import (
    PollNexusTaskQueueRequest,
    PollNexusTaskQueueResponse,
    RespondNexusTaskCompletedRequest,
    RespondNexusTaskCompletedResponse,
    RespondNexusTaskFailedRequest,
    RespondNexusTaskFailedResponse,
)

from engine.core.keys import NEXUS
from engine.errors import InvalidArgument
from engine.frontend import checks, polling
from engine.frontend.parts import Parts
from engine.ports import HandlerAnswer, Task
from engine.protocol import nexus, tokens
from engine.protocol.tokens import QueryToken


async def poll(parts: Parts, request: PollNexusTaskQueueRequest) -> object:
    queue = await polling.queue_key(parts, request, NEXUS)
    poller = polling.poller(parts, request)
    task = await polling.next_task(parts, request, queue, poller, _never_stored)
    if isinstance(task, bytes):
        return task
    if task is None:
        return PollNexusTaskQueueResponse()
    asked = task.query
    assert asked is not None, "only requests to handlers are offered to such a queue"
    about: Request = asked.about
    node = parts.cluster.here if parts.cluster is not None else ""
    token = QueryToken(queue.namespace_id, task.queue.name, asked.id, node)
    answer = PollNexusTaskQueueResponse(task_token=tokens.encode(token), request=about)
    return polling.hinted(task, answer)


def _never_stored(task: Task) -> NoReturn:
    raise AssertionError("requests to handlers are in no store")


async def complete(
    parts: Parts, request: RespondNexusTaskCompletedRequest
) -> RespondNexusTaskCompletedResponse:
    token = await _token(parts, request)
    variant = request.response.WhichOneof("variant")
    if variant is None:
        raise InvalidArgument("Response is not set on request.")
    checks.blob(request.response, parts.limits)
    parts.matching.queries.answer(token.query_id, HandlerAnswer(response=request.response))
    return RespondNexusTaskCompletedResponse()


async def fail(
    parts: Parts, request: RespondNexusTaskFailedRequest
) -> RespondNexusTaskFailedResponse:
    token = await _token(parts, request)
    if request.HasField("failure"):
        if not request.failure.HasField("nexus_handler_failure_info"):
            raise InvalidArgument("request Failure must have NexusHandlerFailureInfo")
        failure = request.failure
    elif request.HasField("error"):
        failure = nexus.of_handler_error(request.error)
    else:
        raise InvalidArgument("request must contain error or failure")
    checks.blob(failure, parts.limits)
    parts.matching.queries.answer(token.query_id, HandlerAnswer(failure=failure))
    return RespondNexusTaskFailedResponse()


async def _token(
    parts: Parts, request: RespondNexusTaskCompletedRequest | RespondNexusTaskFailedRequest
) -> QueryToken:
    if request.namespace:
        await parts.namespace(request.namespace)
    if not request.task_token:
        raise InvalidArgument("Task token not set on request.")
    checks.length("Identity", request.identity, parts.limits)
    token = tokens.decode(QueryToken, request.task_token, "Error deserializing task token.")
    if (await parts.namespace(request.namespace)).id != token.namespace_id:
        raise InvalidArgument("Operation requested with a token from a different namespace.")
    return token
