"""Batches: what a query finds is written down once, then acted on, a few at a time.

    started ──▶ reading the query, page by page ──▶ acting, slice by slice ──▶ completed
                          └────────── refused, stopped ──┴──▶ failed

Any node takes a batch that is due, for as long as one turn may last, and says when it is due next:
that is the rate. A node that dies leaves it due again after CLAIM_SECONDS; what it had done by
then is tried once more under the same request id, and so has its effect once. Two nodes that have
the same batch for a moment may both act; one of them writes.
"""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Awaitable, Callable, Sequence
from contextvars import Context
from typing import NamedTuple

from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflowservice.v1 import (
    DescribeActivityExecutionRequest,
    DescribeWorkflowExecutionRequest,
    StartBatchOperationRequest,
)

from engine.background import batch_acts
from engine.background.starts import Call
from engine.clock import Clock
from engine.core.keys import RunKey, derived_id
from engine.core.visibility import OF_ACTIVITY, division_of_activities
from engine.errors import (
    Aborted,
    AlreadyStarted,
    DeadlineExceeded,
    EngineError,
    NamespaceNotFound,
    NotFound,
    ResourceExhausted,
    Unavailable,
)
from engine.namespaces import Namespace, Namespaces
from engine.patience import be_patient
from engine.store import batches as store
from engine.store.batches import DONE, REFUSED, Batch, Lost, Outcome, Target
from engine.store.pool import PASSING, Pool
from search.query.errors import QueryError, SearchUnavailable
from search.reader import VisibilityReader

log = logging.getLogger(__name__)

SECOND = 1_000_000_000
RATE_DEFAULT, RATE_MAX = 50.0, 500.0
#: A rate is kept in slices of a fifth of a second.
SLICES_PER_SECOND = 5
PAGE_ROWS = 1_000
BATCHES_AT_ONCE_MAX = 20
CALLS_AT_ONCE_MAX = 10
#: A turn is over before its claim is.
TURN_SECONDS_MAX, CLAIM_SECONDS = 8.0, 10
#: So often a target is tried that cannot be reached, before it counts as refused.
TRIES_MAX = 30
LOOK_SECONDS_MAX, AGAIN_SECONDS = 1.0, 2
FORGOTTEN_AT_ONCE_MAX = 100
REFUSAL_CHARACTERS_MAX = 500
_LATER = (Aborted, DeadlineExceeded, ResourceExhausted, Unavailable)
_INTRODUCED = "the server introduces the call before it keeps batches"
#: The protocol's RESOURCE_EXHAUSTED_CAUSE_CONCURRENT_LIMIT and _SCOPE_NAMESPACE.
_CONCURRENT, _OF_NAMESPACE = 2, 1


class Turn(NamedTuple):
    """A slice of a batch is acted on, until the loop's time `ends_at`."""

    batch: Batch
    namespace: str
    request: StartBatchOperationRequest
    room: asyncio.Semaphore
    ends_at: float


