"""step(state, input) -> Step: the one way in which anything happens to a run.

`state` is changed through `apply` alone; if an exception is raised nothing was changed. (Refusals
come before the first fact of a step.) The shell stores the facts, then carries out the effects;
if it cannot store them it throws the state away.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from temporalio.api.history.v1 import HistoryEvent

from engine.core import beginning, deadlines, inputs, resting, standalone_table
from engine.core.apply import armed
from engine.core.effects import Arm, DropTask, Effect, EmitRecord
from engine.core.keys import ACTIVITY, WORKFLOW, is_reserved
from engine.core.limits import Limits
from engine.core.marks import StickySet
from engine.core.rules import Rules
from engine.core.state import RunState
from engine.core.transitions import (
    activity,
    bounds,
    child,
    close,
    completion,
    completions,
    external,
    intervention,
    nexus,
    options,
    pause,
    reset,
    signal,
    start,
    timer,
    update,
    workflow_task,
)
from engine.core.turn import Left, Marked, Turn
from engine.errors import FailedPrecondition, RunNotFound, TaskNotFound

WAKES_PER_STEP_MAX = 1_000


class Step(NamedTuple):
    events: tuple[HistoryEvent, ...]
    marks: tuple[Marked, ...]
    effects: tuple[Effect, ...]


def step(state: RunState, given: inputs.Input, limits: Limits, rules: Rules = ()) -> Step:
    """`rules` are those of the run's namespace, as they are now."""
    turn = Turn(state, given.at, limits, rules)
    if state.is_running:
        before = _shown(state)
        _transition(state, given)(turn, given)
        _finish(turn, before)
        if state.completions and not isinstance(given, inputs.Reset):
            # Of what a reset copies its base has told.
            completions.tell_of_finished(turn)
    elif note := FOR_CLOSED.get(type(given)):
        note(turn, given)
    else:
        _closed_already(turn, given)
    return Step(tuple(turn.events), tuple(turn.marks), tuple(turn.effects))


def _transition(state: RunState, given: inputs.Input) -> Callable[[Turn, Any], None]:
    if state.standalone is not None:
        found = standalone_table.TRANSITIONS.get(type(given))
    elif state.standalone_operation is not None:
        found = standalone_table.OF_OPERATION.get(type(given))
    else:
        return TRANSITIONS[type(given)]
    if found is None:
        raise RunNotFound(f"workflow not found for ID: {state.key.workflow_id}")
    return found


def _closed_already(turn: Turn, given: inputs.Input) -> None:
    """Callers are told; what the engine tells itself is swallowed, and not sent again."""
    if is_reserved(turn.state.key.workflow_id):
        standalone_table.closed_already(turn.state, given)
        return
    if isinstance(given, FOR_WORKERS):
        raise TaskNotFound("workflow execution already completed")
    if isinstance(given, FOR_CALLERS):
        raise RunNotFound("workflow execution already completed")
    if isinstance(given, ANSWERS):
        turn.ask(DropTask(kind="deliver", event_id=given.initiated_event_id))


def _finish(turn: Turn, before: tuple[Any, ...]) -> None:
    state = turn.state
    bounds.keep(turn)
    if turn.left is not None:
        _clear_up(turn, turn.left)
    elif state.deadlines:
        nearest = state.deadlines[0][0]
        if not state.armed_at or nearest < state.armed_at:
            turn.ask(Arm(at=nearest))
            armed(state, nearest)
    if rested := resting.noted(state, turn.at):
        turn.mark(rested)
    if _shown(state) != before:
        turn.ask(EmitRecord())


def _shown(state: RunState) -> tuple[Any, ...]:
    """What the visibility record says that can change while a run is open."""
    return (
        state.shown_status,
        state.failing_count,
        _is_faltering(state),
        state.task_attempt > 1,
        len(state.memo),
        tuple(map(id, state.memo.values())),
        tuple(map(id, state.search_attributes.values())),
        state.next_event_id == 1,
        state.said_waits,
        state.said_timer,
    )


def _is_faltering(state: RunState) -> bool:
    """A standalone operation whose last try failed."""
    if state.standalone_operation is None:
        return False
    return any(one.failure is not None for one in state.operations.values())


def _clear_up(turn: Turn, left: Left) -> None:
    state = turn.state
    if left.task is not None and not left.task.is_started:
        turn.ask(DropTask(kind=WORKFLOW, event_id=left.task.scheduled_event_id))
    for event_id, pending in left.activities:
        if not pending.started_at:
            turn.ask(DropTask(kind=ACTIVITY, event_id=event_id))
    # Another run goes on in this one's place, but not with its children.
    child.leave(turn, left.children)
    nexus.leave(turn, left.operations)
    completions.tell_of_unfinished(turn)
    if not state.next_run_id:
        completions.tell(turn)


