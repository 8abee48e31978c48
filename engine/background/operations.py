"""Nexus operations on their way to a handler: a request that one of an endpoint's workers answers.

    a message of the run ──▶ the endpoint's task queue ──▶ a worker ──▶ what the run is told
                                     └── nobody in time ──▶ faltered: it comes again

The request is in memory only, as a query is; what makes it happen again is the run's own message,
which stays in the store until the run has the answer.
"""

from __future__ import annotations

import asyncio

import msgspec
from temporalio.api.common.v1 import Link, WorkflowExecution
from temporalio.api.enums.v1 import EventType
from temporalio.api.failure.v1 import Failure
from temporalio.api.history.v1 import HistoryEvent, NexusOperationScheduledEventAttributes
from temporalio.api.nexus.v1 import Request, Response, StartOperationResponse

from engine.background import system_operations
from engine.background.endpoints import Endpoints
from engine.background.starts import Call
from engine.clock import Clock
from engine.core.effects import CancelOperation, StartOperation, TellCaller
from engine.core.inputs import (
    Input,
    OperationCancelTaken,
    OperationEnded,
    OperationFaltered,
    OperationStarted,
)
from engine.core.keys import NEXUS, QueueKey, RunKey, operation_of
from engine.errors import NamespaceNotFound, ResourceExhausted, Unavailable
from engine.namespaces import Namespaces
from engine.ports import HandlerAnswer, Matching, Task
from engine.protocol import nexus, tokens
from engine.protocol.tokens import CallerToken

#: A handler that needs longer answers that it has started, and says later how it ended.
HANDLER_SECONDS_MAX = 9.0
CALLBACK_URL = "temporal://system"
#: What the handler calls the operation, where its callback says so.
OPERATION_HEADER = "nexus-operation-token"
SECOND = 1_000_000_000

Asking = StartOperation | CancelOperation


