"""What every RPC function is given: `async def name(parts: Parts, request) -> response`.

A function may answer with bytes: a response that is serialised already.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from temporalio.api.common.v1 import WorkflowExecution

from engine.background.batches import Batches
from engine.background.deployments import Deployments
from engine.background.endpoints import Endpoints
from engine.background.operations import Operations
from engine.background.queue_configs import QueueConfigs
from engine.background.schedules import Schedules
from engine.clock import Clock
from engine.config import EngineConfig
from engine.core.keys import RunKey
from engine.core.limits import Limits
from engine.errors import InvalidArgument
from engine.frontend import checks
from engine.namespaces import Namespace, Namespaces
from engine.ports import Cluster, Matching, Polled, Shards, Workers
from engine.protocol.ids import is_uuid
from engine.store.pool import Pool
from search.reader import VisibilityReader


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    shards: Shards
    matching: Matching
    workers: Workers
    polled: Polled
    namespaces: Namespaces
    schedules: Schedules
    batches: Batches
    deployments: Deployments
    endpoints: Endpoints
    operations: Operations
    queue_configs: QueueConfigs
    reader: VisibilityReader
    # One for each shard database.
    pools: Sequence[Pool]
    clock: Clock
    config: EngineConfig
    # None where this is the only node.
    cluster: Cluster | None = None

    @property
    def limits(self) -> Limits:
        return self.config.limits

    async def namespace(self, name: str) -> Namespace:
        if not name:
            raise InvalidArgument("Namespace is empty.")
        checks.length("Namespace", name, self.limits)
        return await self.namespaces.named(name)

    async def run_of(self, namespace: str, asked: Any, field: str) -> RunKey:
        """As `run_key`, of a message that must say something in its field for a run."""
        found = await self.namespace(namespace)
        if not asked.HasField(field):
            raise InvalidArgument("Execution is not set on request.")
        return _key(found, getattr(asked, field), "Invalid RunId.")

    async def run_key(self, namespace: str, execution: WorkflowExecution) -> RunKey:
        """The run that a request names; without a run id, the current one."""
        return _key(await self.namespace(namespace), execution, "RunId is not valid UUID.")


def _key(namespace: Namespace, execution: WorkflowExecution, malformed: str) -> RunKey:
    """An id may be too long for a run that begins; here there is none of that name."""
    checks.id_of_a_run(execution.workflow_id)
    if execution.run_id and not is_uuid(execution.run_id):
        raise InvalidArgument(malformed)
    return RunKey(namespace.id, execution.workflow_id, execution.run_id)
