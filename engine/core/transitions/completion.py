"""A completed workflow task: the worker's commands and messages become facts, in their order.

task started ──complete──▶ commands, then messages, then what was held back, then the next task
     └──── a command is refused ──▶ the task fails, as if no command had been sent
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from temporalio.api.command.v1 import Command
from temporalio.api.enums.v1 import CommandType as C
from temporalio.api.enums.v1 import EventType, WorkerVersioningMode
from temporalio.api.enums.v1 import WorkflowTaskFailedCause as Cause
from temporalio.api.failure.v1 import Failure
from temporalio.api.history.v1 import WorkflowTaskCompletedEventAttributes
from temporalio.api.protocol.v1 import Message
from temporalio.api.update.v1 import Acceptance, Rejection, Response
from temporalio.api.workflowservice.v1 import RespondWorkflowTaskCompletedRequest

from engine.core import commands, versioning
from engine.core.command_parts import Refusal
from engine.core.effects import ActivityStarted, Refuse, Reply, WorkflowTaskCompleted
from engine.core.inputs import CompleteWorkflowTask, Terminate
from engine.core.keys import derived_id
from engine.core.marks import StickySet, TaskLost
from engine.core.state import RunState, WorkflowTask
from engine.core.transitions import (
    activity,
    amend,
    attempts,
    child,
    close,
    external,
    nexus,
    timer,
    update,
    workflow_task,
)
from engine.core.turn import Turn
from engine.errors import FailedPrecondition, InvalidArgument
from engine.protocol import failures, times

VERSIONED = WorkerVersioningMode.WORKER_VERSIONING_MODE_VERSIONED
_BAD_MESSAGE = Cause.WORKFLOW_TASK_FAILED_CAUSE_BAD_UPDATE_WORKFLOW_EXECUTION_MESSAGE


class Task(NamedTuple):
    """What a command may need to know of the task that it came with."""

    turn: Turn
    request: RespondWorkflowTaskCompletedRequest
    endpoints: dict[str, str]
    completed_event_id: int
    messages: dict[str, Message]
    # Scheduled event ids of activities that its worker may begin at once.
    eager: list[int]
    # Events after the commands that the worker has not seen: it is to have another task.
    news: list[int]


def complete(turn: Turn, given: CompleteWorkflowTask) -> None:
    request = given.request
    running = workflow_task.check(turn.state, given)
    if turn.state.pause is not None and request.force_create_new_workflow_task:
        raise FailedPrecondition(
            "Workflow is paused and force create new workflow task is not allowed."
        )
    refusal = commands.review(
        turn.state, list(request.commands), turn.limits, given.endpoints
    ) or _refused_message(turn, request)
    if refusal is not None:
        _refuse(turn, refusal, request.identity)
        return
    if running.speculative and _only_rejects(request) and _may_vanish(turn.state, running, request):
        turn.mark(TaskLost(attempt=1))
        _reject_all(turn, request)
        back_to = turn.state.previous_started_event_id
        has_news = workflow_task.owes_first(turn)
        _next_task(turn, request, (), has_news=has_news, reset_to=back_to)
        return
    workflow_task.write_held(turn)
    task = Task(
        turn=turn,
        request=request,
        endpoints=given.endpoints,
        completed_event_id=_write_completed(turn, request),
        messages={message.id: message for message in request.messages},
        eager=[],
        news=[],
    )
    _carry_out(task)
    _next_task(turn, request, _handed_over(task), has_news=bool(task.news))


def _refused_message(turn: Turn, request: RespondWorkflowTaskCompletedRequest) -> Refusal | None:
    sent = {message.id for message in request.messages}
    for command in request.commands:
        message_id = command.protocol_message_command_attributes.message_id
        if command.command_type == C.COMMAND_TYPE_PROTOCOL_MESSAGE and message_id not in sent:
            return Refusal(_BAD_MESSAGE, f"no message {message_id!r} came with the command")
    reached: dict[str, str] = {}
    for message in request.messages:
        if len(message.body.value) > turn.limits.payload_bytes_max:
            return Refusal(_BAD_MESSAGE, "a message exceeds size limit.", is_final=True)
        try:
            refused = update.refusal(turn.state, message, reached)
        except InvalidArgument as problem:
            refused = problem.message
        if refused:
            return Refusal(_BAD_MESSAGE, refused)
    return None


def _refuse(turn: Turn, refusal: Refusal, identity: str) -> None:
    message = refusal.words
    failure = Failure(message=message)
    if refusal.is_final:
        workflow_task.end_failed(turn, refusal.cause, failure, identity)
        close.terminate(turn, Terminate(at=turn.at, reason=message, identity="history-service"))
    else:
        workflow_task.fail(turn, refusal.cause, failure, identity)
    turn.ask(Refuse(InvalidArgument(message)))


def _only_rejects(request: RespondWorkflowTaskCompletedRequest) -> bool:
    return (
        not request.commands
        and not request.force_create_new_workflow_task
        and all(message.body.Is(Rejection.DESCRIPTOR) for message in request.messages)
    )


def _may_vanish(
    state: RunState, task: WorkflowTask, request: RespondWorkflowTaskCompletedRequest
) -> bool:
    """A task may leave no event only if its worker can forget the events it saw with it.

    Where nothing but the last task's completion came before it, there are none.
    """
    if request.capabilities.discard_speculative_workflow_task_with_events:
        return True
    return task.scheduled_event_id == state.last_completed_event_id + 1


def _write_completed(turn: Turn, request: RespondWorkflowTaskCompletedRequest) -> int:
    task = turn.state.task
    assert task is not None, "a running task completes"
    event = turn.new(EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED)
    completed = event.workflow_task_completed_event_attributes
    completed.scheduled_event_id = task.scheduled_event_id
    completed.started_event_id = task.started_event_id
    completed.identity = request.identity
    completed.binary_checksum = request.binary_checksum
    for name in ("sdk_metadata", "metering_metadata"):
        if request.HasField(name):
            getattr(completed, name).CopyFrom(getattr(request, name))
    if request.HasField("worker_version_stamp"):
        completed.worker_version.CopyFrom(request.worker_version_stamp)
    _say_version(completed, request)
    _keep_sticky(turn, request)
    turn.add(event)
    return event.event_id


def _say_version(
    completed: WorkflowTaskCompletedEventAttributes, request: RespondWorkflowTaskCompletedRequest
) -> None:
    options = request.deployment_options
    if not options.deployment_name:
        return
    completed.worker_deployment_name = options.deployment_name
    if options.worker_versioning_mode == VERSIONED:
        completed.deployment_version.deployment_name = options.deployment_name
        completed.deployment_version.build_id = options.build_id
        completed.versioning_behavior = request.versioning_behavior


def _keep_sticky(turn: Turn, request: RespondWorkflowTaskCompletedRequest) -> None:
    state, sticky = turn.state, request.sticky_attributes
    queue = sticky.worker_task_queue.name
    timeout = times.nanoseconds(sticky.schedule_to_start_timeout) if queue else 0
    if (queue, timeout) != (state.sticky_queue, state.sticky_timeout_ns if queue else 0):
        turn.mark(StickySet(queue=queue, schedule_to_start_ns=timeout))


def _carry_out(task: Task) -> None:
    turn = task.turn
    for command in task.request.commands:
        if not turn.state.is_running:
            break
        turn.command = command
        COMMANDS[command.command_type](task, command)
    turn.command = None
    for message in list(task.messages.values()):
        if turn.state.is_running:
            _message(task, message.id)
    if turn.state.is_running:
        _reject_unprocessed(turn)


def _reject_unprocessed(turn: Turn) -> None:
    for left in update.unprocessed(turn.state):
        failure = failures.server(
            "Workflow Update is rejected because it wasn't processed by worker. Probably, Workflow "
            "Update is not supported by the worker.",
            non_retryable=True,
        )
        update.reject(turn, left.update_id, failure)


def _reject_all(turn: Turn, request: RespondWorkflowTaskCompletedRequest) -> None:
    for message in request.messages:
        body = update.body_of(message)
        if isinstance(body, Rejection):
            update.reject(turn, message.protocol_instance_id, body.failure)
    _reject_unprocessed(turn)


def _message(task: Task, message_id: str) -> None:
    message = task.messages.pop(message_id, None)
    if message is None:
        return
    body = update.body_of(message)
    if isinstance(body, Acceptance):
        update.accept(task.turn, message, body)
    elif isinstance(body, Response):
        update.respond(task.turn, message, body)
    else:
        update.reject(task.turn, message.protocol_instance_id, body.failure)


def _next_task(
    turn: Turn,
    request: RespondWorkflowTaskCompletedRequest,
    eager: tuple[ActivityStarted, ...],
    *,
    has_news: bool = False,
    reset_to: int = 0,
) -> None:
    """`reset_to`: the task left no event; a worker that saw its ids goes back to this one."""
    if not turn.state.is_running:
        turn.reply(WorkflowTaskCompleted(closed=True))
        return
    held_back = turn.flush()
    is_forced = request.force_create_new_workflow_task
    if held_back or is_forced or has_news:
        workflow_task.schedule(turn)
    elif update.pending(turn.state):
        workflow_task.schedule(turn, speculative=True)
    following = None
    if turn.state.task is not None and request.return_new_workflow_task:
        following = _start_next(turn, request.identity)
    turn.reply(
        WorkflowTaskCompleted(
            closed=False,
            next_task=following,
            eager_activities=eager,
            reset_history_event_id=reset_to,
        )
    )


def _start_next(turn: Turn, identity: str) -> Any:
    task = turn.state.task
    assert task is not None, "a task was just scheduled"
    request_id = derived_id(turn.state.key.run_id, task.scheduled_event_id, "next task")
    workflow_task.start(turn, task.scheduled_event_id, task.attempt, request_id, identity)
    answer = turn.effects.pop()
    assert isinstance(answer, Reply), "starting a task answers its poller"
    return answer.value


def _schedule_activity(task: Task, command: Command) -> None:
    turn, attributes = task.turn, command.schedule_activity_task_command_attributes
    activity.schedule(turn, attributes, task.completed_event_id)
    event_id = turn.state.last_event_id
    is_asked = attributes.request_eager_execution and turn.state.pause is None
    if is_asked and not attempts.would_be_held(turn, event_id):
        turn.effects.pop()
        task.eager.append(event_id)


def _handed_over(task: Task) -> tuple[ActivityStarted, ...]:
    """Begun after all commands: one of them may have cancelled it, or closed the run."""
    turn = task.turn
    if not turn.state.is_running:
        return ()
    version = versioning.of_worker(task.request.deployment_options)
    return tuple(
        activity.start_eagerly(turn, event_id, task.request.identity, version)
        for event_id in task.eager
        if event_id in turn.state.activities
    )


def _cancel_activity(task: Task, command: Command) -> None:
    attributes = command.request_cancel_activity_task_command_attributes
    if activity.request_cancel(
        task.turn, attributes.scheduled_event_id, task.completed_event_id, task.request.identity
    ):
        task.news.append(attributes.scheduled_event_id)


def _start_timer(task: Task, command: Command) -> None:
    attributes = command.start_timer_command_attributes
    timer.start(task.turn, attributes, task.completed_event_id)


def _cancel_timer(task: Task, command: Command) -> None:
    attributes = command.cancel_timer_command_attributes
    timer.cancel(task.turn, attributes, task.completed_event_id, task.request.identity)


def _complete_run(task: Task, command: Command) -> None:
    attributes = command.complete_workflow_execution_command_attributes
    close.complete(task.turn, attributes, task.completed_event_id)


def _fail_run(task: Task, command: Command) -> None:
    attributes = command.fail_workflow_execution_command_attributes
    close.fail(task.turn, attributes, task.completed_event_id)


def _cancel_run(task: Task, command: Command) -> None:
    attributes = command.cancel_workflow_execution_command_attributes
    close.cancel(task.turn, attributes, task.completed_event_id)


def _continue_run(task: Task, command: Command) -> None:
    attributes = command.continue_as_new_workflow_execution_command_attributes
    close.continue_as_new(task.turn, attributes, task.completed_event_id)


def _record_marker(task: Task, command: Command) -> None:
    attributes = command.record_marker_command_attributes
    amend.record_marker(task.turn, attributes, task.completed_event_id)


def _start_child(task: Task, command: Command) -> None:
    attributes = command.start_child_workflow_execution_command_attributes
    child.initiate(task.turn, attributes, task.completed_event_id)


def _signal_external(task: Task, command: Command) -> None:
    attributes = command.signal_external_workflow_execution_command_attributes
    external.signal(task.turn, attributes, task.completed_event_id)


def _cancel_external(task: Task, command: Command) -> None:
    attributes = command.request_cancel_external_workflow_execution_command_attributes
    external.request_cancel(task.turn, attributes, task.completed_event_id)


def _schedule_operation(task: Task, command: Command) -> None:
    attributes = command.schedule_nexus_operation_command_attributes
    endpoint_id = task.endpoints[attributes.endpoint]
    nexus.schedule(task.turn, attributes, task.completed_event_id, endpoint_id)


def _cancel_operation(task: Task, command: Command) -> None:
    event_id = command.request_cancel_nexus_operation_command_attributes.scheduled_event_id
    nexus.request_cancel(task.turn, event_id, task.completed_event_id)


def _upsert_attributes(task: Task, command: Command) -> None:
    attributes = command.upsert_workflow_search_attributes_command_attributes
    amend.upsert_attributes(task.turn, attributes, task.completed_event_id)


def _modify_properties(task: Task, command: Command) -> None:
    attributes = command.modify_workflow_properties_command_attributes
    amend.modify_properties(task.turn, attributes, task.completed_event_id)


def _protocol_message(task: Task, command: Command) -> None:
    task.turn.command = None
    _message(task, command.protocol_message_command_attributes.message_id)


COMMANDS: dict[int, Callable[[Task, Command], None]] = {
    C.COMMAND_TYPE_SCHEDULE_ACTIVITY_TASK: _schedule_activity,
    C.COMMAND_TYPE_REQUEST_CANCEL_ACTIVITY_TASK: _cancel_activity,
    C.COMMAND_TYPE_START_TIMER: _start_timer,
    C.COMMAND_TYPE_CANCEL_TIMER: _cancel_timer,
    C.COMMAND_TYPE_COMPLETE_WORKFLOW_EXECUTION: _complete_run,
    C.COMMAND_TYPE_FAIL_WORKFLOW_EXECUTION: _fail_run,
    C.COMMAND_TYPE_CANCEL_WORKFLOW_EXECUTION: _cancel_run,
    C.COMMAND_TYPE_CONTINUE_AS_NEW_WORKFLOW_EXECUTION: _continue_run,
    C.COMMAND_TYPE_RECORD_MARKER: _record_marker,
    C.COMMAND_TYPE_START_CHILD_WORKFLOW_EXECUTION: _start_child,
    C.COMMAND_TYPE_SIGNAL_EXTERNAL_WORKFLOW_EXECUTION: _signal_external,
    C.COMMAND_TYPE_REQUEST_CANCEL_EXTERNAL_WORKFLOW_EXECUTION: _cancel_external,
    C.COMMAND_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES: _upsert_attributes,
    C.COMMAND_TYPE_MODIFY_WORKFLOW_PROPERTIES: _modify_properties,
    C.COMMAND_TYPE_SCHEDULE_NEXUS_OPERATION: _schedule_operation,
    C.COMMAND_TYPE_REQUEST_CANCEL_NEXUS_OPERATION: _cancel_operation,
    C.COMMAND_TYPE_PROTOCOL_MESSAGE: _protocol_message,
}
