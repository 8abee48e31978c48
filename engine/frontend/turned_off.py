"""What the protocol has and this server does not offer, where the official one answers for itself.

That one has it in its code and turns it off unless it is configured otherwise; so clients know
these answers, and get them here. Everything else that is not built answers by its absence.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from engine.errors import (
    EngineError,
    InvalidArgument,
    PermissionDenied,
    Unsupported,
)
from engine.frontend.guard import Function
from engine.frontend.parts import Parts


def _refuses(why: Callable[[], EngineError]) -> Function:
    async def refuse(parts: Parts, request: Any) -> Any:
        await parts.namespace(request.namespace)
        raise why()

    return refuse


def _disabled(versioning: str) -> PermissionDenied:
    return PermissionDenied(
        f"Worker versioning {versioning}, deprecated) is disabled on this namespace."
    )


archived = _refuses(lambda: InvalidArgument("Cluster is not configured for visibility archival."))
build_id_sets = _refuses(lambda: _disabled("v0.1 (Version Set-based"))
build_id_rules = _refuses(lambda: _disabled("v0.2 (Rules-based"))
deployments = _refuses(
    lambda: Unsupported(
        "Deployments are deprecated and no longer supported, use Worker Deployments instead"
    )
)
fetch_worker_config = _refuses(lambda: Unsupported("FetchWorkerConfig command is not enabled."))
trigger_workflow_rule = _refuses(lambda: Unsupported("method TriggerWorkflowRule not supported"))
update_worker_config = _refuses(lambda: Unsupported("UpdateWorkerConfig command is not enabled."))


async def poll_time_skipping(parts: Parts, request: Any) -> Any:
    """A server of the clock's own time."""
    await parts.run_of(request.namespace, request, "workflow_execution")
    raise Unsupported("The Time-Skipping feature is not enabled for namespace.")