class Batches:
    """All batches of a namespace lie in one database, which `shard_of` says."""

    def __init__(
        self,
        namespaces: Namespaces,
        reader: VisibilityReader,
        pools: Sequence[Pool],
        clock: Clock,
        shard_of: Callable[[RunKey], int],
    ) -> None:
        self._namespaces = namespaces
        self._reader = reader
        self._pools = pools
        self._clock = clock
        self._shard_of = shard_of
        self._call: Call | None = None
        self._is_sooner = [asyncio.Event() for _ in pools]
        self._turns: set[asyncio.Task[None]] = set()

    def introduce(self, call: Call) -> None:
        """`call` is how a client of this engine would call it."""
        self._call = call

    def _database(self, namespace_id: str) -> int:
        return self._shard_of(RunKey(namespace_id, "", "")) % len(self._pools)

    def _pool(self, namespace_id: str) -> Pool:
        return self._pools[self._database(namespace_id)]

    # -- what callers ask

    async def start(self, namespace_id: str, request: StartBatchOperationRequest) -> None:
        """Refused where another of the namespace has not ended, or had this id."""
        batch = Batch.new(
            namespace_id, request.job_id, self._clock.new_id(),
            request.SerializeToString(), self._clock.now(),
        )  # fmt: skip
        async with self._pool(namespace_id).connection() as connection:
            if await store.add(connection, batch):
                self._is_sooner[self._database(namespace_id)].set()
                return
            is_busy = await store.has_open(connection, namespace_id)
            known = await store.read(connection, namespace_id, request.job_id)
        if is_busy or known is None:
            raise ResourceExhausted(
                "Max concurrent batch operations is reached", _CONCURRENT, _OF_NAMESPACE
            )
        raise AlreadyStarted(
            f"Workflow execution already finished. WorkflowId: {known.job_id}, RunId: {known.id}."
            " Workflow Id reuse policy: reject duplicate workflow Id.",
            known.id,
        )

    async def read(self, namespace_id: str, job_id: str) -> Batch:
        async with self._pool(namespace_id).connection() as connection:
            found = await store.read(connection, namespace_id, job_id)
        if found is None:
            raise NotFound(f"workflow not found for ID: {job_id}")
        return found

    async def page(self, namespace_id: str, after: tuple[int, str], rows: int) -> list[Batch]:
        async with self._pool(namespace_id).connection() as connection:
            return await store.page(connection, namespace_id, *after, rows)

    async def stop(self, namespace_id: str, job_id: str, reason: str, identity: str) -> None:
        """What is under way is done still, and counted."""
        await self.read(namespace_id, job_id)
        if not await self._close(
            namespace_id, job_id, failed=True, reason=reason, identity=identity
        ):
            raise NotFound("workflow execution already completed")

    async def _close(
        self, namespace_id: str, job_id: str, *, failed: bool, reason: str = "", identity: str = ""
    ) -> bool:
        async with self._pool(namespace_id).connection() as connection:
            return await store.close(
                connection, namespace_id, job_id, self._clock.now(),
                failed=failed, reason=reason, identity=identity,
            )  # fmt: skip

    async def forget(self, namespace: Namespace) -> None:
        """Those that ended before the namespace's retention; of one that is going, all."""
        async with self._pool(namespace.id).connection() as connection:
            if namespace.is_deleted:
                await store.forget_all(connection, namespace.id)
                return
            before = self._clock.now() - namespace.retention_seconds * SECOND
            while await store.forget(connection, namespace.id, before, FORGOTTEN_AT_ONCE_MAX):
                log.debug("batches of %s have been kept long enough", namespace.name)

    # -- a turn of one batch

    async def _turn(self, batch: Batch) -> None:
        try:
            namespace = await self._namespaces.with_id(batch.namespace_id)
            request = StartBatchOperationRequest.FromString(batch.request)
            if batch.is_frozen:
                await self._act(batch, namespace, request)
            else:
                await self._freeze(batch, namespace, request)
        except Lost:
            log.debug("batch %s is another node's now", batch.job_id)
        except NamespaceNotFound as refusal:
            await self._give_up(batch, refusal.message)
        except PASSING as trouble:
            log.warning("batch %s goes on later: %s", batch.job_id, trouble)
        except Exception:
            log.exception("batch %s cannot go on; it is tried again", batch.job_id)
        self._is_sooner[self._database(batch.namespace_id)].set()

    async def _give_up(self, batch: Batch, reason: str) -> None:
        await self._close(batch.namespace_id, batch.job_id, failed=True, reason=reason)

    async def _freeze(
        self, batch: Batch, namespace: Namespace, request: StartBatchOperationRequest
    ) -> None:
        try:
            async with asyncio.timeout(TURN_SECONDS_MAX):
                targets, token = await self._targets(batch, namespace, request)
        except QueryError as refusal:
            await self._give_up(batch, _kept(f"invalid query: {refusal}"))
            return
        except (SearchUnavailable, TimeoutError, *_LATER) as trouble:
            log.info("batch %s cannot be read now: %s", batch.job_id, trouble)
            await self._advance(batch, [], self._clock.now() + AGAIN_SECONDS * SECOND)
            return
        async with self._pool(batch.namespace_id).connection() as connection:
            await store.freeze(connection, batch, targets, token, self._clock.now())

    async def _targets(
        self, batch: Batch, namespace: Namespace, request: StartBatchOperationRequest
    ) -> tuple[list[tuple[str, str]], bytes]:
        if request.executions:
            assert self._call is not None, _INTRODUCED
            pin = _activity if batch_acts.is_of_activities(request) else _run
            return await _pinned(self._call, pin, namespace, request.executions), b""
        query, where = batch_acts.query_of(request), (namespace.id, namespace.custom)
        if batch_acts.is_of_activities(request):
            where = (
                division_of_activities(namespace.id),
                {**namespace.custom, **OF_ACTIVITY},
            )
        page = await self._reader.list(where[0], query, PAGE_ROWS, batch.page_token, where[1])
        return [(row.workflow_id, row.run_id) for row in page.records], page.next_page_token

    async def _act(
        self, batch: Batch, namespace: Namespace, request: StartBatchOperationRequest
    ) -> None:
        rate = min(request.max_operations_per_second or RATE_DEFAULT, RATE_MAX)
        most, begun_at = max(1, math.ceil(rate / SLICES_PER_SECOND)), self._clock.now()
        async with self._pool(batch.namespace_id).connection() as connection:
            targets = await store.waiting(connection, batch, most)
        turn = Turn(
            batch,
            namespace.name,
            request,
            asyncio.Semaphore(CALLS_AT_ONCE_MAX),
            asyncio.get_running_loop().time() + TURN_SECONDS_MAX,
        )
        outcomes = await asyncio.gather(*(self._try(turn, target) for target in targets))
        if targets:
            await self._advance(batch, outcomes, begun_at + int(len(targets) / rate * SECOND))
        if len(targets) < most and all(each.outcome for each in outcomes):
            await self._close(batch.namespace_id, batch.job_id, failed=False)

    async def _try(self, turn: Turn, target: Target) -> Outcome:
        """A run that is not there any more needs nothing done to it."""
        assert self._call is not None, _INTRODUCED
        if not target.run_id:
            return Outcome(target, DONE)
        run = WorkflowExecution(workflow_id=target.workflow_id, run_id=target.run_id)
        request_id = derived_id(turn.batch.id, 0, f"{target.workflow_id}\0{target.run_id}")
        try:
            async with asyncio.timeout_at(turn.ends_at), turn.room:
                await batch_acts.perform(self._call, turn.namespace, turn.request, run, request_id)
        except NotFound:
            return Outcome(target, DONE)
        except (TimeoutError, *_LATER) as trouble:
            is_over = target.tries + 1 >= TRIES_MAX
            return Outcome(target, REFUSED if is_over else 0, _kept(str(trouble)))
        except EngineError as refusal:
            return Outcome(target, REFUSED, _kept(refusal.message))
        return Outcome(target, DONE)

    async def _advance(self, batch: Batch, outcomes: Sequence[Outcome], next_at: int) -> None:
        async with self._pool(batch.namespace_id).connection() as connection:
            await store.advance(connection, batch, outcomes, next_at)

    # -- its life

    async def keep(self) -> None:
        """Go on with what is due, until cancelled; a failure ends no loop."""
        be_patient()
        try:
            await asyncio.gather(*(self._keep_one(number) for number in range(len(self._pools))))
        finally:
            for turn in list(self._turns):
                turn.cancel()

    async def _keep_one(self, number: int) -> None:
        while True:
            self._is_sooner[number].clear()
            seconds = LOOK_SECONDS_MAX
            try:
                seconds = await self._take_turns(number)
            except PASSING as trouble:
                log.warning("batches cannot be read: %s", trouble)
            except Exception:
                log.exception("batches cannot go on now; they are tried again")
            try:
                async with asyncio.timeout(seconds):
                    await self._is_sooner[number].wait()
            except TimeoutError:
                continue

    async def _take_turns(self, number: int) -> float:
        """How long until the next look."""
        at, free = self._clock.now(), BATCHES_AT_ONCE_MAX - len(self._turns)
        async with self._pools[number].connection() as connection:
            until = at + CLAIM_SECONDS * SECOND
            claimed = await store.claim(connection, at, until, free) if free > 0 else []
            nearest = await store.nearest(connection)
        for batch in claimed:
            # In a context of its own: it is no part of the call that may have brought it about.
            turn = asyncio.get_running_loop().create_task(self._turn(batch), context=Context())
            self._turns.add(turn)
            turn.add_done_callback(self._turns.discard)
        if nearest is None or free <= 0:
            return LOOK_SECONDS_MAX
        return min(max(nearest - self._clock.now(), 0) / SECOND, LOOK_SECONDS_MAX)


