"""Messages from run to run, carried after the commit that promised them, at least once.

    stored ──send──▶ arrived ──▶ the sender is told, or the row is dropped
       ▲               │ not now
       └──back-off─────┘

What is sent twice is applied once: starts by request id, signals by request id, the rest by what
the receiver already knows.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, NamedTuple

import msgspec
from temporalio.api.enums.v1 import CancelExternalWorkflowExecutionFailedCause as CancelCause
from temporalio.api.enums.v1 import SignalExternalWorkflowExecutionFailedCause as SignalCause
from temporalio.api.enums.v1 import StartChildWorkflowExecutionFailedCause as ChildCause
from temporalio.api.enums.v1 import WorkflowIdConflictPolicy

from engine.clock import Clock
from engine.cluster.node import Node
from engine.core.effects import (
    CancelExternal,
    CancelOperation,
    CloseChild,
    Delivery,
    SignalExternal,
    StartChild,
    StartOperation,
    TellCaller,
    TellParent,
    TellSchedule,
)
from engine.core.inputs import (
    ChildClosed,
    ChildStarted,
    ChildStartFailed,
    ExternalAnswered,
    Input,
    RequestCancel,
    Start,
    Terminate,
)
from engine.core.keys import RunKey
from engine.core.state import RunState
from engine.errors import (
    AlreadyStarted,
    EngineError,
    InvalidArgument,
    NamespaceNotFound,
    NotFound,
    RunNotFound,
    Unavailable,
)
from engine.ports import Schedules, Shards, StartPolicy
from engine.shards import answers
from engine.shards.handlers import ASKING, Handlers, caller_of, operation_of
from engine.shards.telling import heir_of, unless_gone
from engine.store.codec import decode_delivery, encode_delivery

log = logging.getLogger(__name__)

IN_FLIGHT_MAX = 500
#: Workers that handle Nexus operations take their time, and nothing else waits for them.
HANDLERS_ASKED_MAX = 1_000
#: Those that wait for their turn or their next try; the rest waits in the store.
HELD_MAX = 5_000
#: The end of an operation waits so long for the answer to its cancellation.
ANSWERS_FIRST_SECONDS = 0.5
RETRY_SECONDS_MIN, RETRY_SECONDS_MAX = 0.1, 30.0

NamespaceId = Callable[[str], Awaitable[str]]


class Deliveries:
    """`namespace_id` turns a namespace's name into its id, or refuses with NamespaceNotFound."""

    def __init__(
        self,
        shards: Shards,
        clock: Clock,
        namespace_id: NamespaceId,
        acknowledge: Callable[[RunKey, int], Awaitable[None]],
        is_ours: Callable[[RunKey], bool],
        *,
        cluster: Node | None = None,
    ) -> None:
        self._shards = shards
        self._clock = clock
        self._namespace_id = namespace_id
        self._acknowledge = acknowledge
        self._is_ours = is_ours
        self._cluster = cluster
        self.handlers = Handlers(shards, clock)
        # Introduced when they are there: they call in turn what stands above the shards.
        self.schedules: Schedules | None = None
        self._room = asyncio.Semaphore(IN_FLIGHT_MAX)
        self._room_for_handlers = asyncio.Semaphore(HANDLERS_ASKED_MAX)
        self._held: dict[tuple[str, int], asyncio.Task[None]] = {}
        # Of these, requests to cancel an operation, by its run and its scheduled event.
        self._cancelling: dict[tuple[str, int], asyncio.Task[None]] = {}

    def send(self, source: RunKey, delivery: Delivery) -> bool:
        """False where there is no room: it is to be read back from the store later."""
        name = (source.run_id, delivery.event_id)
        if name in self._held:
            return True
        if len(self._held) >= HELD_MAX:
            return False
        task = asyncio.get_running_loop().create_task(self._carry(source, delivery))
        self._held[name] = task
        task.add_done_callback(lambda _: self._held.pop(name, None))
        if isinstance(delivery, CancelOperation):
            operation = (source.run_id, delivery.scheduled.event_id)
            self._cancelling[operation] = task
            task.add_done_callback(lambda _: self._cancelling.pop(operation, None))
        return True

    def end(self) -> None:
        for task in list(self._held.values()):
            task.cancel()

    async def _carry(self, source: RunKey, delivery: Delivery) -> None:
        """Until it is done, or the source's shard is another node's, which sends it too."""
        pause = RETRY_SECONDS_MIN
        room = self._room_for_handlers if isinstance(delivery, ASKING) else self._room
        while self._is_ours(source):
            try:
                async with room:
                    await self._once(source, delivery)
                return
            except EngineError as refusal:
                log.debug("a message is sent again: %s", refusal.message)
            except Exception:
                log.exception("a message cannot be sent; it is tried again")
            await asyncio.sleep(pause)
            pause = min(pause * 2, RETRY_SECONDS_MAX)

    async def _once(self, source: RunKey, delivery: Delivery) -> None:
        answer = await self._answer(delivery)
        if answer is None:
            await self._acknowledge(source, delivery.event_id)
            return
        try:
            await self._shards.submit(source, answer)
        except RunNotFound:
            await self._acknowledge(source, delivery.event_id)

    async def _answer(self, delivery: Delivery) -> Input | None:
        """What the node that has the target makes of it."""
        # A schedule is no node's: whoever has its row may change it.
        if self._cluster is not None and not isinstance(delivery, TellSchedule):
            node = await self._node_of(self._cluster, delivery)
            if node != self._cluster.here:
                carried = await self._cluster.carry(node, encode_delivery(delivery))
                return answers.decode(carried)
        return await CARRIERS[type(delivery)](self, delivery)

    async def _node_of(self, cluster: Node, delivery: Delivery) -> str:
        try:
            if isinstance(delivery, ASKING):
                queue = await self.handlers.queue(delivery)
                return cluster.here if queue is None else cluster.of_queue(queue)
            return cluster.of_run(await self._target_of(delivery))
        except (NamespaceNotFound, InvalidArgument):
            # Every node answers that alike.
            return cluster.here

    async def carried(self, delivery: bytes) -> bytes:
        """Another node's message to a run of ours."""
        given = decode_delivery(delivery)
        return answers.encode(await CARRIERS[type(given)](self, given))

    async def _target_of(self, delivery: Delivery) -> RunKey:
        """Only its namespace and workflow id count: they say where it lives."""
        if isinstance(delivery, TellParent):
            return delivery.parent
        if isinstance(delivery, CloseChild):
            return delivery.child
        if isinstance(delivery, TellCaller):
            return caller_of(delivery)
        assert not isinstance(delivery, TellSchedule | StartOperation | CancelOperation)
        if isinstance(delivery, StartChild):
            namespace_id = await self._target(delivery.namespace, delivery.namespace_id)
            return RunKey(namespace_id, delivery.workflow_id, "")
        namespace_id = await self._target(delivery.namespace, delivery.target.namespace_id)
        return delivery.target._replace(namespace_id=namespace_id)

    async def _start_child(self, given: StartChild) -> Input:
        at = self._clock.now()
        failed = ChildStartFailed(
            at=at,
            initiated_event_id=given.event_id,
            cause=ChildCause.START_CHILD_WORKFLOW_EXECUTION_FAILED_CAUSE_NAMESPACE_NOT_FOUND,
        )
        try:
            namespace_id = await self._target(given.namespace, given.namespace_id)
            key = RunKey(namespace_id, given.workflow_id, given.run_id)
            start = Start(at=at, attributes=given.attributes, request_id=given.request_id)
            started = await self._shards.start(key, start, _policy(given.reuse_policy))
        except NamespaceNotFound:
            return failed
        except AlreadyStarted:
            if await self._is_there(key):
                return ChildStarted(at=at, initiated_event_id=given.event_id, run_id=key.run_id)
            exists = ChildCause.START_CHILD_WORKFLOW_EXECUTION_FAILED_CAUSE_WORKFLOW_ALREADY_EXISTS
            return msgspec.structs.replace(failed, cause=exists)
        return ChildStarted(at=at, initiated_event_id=given.event_id, run_id=started.run_id)

    async def _is_there(self, child: RunKey) -> bool:
        """An earlier try did start it, and it has been followed by another run since."""
        try:
            return await self._shards.inspect(child, lambda _: True)
        except RunNotFound:
            return False

    async def _target(self, namespace: str, namespace_id: str) -> str:
        return await self._namespace_id(namespace) if namespace else namespace_id

    async def _signal(self, given: SignalExternal) -> Input:
        at = self._clock.now()
        cause = 0
        try:
            namespace_id = await self._target(given.namespace, given.target.namespace_id)
            target = given.target._replace(namespace_id=namespace_id)
            await self._check_child(target, given.child_only, given.signal.external)
            await self._shards.submit(target, msgspec.structs.replace(given.signal, at=at))
        except NamespaceNotFound:
            cause = SignalCause.SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_FAILED_CAUSE_NAMESPACE_NOT_FOUND
        except NotFound:
            cause = SignalCause.SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_FAILED_CAUSE_EXTERNAL_WORKFLOW_EXECUTION_NOT_FOUND  # noqa: E501
        return ExternalAnswered(at=at, initiated_event_id=given.event_id, failed_cause=cause)

    async def _cancel(self, given: CancelExternal) -> Input:
        at = self._clock.now()
        cause = 0
        try:
            namespace_id = await self._target(given.namespace, given.target.namespace_id)
            target = given.target._replace(namespace_id=namespace_id)
            await self._check_child(target, given.child_only, given.cancel.external)
            await self._shards.submit(target, msgspec.structs.replace(given.cancel, at=at))
        except NamespaceNotFound:
            cause = CancelCause.CANCEL_EXTERNAL_WORKFLOW_EXECUTION_FAILED_CAUSE_NAMESPACE_NOT_FOUND
        except NotFound:
            cause = CancelCause.CANCEL_EXTERNAL_WORKFLOW_EXECUTION_FAILED_CAUSE_EXTERNAL_WORKFLOW_EXECUTION_NOT_FOUND  # noqa: E501
        return ExternalAnswered(at=at, initiated_event_id=given.event_id, failed_cause=cause)

    async def _check_child(self, target: RunKey, child_only: bool, sender: Any) -> None:
        """`child_only`: the target must be a child of the sender, or it is as if not found."""
        if not child_only:
            return
        parent = await self._shards.inspect(target, _parent_of)
        if parent != (sender.workflow_id, sender.run_id):
            raise RunNotFound("the target is not a child of the sender")

    async def _tell_parent(self, given: TellParent) -> None:
        closed = ChildClosed(
            at=self._clock.now(),
            initiated_event_id=given.initiated_event_id,
            child=given.child,
            closing=given.closing,
        )
        await unless_gone(self._shards, given.parent, closed)
        heir = await heir_of(self._shards, given.parent)
        if heir is not None:
            await unless_gone(self._shards, heir, closed)

    async def _tell_caller(self, given: TellCaller) -> Input:
        """After the end nothing is said of a cancellation any more: a handler that is being asked
        for one may answer first."""
        with suppress(InvalidArgument):
            if asking := self._cancelling.get(operation_of(given)):
                await asyncio.wait([asking], timeout=ANSWERS_FIRST_SECONDS)
        return await self.handlers.tell_caller(given)

    async def _close_child(self, given: CloseChild) -> None:
        at = self._clock.now()
        if given.terminate:
            reason = "by parent close policy"
            order: Input = Terminate(at=at, reason=reason, identity="history-service")
        else:
            order = RequestCancel(
                at=at,
                identity="history-service",
                external=given.parent,
            )
        await self._to_last_of_chain(given.child, order)

    async def _to_last_of_chain(self, first: RunKey, order: Input) -> None:
        """The child may have gone on as other runs; and may do so again just now."""
        told = ""
        while True:
            try:
                last = await self._shards.inspect(first._replace(run_id=""), _place_in_chain)
            except NotFound:
                return
            if last.first_run_id != first.run_id or not last.is_running or last.run_id == told:
                return
            await unless_gone(self._shards, first._replace(run_id=last.run_id), order)
            told = last.run_id


