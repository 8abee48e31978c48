"""Remove what has been kept long enough: a bounded batch a namespace, again and again.

A run goes as it would by DeleteWorkflowExecution: history, record and all, by the shard that owns
it. Two nodes that sweep at once do each other's work twice, which is harmless.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence

from engine.background.batches import Batches
from engine.background.deployments import Deployments
from engine.background.queue_configs import QueueConfigs
from engine.background.schedules import Schedules
from engine.clock import Clock
from engine.core.inputs import Terminate
from engine.core.keys import RunKey, activity_run, operation_run
from engine.core.state import RunState
from engine.core.visibility import division_of_activities, division_of_operations
from engine.errors import EngineError, NotFound
from engine.namespaces import Namespace, Namespaces
from engine.ports import Shards
from engine.store import runs
from engine.store.pool import Pool
from search.query.errors import SearchUnavailable
from search.reader import VisibilityReader

log = logging.getLogger(__name__)

SECOND = 1_000_000_000
SWEEP_RUNS_MAX = 500


class Retention:
    def __init__(
        self,
        shards: Shards,
        namespaces: Namespaces,
        reader: VisibilityReader,
        pools: Sequence[Pool],
        clock: Clock,
        *,
        schedules: Schedules,
        batches: Batches,
        deployments: Deployments,
        queue_configs: QueueConfigs,
    ) -> None:
        self._shards = shards
        self._namespaces = namespaces
        self._schedules = schedules
        self._batches = batches
        self._deployments = deployments
        self._queue_configs = queue_configs
        self._reader = reader
        self._pools = pools
        self._clock = clock

    async def keep_sweeping(self, every_seconds: float) -> None:
        while True:
            await asyncio.sleep(every_seconds)
            try:
                await self.sweep()
            except Exception:
                log.exception("a retention sweep failed; the next one tries again")

    async def sweep(self) -> int:
        """How many runs were removed."""
        removed = 0
        for namespace in await self._namespaces.all():
            if namespace.is_deleted:
                await self._schedules.delete_all(namespace.id)
                await self._deployments.delete_all(namespace.id)
                await self._queue_configs.delete_all(namespace.id)
            await self._batches.forget(namespace)
            # As long as there may be more: what ends in a minute must go in a minute.
            while (gone := await self._sweep_once(namespace)) > 0:
                removed += gone
        return removed

    async def _sweep_once(self, namespace: Namespace) -> int:
        """A batch, at once, so that its removals share their commits."""
        keys = await self._outdated(namespace)
        ends = namespace.is_deleted
        return sum(await asyncio.gather(*(self._remove(key, even_running=ends) for key in keys)))

    async def _outdated(self, namespace: Namespace) -> list[RunKey]:
        if namespace.is_deleted:
            return await self._shown(namespace)
        before = self._clock.now() - namespace.retention_seconds * SECOND
        found: list[RunKey] = []
        for pool in self._pools:
            async with pool.connection() as connection:
                found += await runs.expired(connection, namespace.id, before, SWEEP_RUNS_MAX)
        return found

    async def _shown(self, namespace: Namespace) -> list[RunKey]:
        """Workflows first; then what is without one."""
        try:
            for division, key in (
                (namespace.id, RunKey),
                (division_of_activities(namespace.id), activity_run),
                (division_of_operations(namespace.id), operation_run),
            ):
                page = await self._reader.list(division, "", SWEEP_RUNS_MAX, b"", {})
                if page.records:
                    return [key(namespace.id, r.workflow_id, r.run_id) for r in page.records]
        except SearchUnavailable:
            log.debug("the runs of %s cannot be listed now", namespace.name)
        return []

    async def _remove(self, key: RunKey, *, even_running: bool) -> int:
        try:
            if even_running:
                await self._end(key)
            await self._shards.delete(key)
        except NotFound:
            return 0
        except EngineError as refusal:
            log.debug("run %s stays for now: %s", key.run_id, refusal.message)
            return 0
        return 1

    async def _end(self, key: RunKey) -> None:
        if await self._shards.inspect(key, _is_running):
            terminate = Terminate(at=self._clock.now(), reason="the namespace is deleted")
            await self._shards.submit(key, terminate)


def _is_running(state: RunState) -> bool:
    return state.is_running