async def _run(call: Call, namespace: str, workflow_id: str) -> str:
    request = DescribeWorkflowExecutionRequest(namespace=namespace)
    request.execution.workflow_id = workflow_id
    found = await call("DescribeWorkflowExecution", request)
    run_id: str = found.workflow_execution_info.execution.run_id
    return run_id


async def _activity(call: Call, namespace: str, activity_id: str) -> str:
    request = DescribeActivityExecutionRequest(namespace=namespace, activity_id=activity_id)
    run_id: str = (await call("DescribeActivityExecution", request)).run_id
    return run_id


async def _pinned(
    call: Call,
    now: Callable[[Call, str, str], Awaitable[str]],
    namespace: Namespace,
    given: Sequence[WorkflowExecution],
) -> list[tuple[str, str]]:
    """One that is named by its id is its run of now, and no later one."""
    room = asyncio.Semaphore(CALLS_AT_ONCE_MAX)

    async def pin(run: WorkflowExecution) -> tuple[str, str]:
        if run.run_id:
            return run.workflow_id, run.run_id
        try:
            async with room:
                return run.workflow_id, await now(call, namespace.name, run.workflow_id)
        except NotFound:
            return run.workflow_id, ""

    return list(await asyncio.gather(*map(pin, given)))


def _kept(refusal: str) -> str:
    """The store has no NUL in a text."""
    return refusal.replace("\0", "")[:REFUSAL_CHARACTERS_MAX]