async def _tell_schedule(deliveries: Deliveries, given: TellSchedule) -> None:
    if deliveries.schedules is None:
        raise Unavailable("the schedules are not there yet")
    await deliveries.schedules.run_closed(
        given.namespace_id,
        given.starter,
        given.workflow_id,
        given.first_run_id,
        given.closing,
    )


def _policy(reuse: int) -> StartPolicy:
    return StartPolicy(
        reuse=reuse, conflict=WorkflowIdConflictPolicy.WORKFLOW_ID_CONFLICT_POLICY_FAIL
    )


class PlaceInChain(NamedTuple):
    run_id: str
    first_run_id: str
    is_running: bool


def _place_in_chain(state: RunState) -> PlaceInChain:
    assert state.start is not None, "a run was started"
    return PlaceInChain(state.key.run_id, state.start.first_execution_run_id, state.is_running)


def _parent_of(state: RunState) -> tuple[str, str]:
    assert state.start is not None, "a run was started"
    parent = state.start.parent_workflow_execution
    return parent.workflow_id, parent.run_id


CARRIERS: dict[type, Callable[[Deliveries, Any], Awaitable[Input | None]]] = {
    StartChild: Deliveries._start_child,
    SignalExternal: Deliveries._signal,
    CancelExternal: Deliveries._cancel,
    TellParent: Deliveries._tell_parent,
    CloseChild: Deliveries._close_child,
    TellSchedule: _tell_schedule,
    StartOperation: lambda deliveries, given: deliveries.handlers.start(given),
    CancelOperation: lambda deliveries, given: deliveries.handlers.cancel(given),
    TellCaller: Deliveries._tell_caller,
}
