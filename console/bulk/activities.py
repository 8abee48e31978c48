"""The activities of the system workflow: sync, in threads, as Django's ORM is."""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from django.db import close_old_connections
from django.utils import timezone
from temporalio import activity

from console.bulk import orders, outcomes
from console.bulk.chunks import Chunk
from console.bulk.models import ACTIVE, ENDED, BulkOperation, Stage
from console.bulk.orders import ChunkDone, ChunkOrder, StageShown

P = ParamSpec("P")
T = TypeVar("T")


def with_fresh_connections(work: Callable[P, T]) -> Callable[P, T]:
    """A thread of the pool may wake after the database was restarted."""

    @wraps(work)
    def fresh(*args: P.args, **kwargs: P.kwargs) -> T:
        close_old_connections()
        try:
            return work(*args, **kwargs)
        finally:
            close_old_connections()

    return fresh


@activity.defn(name=orders.ACT_ON_CHUNK)
@with_fresh_connections
def act_on_chunk(order: ChunkOrder) -> ChunkDone:
    """One outcome for each target of the range that has none."""
    operation = BulkOperation.objects.select_related("person").get(pk=order.operation_id)
    if operation.stage == Stage.DRAFT:
        # Whoever launched it was told that nothing was begun.
        return ChunkDone(0, 0, None, order.newest)
    return Chunk(operation, order, _claimant(), _beat).carry()


def _beat() -> bool:
    activity.heartbeat()
    return not (activity.is_cancelled() or activity.is_worker_shutdown())


def _claimant() -> str:
    about = activity.info()
    return f"{about.workflow_run_id}/{about.activity_id}/{about.attempt}"


@activity.defn(name=orders.SHOW_STAGE)
@with_fresh_connections
def show_stage(shown: StageShown) -> None:
    """What the workflow is at, where the page reads it. An end stays an end."""
    operation = BulkOperation.objects.get(pk=shown.operation_id)
    now = timezone.now()
    if shown.stage == Stage.ABORTED:
        outcomes.leave_the_rest(operation, now)
    changes = {"stage": shown.stage, "says": shown.says, "asked": ""}
    if shown.stage in ENDED:
        changes |= {"ended_at": now}  # type: ignore[dict-item]
    BulkOperation.objects.filter(pk=operation.pk, stage__in=ACTIVE).update(**changes)
