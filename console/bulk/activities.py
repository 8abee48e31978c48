"""The activities of the system workflow: sync, in threads, as Django's ORM is."""

import threading
from collections.abc import Callable
from functools import wraps
from time import monotonic
from typing import ParamSpec, TypeVar

from django.db import close_old_connections
from django.utils import timezone
from temporalio import activity

from console.bulk import acting, orders, outcomes
from console.bulk.models import ACTIVE, ENDED, BulkOperation, BulkTarget, Stage, State
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
    claimant = _claimant()
    concluded = failed = 0
    began = monotonic()
    for target in outcomes.open_targets(operation, order.first, order.last):
        if activity.is_cancelled() or activity.is_worker_shutdown():
            break
        _wait_until(began + concluded / order.rate)
        activity.heartbeat(target.position)
        state = _one(operation, target, claimant)
        concluded += state is not None
        failed += state is State.FAILED
    return ChunkDone(concluded, failed, outcomes.next_position(operation))


def _one(operation: BulkOperation, target: BulkTarget, claimant: str) -> State | None:
    """None: another attempt has it."""
    if not outcomes.claim(target, claimant):
        return None
    outcome = acting.act(operation, target, again=target.tries > 0, alive=activity.heartbeat)
    held = outcomes.conclude(target, claimant, outcome, timezone.now())
    return outcome.state if held else None


def _wait_until(moment: float) -> None:
    threading.Event().wait(max(0.0, moment - monotonic()))


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
