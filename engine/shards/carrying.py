"""Each kind of work: which runs it needs, and what it does to them within a batch."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from temporalio.api.common.v1 import Payload, Payloads

from engine.core import beginning, conflict, versioning
from engine.core.effects import (
    CancelExternal,
    CancelOperation,
    CloseChild,
    ContinueAs,
    DropTask,
    OfferTask,
    Refuse,
    Reply,
    SignalExternal,
    StartChild,
    Started,
    StartOperation,
    TellCaller,
    TellParent,
    TellSchedule,
    WorkflowTaskStarted,
)
from engine.core.inputs import Input, ResetInto, StartActivity, StartWorkflowTask, Terminate
from engine.core.keys import WORKFLOW, QueueKey, RunKey, activity_of, operation_of
from engine.core.state import RunState
from engine.core.step import step
from engine.errors import EngineError, FailedPrecondition, RunNotFound
from engine.ports import Poller, StartAnswer
from engine.shards.batch import DELIVER, Batch
from engine.shards.cache import Entry
from engine.shards.works import (
    Acknowledge,
    Begin,
    BeginReset,
    Delete,
    Inspect,
    Submit,
    Watch,
    Work,
)

if TYPE_CHECKING:
    from engine.shards.actor import Writer
    from engine.shards.release import Release

_DELIVERIES = (
    StartChild, SignalExternal, CancelExternal, TellParent, CloseChild, TellSchedule,
    StartOperation, CancelOperation, TellCaller,
)  # fmt: skip


def keys(work: Work) -> list[RunKey]:
    """The runs that the work needs to see."""
    if isinstance(work, Begin):
        return [work.key._replace(run_id="")]
    if isinstance(work, BeginReset):
        return [work.key._replace(run_id=""), work.key]
    if isinstance(work, Acknowledge):
        return []
    return [work.key]


def _found(writer: Writer, key: RunKey) -> Entry:
    entry = writer.cache.get(key)
    if entry is None:
        if activity_id := activity_of(key.workflow_id):
            raise RunNotFound(f"activity not found for ID: {activity_id}")
        if operation_id := operation_of(key.workflow_id):
            raise RunNotFound(f"operation not found for ID: {operation_id}")
        if not key.run_id:
            raise RunNotFound(f"workflow not found for ID: {key.workflow_id}")
        raise RunNotFound(
            f'workflow execution not found for workflow ID "{key.workflow_id}"'
            f' and run ID "{key.run_id}"'
        )
    return entry


def advance(writer: Writer, entry: Entry, given: Input, batch: Batch, release: Release) -> object:
    """Step the run and all that follows at once; the value of its reply."""
    release.touch(entry)
    rules = writer.rules_of(entry.state.key.namespace_id)
    stepped = step(entry.state, given, writer.limits, rules)
    batch.add(entry, stepped)
    answer: object = None
    for effect in stepped.effects:
        if isinstance(effect, Reply):
            answer = effect.value
        elif isinstance(effect, Refuse):
            answer = effect
        elif isinstance(effect, DropTask):
            batch.drop(entry.state.key.run_id, effect)
            release.dropped(entry, effect)
        elif isinstance(effect, OfferTask):
            _offer(writer, entry, effect, batch, release)
        elif isinstance(effect, ContinueAs):
            _begin(writer, entry.state.key._replace(run_id=effect.run_id), effect.start, batch,
                   release)  # fmt: skip
        elif isinstance(effect, _DELIVERIES):
            batch.deliver(entry, effect)
            release.delivery(entry, effect)
    return answer


def _offer(writer: Writer, entry: Entry, effect: OfferTask, batch: Batch, release: Release) -> None:
    """Hand the task to a poller that waits for it, in this very commit; else store it."""
    batch.offer(entry, effect)
    reservation = writer.matching.reserve(
        effect.queue, entry.state.key, effect.urgency, prefers_ramp=effect.prefers_ramp
    )
    if reservation is None:
        release.offer(entry, effect)
        return
    given = _start_for(reservation.poller, effect, batch.at, _target(writer, entry.state))
    try:
        started = advance(writer, entry, given, batch, release)
    except EngineError:
        reservation.return_()
        release.offer(entry, effect)
        return
    if isinstance(started, Refuse):
        # A rule has paused the activity, and the task is gone.
        reservation.return_()
        return
    release.reserved(entry, effect, reservation, started)


def _target(writer: Writer, state: RunState) -> str | None:
    """Where the run would go if it were not pinned; None where it is not."""
    if not versioning.pin_of(state):
        return None
    queue = QueueKey(state.key.namespace_id, state.queue, WORKFLOW)
    return writer.matching.route_of(queue).version_of(state.key.workflow_id)


def _start_for(
    poller: Poller, effect: OfferTask, at: int, target: str | None
) -> StartWorkflowTask | StartActivity:
    if effect.queue.kind == WORKFLOW:
        return StartWorkflowTask(
            at=at,
            scheduled_event_id=effect.event_id,
            attempt=effect.attempt,
            request_id=poller.request_id,
            identity=poller.identity,
            target=target,
        )
    return StartActivity(
        at=at,
        scheduled_event_id=effect.event_id,
        attempt=effect.attempt,
        request_id=poller.request_id,
        identity=poller.identity,
        sdk_name=poller.sdk_name,
        sdk_version=poller.sdk_version,
        version=poller.version,
    )


def _begin(writer: Writer, key: RunKey, given: Input, batch: Batch, release: Release) -> object:
    entry = Entry(state=RunState(key=key), shard_id=writer.shard(key), is_new=True)
    answer = advance(writer, entry, given, batch, release)
    writer.cache.put(entry, is_current=True)
    return answer


def _submit(writer: Writer, work: Submit, batch: Batch, release: Release) -> None:
    entry = _found(writer, work.key)
    answer = advance(writer, entry, work.given, batch, release)
    if isinstance(work.given, StartWorkflowTask) and isinstance(answer, WorkflowTaskStarted):
        release.task(work, entry, answer, sticky=work.given.sticky)
    else:
        release.answer(work, answer)


def _start(writer: Writer, work: Begin, batch: Batch, release: Release) -> None:
    current = writer.cache.get(work.key._replace(run_id=""))
    decision = conflict.decide(
        current.state if current else None,
        work.given,
        reuse=work.policy.reuse,
        conflict=work.policy.conflict,
        signal_running=work.policy.signal_running,
        attach=work.policy.attach,
    )
    if isinstance(decision, conflict.Use):
        assert current is not None, "only a run that exists is used"
        release.answer(work, StartAnswer(
            run_id=decision.run_id, started=decision.is_same_request,
            status=current.state.status, is_attached=decision.is_attached,
            eager_task=beginning.eager_task(current.state, work.given),
        ))  # fmt: skip
        return
    if isinstance(decision, conflict.AttachTo):
        assert current is not None, "only a running run is attached to"
        advance(writer, current, decision.attach, batch, release)
        release.answer(work, StartAnswer(
            run_id=current.state.key.run_id, started=False,
            is_attached=bool(decision.attach.request_id),
        ))  # fmt: skip
        return
    if isinstance(decision, conflict.SignalInstead):
        assert current is not None, "only a running run is signalled"
        advance(writer, current, decision.signal, batch, release)
        release.answer(work, StartAnswer(run_id=current.state.key.run_id, started=False))
        return
    if isinstance(decision, conflict.BeginAfterTerminate):
        assert current is not None, "only a running run is terminated"
        advance(writer, current, _displaced(work), batch, release)
    started = _begin(writer, work.key, work.given, batch, release)
    assert isinstance(started, Started), "a start is answered"
    release.answer(work, StartAnswer(
        run_id=started.run_id, started=True, eager_task=started.eager_task,
    ))  # fmt: skip


def _displaced(work: Begin) -> Terminate:
    by = json.dumps(f"terminated by new runID: {work.key.run_id}").encode()
    return Terminate(
        at=work.given.at,
        reason="TerminateIfRunning WorkflowIdReusePolicy",
        details=Payloads(payloads=[Payload(metadata={"encoding": b"json/plain"}, data=by)]),
        identity="history-service",
    )


def _reset(writer: Writer, work: BeginReset, batch: Batch, release: Release) -> None:
    base = _found(writer, work.key)
    current = _found(writer, work.key._replace(run_id=""))
    if current.state.request_id == work.given.request_id:
        release.answer(work, current.state.key.run_id)
        return
    if current.state.is_running:
        terminate = Terminate(
            at=work.given.at,
            reason=work.given.reason,
            identity=work.given.identity or "history-resetter",
            is_displaced=True,
        )
        advance(writer, current, terminate, batch, release)
    key = base.state.key._replace(run_id=work.new_run_id)
    _begin(writer, key, work.given, batch, release)
    noted = ResetInto(at=work.given.at, run_id=work.new_run_id)
    advance(writer, base, noted, batch, release)
    release.answer(work, work.new_run_id)


def _inspect(writer: Writer, work: Inspect, batch: Batch, release: Release) -> None:
    release.ask(work, _found(writer, work.key), work.question)


def _watch(writer: Writer, work: Watch, batch: Batch, release: Release) -> None:
    release.watch(work, _found(writer, work.key), work.satisfied)


def _delete(writer: Writer, work: Delete, batch: Batch, release: Release) -> None:
    entry = _found(writer, work.key)
    if entry.state.is_running:
        raise FailedPrecondition("a running run cannot be deleted: terminate it first")
    batch.delete(entry)
    writer.cache.drop(entry.state.key)
    release.deleted(entry)
    release.answer(work, None)


def _acknowledge(writer: Writer, work: Acknowledge, batch: Batch, release: Release) -> None:
    batch.drop(work.key.run_id, DropTask(kind=DELIVER, event_id=work.event_id))
    release.answer(work, None)


CARRIERS: dict[type, Callable[[Writer, Any, Batch, Release], None]] = {
    Submit: _submit,
    Begin: _start,
    BeginReset: _reset,
    Inspect: _inspect,
    Watch: _watch,
    Delete: _delete,
    Acknowledge: _acknowledge,
}