def _signal(turn: Turn, given: inputs.Signal) -> None:
    is_new = signal.signal(turn, given)
    turn.reply(turn.state.key.run_id)
    if is_new:
        workflow_task.ensure(turn, ends_delay=given.ends_delay)


def _signal_again(turn: Turn, given: inputs.Signal) -> None:
    """A run that has closed takes no signal; one that it had before is no new one."""
    if given.request_id not in turn.state.signal_request_ids:
        _closed_already(turn, given)
    turn.reply(turn.state.key.run_id)


def _pause(turn: Turn, given: inputs.PauseRun) -> None:
    if pause.is_new(turn.state, given):
        workflow_task.withdraw(turn)
        intervention.withdraw_all(turn)
        pause.pause(turn, given)


def _resume(turn: Turn, given: inputs.ResumeRun) -> None:
    pause.resume(turn, given)
    for event_id in intervention.waiting(turn):
        activity.offer_again(turn, event_id)
    workflow_task.resume(turn)


def _request_cancel(turn: Turn, given: inputs.RequestCancel) -> None:
    if signal.request_cancel(turn, given):
        workflow_task.ensure(turn, ends_delay=True)


def _terminate(turn: Turn, given: inputs.Terminate) -> None:
    task = turn.state.task
    if task is not None and task.is_started and not task.held:
        workflow_task.end_failed(turn, workflow_task.FORCE_CLOSED, None, "history-service")
    turn.is_displaced = given.is_displaced
    close.terminate(turn, given)


def _admit_update(turn: Turn, given: inputs.AdmitUpdate) -> None:
    state = turn.state
    if state.pause is not None:
        raise FailedPrecondition("Workflow is paused. Cannot update the workflow.")
    is_new = update.admit(turn, given.request)
    if is_new and state.task is None and not state.task_backoff_until:
        workflow_task.schedule(turn, speculative=True)


def _start_workflow_task(turn: Turn, given: inputs.StartWorkflowTask) -> None:
    workflow_task.start(
        turn,
        given.scheduled_event_id,
        given.attempt,
        given.request_id,
        given.identity,
        target=given.target,
    )


def _fail_workflow_task(turn: Turn, given: inputs.FailWorkflowTask) -> None:
    workflow_task.check(turn.state, given)
    request = given.request
    if request.cause == workflow_task.TOO_LARGE_TO_SEND:
        # The same code would make the same answer again, and no worker can send it.
        _terminate(turn, inputs.Terminate(
            at=turn.at, reason="GrpcMessageTooLarge", identity="history-service",
        ))  # fmt: skip
        return
    failure = request.failure if request.HasField("failure") else None
    workflow_task.fail(turn, request.cause, failure, request.identity)


def _start_activity(turn: Turn, given: inputs.StartActivity) -> None:
    activity.start(turn, given)


def _complete_activity(turn: Turn, given: inputs.CompleteActivity) -> None:
    activity.complete(turn, given.target, given.result, given.identity)
    workflow_task.ensure(turn)


def _fail_activity(turn: Turn, given: inputs.FailActivity) -> None:
    if activity.fail(turn, given.target, given.failure, given.identity, given.heartbeat):
        workflow_task.ensure(turn)


def _cancel_activity(turn: Turn, given: inputs.CancelActivity) -> None:
    activity.cancel(turn, given.target, given.details, given.identity)
    workflow_task.ensure(turn)


def _heartbeat(turn: Turn, given: inputs.Heartbeat) -> None:
    activity.heartbeat(turn, given)


def _pause_activities(turn: Turn, given: inputs.PauseActivities) -> None:
    intervention.pause(turn, given)


def _renew_activities(turn: Turn, given: inputs.RenewActivities) -> None:
    for event_id in intervention.renew(turn, given):
        activity.offer_again(turn, event_id)


def _change_activities(turn: Turn, given: inputs.ChangeActivities) -> None:
    for event_id in intervention.change(turn, given):
        activity.offer_again(turn, event_id)


def _change_options(turn: Turn, given: inputs.ChangeOptions) -> None:
    if options.change(turn, given):
        workflow_task.move(turn)


def _wake(turn: Turn, given: inputs.Wake) -> None:
    """Ask the owner of each deadline that has come; at most so many in one step."""
    state = turn.state
    armed(state, 0)
    is_news = False
    for _ in range(WAKES_PER_STEP_MAX):
        due = deadlines.take_due(state, turn.at)
        if due is None or not state.is_running:
            break
        is_news = _wake_owner(turn, *due) or is_news
    if is_news:
        workflow_task.ensure(turn)