class Operations:
    def __init__(
        self, endpoints: Endpoints, namespaces: Namespaces, matching: Matching, clock: Clock
    ) -> None:
        self._endpoints = endpoints
        self._namespaces = namespaces
        self._matching = matching
        self._clock = clock
        self._call: Call | None = None

    def introduce(self, call: Call) -> None:
        """`call` is how a client of this engine would call it."""
        self._call = call

    async def queue(self, given: Asking) -> QueueKey | None:
        if _attributes(given).endpoint == nexus.SYSTEM_ENDPOINT:
            return None
        endpoint = await self._endpoints.with_id(_attributes(given).endpoint_id)
        if endpoint is None:
            return None
        worker = endpoint.target
        namespace = await self._namespaces.named(worker.namespace)
        return QueueKey(namespace.id, worker.task_queue, NEXUS)

    async def start(self, given: StartOperation) -> Input:
        if _attributes(given).endpoint == nexus.SYSTEM_ENDPOINT:
            if self._call is None:
                raise Unavailable("the service is not there yet")
            link = self._link(given.namespace_id, given.source, given.scheduled)
            namespace = self._name(given.namespace_id)
            return await system_operations.start(
                self._call, given, namespace, link, self._clock.now
            )
        answer = await self._asked(given, self._start_request(given))
        if answer.failure is not None:
            return self._faltered(given, answer.failure)
        assert answer.response is not None, "an answer is a response or a failure"
        return self._begun(given, answer.response)

    async def cancel(self, given: CancelOperation) -> Input:
        answer = await self._asked(given, self._cancel_request(given))
        if answer.failure is not None:
            return self._faltered(given, answer.failure)
        return OperationCancelTaken(
            at=self._clock.now(), scheduled_event_id=given.scheduled.event_id
        )

    def _faltered(self, given: Asking, failure: Failure) -> OperationFaltered:
        return OperationFaltered(
            at=self._clock.now(),
            scheduled_event_id=given.scheduled.event_id,
            failure=failure,
            of_cancellation=isinstance(given, CancelOperation),
            is_final=nexus.is_final(failure),
        )

    def _begun(self, given: StartOperation, response: Response) -> Input:
        at, event_id = self._clock.now(), given.scheduled.event_id
        said = response.start_operation
        which = said.WhichOneof("variant")
        if which == "sync_success":
            links = nexus.from_nexus(said.sync_success.links)
            result = said.sync_success.payload if said.sync_success.HasField("payload") else None
            return OperationEnded(
                at=at, scheduled_event_id=event_id, result=result, links=tuple(links)
            )
        if which == "async_success":
            begun = said.async_success
            token = begun.operation_token or begun.operation_id
            if token:
                links = nexus.from_nexus(begun.links)
                return OperationStarted(
                    at=at, scheduled_event_id=event_id, token=token, links=tuple(links)
                )
        failed = _failed(said)
        if failed is None:
            empty = nexus.handler_error("INTERNAL", "the handler's answer says nothing")
            return self._faltered(given, empty)
        failure, is_canceled = failed
        return OperationEnded(
            at=at, scheduled_event_id=event_id, failure=failure, is_canceled=is_canceled
        )

    async def _asked(self, given: Asking, request: Request) -> HandlerAnswer:
        """The first worker that polls for it has until the time is over."""
        try:
            queue = await self.queue(given)
        except NamespaceNotFound as gone:
            return _no_answer("NOT_FOUND", gone.message)
        if queue is None:
            return _no_answer("NOT_FOUND", "endpoint not registered")
        seconds = self._seconds(given)
        request.header["request-timeout"] = f"{seconds:.3f}s"
        run = RunKey(
            queue.namespace_id, given.source.workflow_id, f"{given.source.run_id}/{given.event_id}"
        )
        try:
            asked = self._matching.queries.open(run, None)
        except ResourceExhausted as refusal:
            return _no_answer("RESOURCE_EXHAUSTED", refusal.message)
        asked.about = request
        try:
            self._matching.offer(Task(run=run, queue=queue, event_id=0, attempt=1, query=asked))
            async with asyncio.timeout(seconds):
                answer: HandlerAnswer = await asked.answer
                return answer
        except TimeoutError:
            return _no_answer("UPSTREAM_TIMEOUT", "upstream timeout")
        finally:
            self._matching.withdraw_query(queue, asked.id)
            self._matching.queries.close(asked)

    def _seconds(self, given: Asking) -> float:
        if not given.expires_at:
            return HANDLER_SECONDS_MAX
        left = (given.expires_at - self._clock.now()) / SECOND
        return min(HANDLER_SECONDS_MAX, max(left, 0.0))

    def _start_request(self, given: StartOperation) -> Request:
        scheduled = _attributes(given)
        request = self._request(given)
        request.capabilities.temporal_failure_responses = True
        start = request.start_operation
        start.service, start.operation = scheduled.service, scheduled.operation
        start.request_id = scheduled.request_id
        if scheduled.HasField("input"):
            start.payload.CopyFrom(scheduled.input)
        start.callback = CALLBACK_URL
        token = CallerToken(
            given.namespace_id,
            given.source.workflow_id,
            given.source.run_id,
            given.scheduled.event_id,
            scheduled.request_id,
        )
        start.callback_header[tokens.CALLER_HEADER] = tokens.for_header(token)
        link = self._link(given.namespace_id, given.source, given.scheduled)
        start.links.extend(nexus.as_nexus([link]))
        return request

    def _cancel_request(self, given: CancelOperation) -> Request:
        scheduled = _attributes(given)
        request = self._request(given)
        cancel = request.cancel_operation
        cancel.service, cancel.operation = scheduled.service, scheduled.operation
        cancel.operation_id = cancel.operation_token = given.token
        return request

    def _request(self, given: Asking) -> Request:
        scheduled = _attributes(given)
        now = self._clock.now()
        request = Request(endpoint=scheduled.endpoint, header=dict(scheduled.nexus_header))
        request.scheduled_time.FromNanoseconds(now)
        request.capabilities.temporal_failure_responses = True
        if given.expires_at:
            left = max(given.expires_at - now, 0) // 1_000_000
            request.header["operation-timeout"] = f"{left}ms"
        return request

    def _link(self, namespace_id: str, run: WorkflowExecution, event: HistoryEvent) -> Link:
        if operation_id := operation_of(run.workflow_id):
            where = Link.NexusOperation(
                namespace=self._name(namespace_id), operation_id=operation_id, run_id=run.run_id
            )
            return Link(nexus_operation=where)
        return nexus.to_event(
            self._name(namespace_id), run.workflow_id, run.run_id, event.event_id, event.event_type
        )

    def _name(self, namespace_id: str) -> str:
        known = self._namespaces.known(namespace_id)
        return known.name if known is not None else namespace_id

    def ending(self, given: TellCaller) -> OperationEnded:
        header = given.callback.nexus.header
        caller = tokens.caller(header.get(tokens.CALLER_HEADER, ""))
        link = Link()
        link.CopyFrom(given.link)
        link.workflow_event.namespace = self._name(given.namespace_id)
        end = OperationEnded(
            at=self._clock.now(),
            scheduled_event_id=caller.scheduled_event_id,
            links=(link,),
            request_id=caller.request_id,
            token=header.get(OPERATION_HEADER, ""),
            started_at=given.started_at,
        )
        return _with_outcome(end, given.closing)


