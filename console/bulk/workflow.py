"""The system workflow. It decides only when the next chunk may go; what was done to whom is in the
database, so that a history of a hundred thousand targets stays short.
"""

import asyncio
from datetime import datetime, timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import FailureError, is_cancelled_exception

with workflow.unsafe.imports_passed_through():
    from console.bulk import orders
    from console.bulk.orders import ChunkDone, ChunkOrder, Plan, Progress, StageShown

RETRIES = RetryPolicy(initial_interval=orders.RETRY_FIRST, maximum_interval=orders.RETRY_MAX)


@workflow.defn(name=orders.WORKFLOW_TYPE)
class BulkWorkflow:
    @workflow.init
    def __init__(self, plan: Plan, carried: Progress) -> None:
        self._plan = plan
        self._position: int | None = carried.position
        self._confirmed = carried.confirmed
        self._paused = carried.paused
        self._newest = list(carried.newest)
        self._aborted = ""
        self._shown = ""
        self._heard = False

    @workflow.run
    async def run(self, _plan: Plan, _carried: Progress) -> str:
        try:
            ended = await self._through_the_list()
        except (asyncio.CancelledError, FailureError) as error:
            if is_cancelled_exception(error):
                await self._show("aborted", "Its system workflow was cancelled.")
            raise
        if not ended:
            workflow.continue_as_new(args=[self._plan, self._progress()])
        return ended

    async def _through_the_list(self) -> str:
        """How it ended; empty when this run has become long and another one goes on."""
        for _ in range(orders.CHUNKS_PER_RUN):
            if await self._may_go_on():
                await self._chunk()
            if self._aborted:
                await self._show("aborted", self._aborted)
                return "aborted"
            if self._position is None:
                await self._show("finished")
                return "finished"
        return ""

    async def _may_go_on(self) -> bool:
        """Waits here while it is paused, or while nobody has looked at the canary."""
        while not self._aborted and (self._paused or self._asks()):
            if self._paused:
                await self._show("paused", self._paused)
            else:
                await self._show("asking")
            self._heard = False
            await workflow.wait_condition(lambda: self._heard)
        return not self._aborted

    def _asks(self) -> bool:
        return not self._confirmed and (self._position or 0) > self._plan.canary

    async def _chunk(self) -> None:
        await self._show("running" if self._confirmed else "canary")
        began = workflow.now()
        order = self._next_order()
        done = await workflow.execute_activity(
            orders.ACT_ON_CHUNK,
            order,
            result_type=ChunkDone,
            start_to_close_timeout=orders.CHUNK_TIMEOUT,
            heartbeat_timeout=orders.HEARTBEAT_TIMEOUT,
            retry_policy=RETRIES,
            summary=f"targets {order.first} to {order.last}",
        )
        self._count(done)
        await self._keep_pace(began, done.concluded)

    def _next_order(self) -> ChunkOrder:
        assert self._position is not None
        last = self._position + orders.chunk_size(self._plan.rate) - 1
        if not self._confirmed:
            last = min(last, self._plan.canary)
        return ChunkOrder(
            self._plan.operation_id,
            self._position,
            last,
            self._plan.rate,
            self._plan.errors_percent_max,
            self._newest,
        )

    def _count(self, done: ChunkDone) -> None:
        self._position, self._newest = done.next_position, done.newest
        limit = self._plan.errors_percent_max
        if done.failed and self._position and orders.too_many_fail(self._newest, limit):
            self._paused = (
                f"It stopped by itself: {sum(self._newest)} of the last {len(self._newest)} "
                f"failed, more than {limit} %."
            )

    async def _keep_pace(self, began: datetime, concluded: int) -> None:
        """The activity spreads its targets; what it was faster than the rate is waited out."""
        due = began + timedelta(seconds=concluded / self._plan.rate)
        left = (due - workflow.now()).total_seconds()
        if left > 0 and self._position is not None:
            try:
                await workflow.wait_condition(lambda: bool(self._aborted), timeout=left)
            except TimeoutError:
                return

    async def _show(self, stage: str, says: str = "") -> None:
        if self._shown == stage + says:
            return
        await workflow.execute_activity(
            orders.SHOW_STAGE,
            StageShown(self._plan.operation_id, stage, says),
            start_to_close_timeout=orders.SHOW_TIMEOUT,
            retry_policy=RETRIES,
            summary=stage,
        )
        self._shown = stage + says

    def _progress(self) -> Progress:
        return Progress(self._position or 1, self._confirmed, self._paused, self._newest)

    @workflow.signal(name=orders.PAUSE, description="Stop after the chunk that is under way")
    def pause(self, who: str) -> None:
        self._paused, self._heard = f"Paused by {who}.", True

    @workflow.signal(name=orders.RESUME, description="Go on; also after the canary")
    def resume(self, who: str) -> None:
        self._confirmed = self._confirmed or self._asks()
        self._paused, self._newest, self._heard = "", [], True

    @workflow.signal(name=orders.ABORT, description="Stop for good; what waits is left out")
    def abort(self, who: str) -> None:
        self._aborted, self._heard = f"Aborted by {who}.", True