def _wake_owner(turn: Turn, kind: str, name: str) -> bool:
    """Whether there is news for the workflow."""
    if kind == deadlines.TIMER:
        return timer.fire(turn, name)
    if kind == deadlines.ACTIVITY:
        return activity.wake(turn, int(name))
    if kind == deadlines.OPERATION:
        return nexus.wake(turn, int(name))
    if kind == deadlines.TASK:
        workflow_task.time_out(turn)
    elif kind == deadlines.TASK_BACKOFF:
        workflow_task.back_off_over(turn)
    elif kind == deadlines.RUN:
        close.time_out(turn)
    elif workflow_task.owes_first(turn):
        workflow_task.ensure(turn)
    return False


def _clear_sticky(turn: Turn, given: inputs.ClearSticky) -> None:
    if turn.state.sticky_queue:
        turn.mark(StickySet(queue="", schedule_to_start_ns=0))


def _news(transition: Callable[[Turn, Any], bool]) -> Callable[[Turn, Any], None]:
    """One that answers whether there is something for the workflow to know."""

    def carry(turn: Turn, given: inputs.Input) -> None:
        if transition(turn, given):
            workflow_task.ensure(turn)

    return carry


def _answer(transition: Callable[[Turn, Any], bool]) -> Callable[[Turn, Any], None]:
    """To a message that this run has sent: it need not be sent again."""
    carry_on = _news(transition)

    def carry(turn: Turn, given: Any) -> None:
        turn.ask(DropTask(kind="deliver", event_id=given.initiated_event_id))
        carry_on(turn, given)

    return carry


TRANSITIONS: dict[type, Callable[[Turn, Any], None]] = {
    inputs.Start: beginning.start,
    inputs.Attach: start.attach,
    inputs.Signal: _signal,
    inputs.PauseRun: _pause,
    inputs.ResumeRun: _resume,
    inputs.RequestCancel: _request_cancel,
    inputs.Terminate: _terminate,
    inputs.AdmitUpdate: _admit_update,
    inputs.StartWorkflowTask: _start_workflow_task,
    inputs.CompleteWorkflowTask: completion.complete,
    inputs.FailWorkflowTask: _fail_workflow_task,
    inputs.StartActivity: _start_activity,
    inputs.CompleteActivity: _complete_activity,
    inputs.FailActivity: _fail_activity,
    inputs.CancelActivity: _cancel_activity,
    inputs.Heartbeat: _heartbeat,
    inputs.PauseActivities: _pause_activities,
    inputs.RenewActivities: _renew_activities,
    inputs.ChangeActivities: _change_activities,
    inputs.ChangeOptions: _change_options,
    inputs.Wake: _wake,
    inputs.ChildStarted: _answer(child.started),
    inputs.ChildStartFailed: _answer(child.start_failed),
    inputs.ChildClosed: _news(child.closed),
    inputs.ExternalAnswered: _answer(external.answered),
    inputs.OperationStarted: _news(nexus.started),
    inputs.OperationEnded: _news(nexus.ended),
    inputs.OperationFaltered: _news(nexus.faltered),
    inputs.OperationCancelTaken: _news(nexus.cancel_taken),
    inputs.CompletionAnswered: completions.note,
    inputs.Reset: beginning.reset_from,
    inputs.ResetInto: reset.note,
    inputs.ClearSticky: _clear_sticky,
}
FOR_CLOSED: dict[type, Callable[[Turn, Any], None]] = {
    inputs.ResetInto: reset.note,
    inputs.CompletionAnswered: completions.note,
    inputs.Signal: _signal_again,
}
ANSWERS = (inputs.ChildStarted, inputs.ChildStartFailed, inputs.ExternalAnswered)
FOR_WORKERS = (
    inputs.StartWorkflowTask,
    inputs.CompleteWorkflowTask,
    inputs.FailWorkflowTask,
    inputs.StartActivity,
    inputs.CompleteActivity,
    inputs.FailActivity,
    inputs.CancelActivity,
    inputs.Heartbeat,
)
# To ask a run that has ended to end is no mistake: RequestCancel is not among them.
FOR_CALLERS = (
    inputs.Signal,
    inputs.Terminate,
    inputs.AdmitUpdate,
    inputs.PauseRun,
    inputs.ResumeRun,
    inputs.PauseActivities,
    inputs.RenewActivities,
    inputs.ChangeActivities,
    inputs.ChangeOptions,
    inputs.ClearSticky,
)