def _attributes(given: Asking) -> NexusOperationScheduledEventAttributes:
    return given.scheduled.nexus_operation_scheduled_event_attributes


def _no_answer(kind: str, message: str) -> HandlerAnswer:
    return HandlerAnswer(failure=nexus.handler_error(kind, message))


def _failed(said: StartOperationResponse) -> tuple[Failure, bool] | None:
    """What the operation failed with, and whether it was cancelled; the older way and the newer."""
    if said.HasField("operation_error"):
        error = said.operation_error
        failure = nexus.of_failure(error.failure)
        is_canceled = error.operation_state == "canceled"
        if is_canceled and failure.WhichOneof("failure_info") is None:
            failure.canceled_failure_info.SetInParent()
        return failure, is_canceled
    if said.HasField("failure"):
        return said.failure, said.failure.HasField("canceled_failure_info")
    return None


def _with_outcome(end: OperationEnded, closing: HistoryEvent) -> OperationEnded:
    kind, failure = closing.event_type, Failure()
    if kind == EventType.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED:
        payloads = closing.workflow_execution_completed_event_attributes.result.payloads
        return msgspec.structs.replace(end, result=payloads[0] if payloads else None)
    if kind == EventType.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_COMPLETED:
        outcome = closing.workflow_execution_update_completed_event_attributes.outcome
        if outcome.HasField("failure"):
            return msgspec.structs.replace(end, failure=outcome.failure)
        payloads = outcome.success.payloads
        return msgspec.structs.replace(end, result=payloads[0] if payloads else None)
    if kind == EventType.EVENT_TYPE_WORKFLOW_EXECUTION_FAILED:
        failure = closing.workflow_execution_failed_event_attributes.failure
    elif kind == EventType.EVENT_TYPE_WORKFLOW_EXECUTION_CANCELED:
        canceled = closing.workflow_execution_canceled_event_attributes
        failure.message = "operation canceled"
        failure.canceled_failure_info.SetInParent()
        if canceled.HasField("details"):
            failure.canceled_failure_info.details.CopyFrom(canceled.details)
        return msgspec.structs.replace(end, failure=failure, is_canceled=True)
    elif kind == EventType.EVENT_TYPE_WORKFLOW_EXECUTION_TERMINATED:
        failure.message = "operation terminated"
        failure.terminated_failure_info.SetInParent()
    else:
        failure.message = "operation exceeded internal timeout"
        failure.timeout_failure_info.SetInParent()
    return msgspec.structs.replace(end, failure=failure)
