"""A run told as a story: each verb is an input, `events()` is what came of it."""

from __future__ import annotations

from typing import Any

from temporalio.api.command.v1 import Command
from temporalio.api.common.v1 import Payload, Payloads
from temporalio.api.enums.v1 import CommandType, EventType
from temporalio.api.failure.v1 import Failure
from temporalio.api.history.v1 import HistoryEvent, WorkflowExecutionStartedEventAttributes
from temporalio.api.protocol.v1 import Message
from temporalio.api.taskqueue.v1 import StickyExecutionAttributes
from temporalio.api.update.v1 import Acceptance, Rejection, Request, Response
from temporalio.api.workflowservice.v1 import (
    RespondWorkflowTaskCompletedRequest,
    RespondWorkflowTaskFailedRequest,
)

from engine.core import inputs
from engine.core.effects import Effect, Refuse, Reply
from engine.core.inputs import ActivityTarget
from engine.core.keys import RunKey
from engine.core.limits import DEFAULT, Limits
from engine.core.marks import Mark
from engine.core.rules import Rules
from engine.core.state import RunState
from engine.core.step import Step, step

SECOND = 1_000_000_000
NOON = 1_800_000_000 * SECOND
RUN_ID = "00000000-0000-4000-8000-000000000001"
ENDPOINT, ENDPOINT_ID = "bank", "00000000-0000-4000-8000-00000000000e"


def word(text: str) -> Payloads:
    return Payloads(payloads=[Payload(metadata={"encoding": b"json/plain"}, data=text.encode())])


def application_failure(message: str, kind: str = "Oops", *, final: bool = False) -> Failure:
    failure = Failure(message=message)
    failure.application_failure_info.type = kind
    failure.application_failure_info.non_retryable = final
    return failure


class Story:
    def __init__(self, limits: Limits = DEFAULT, **started: Any) -> None:
        self.state = RunState(key=RunKey("namespace", "order-1", RUN_ID))
        self.limits = limits
        self.rules: Rules = ()
        self.at = NOON
        self.steps: list[Step] = []
        attributes = WorkflowExecutionStartedEventAttributes(first_execution_run_id=RUN_ID)
        attributes.workflow_type.name = "Order"
        attributes.task_queue.name = "orders"
        attributes.workflow_task_timeout.FromSeconds(10)
        attributes.MergeFrom(WorkflowExecutionStartedEventAttributes(**started))
        self.attributes = attributes

    # -- the verbs

    def give(self, given: inputs.Input) -> Step:
        self.steps.append(step(self.state, given, self.limits, self.rules))
        return self.steps[-1]

    def later(self, seconds: float) -> Story:
        self.at += int(seconds * SECOND)
        return self

    def start(self, **given: Any) -> Step:
        return self.give(
            inputs.Start(at=self.at, attributes=self.attributes, request_id="start", **given)
        )

    def signal(self, name: str = "paid", request_id: str = "") -> Step:
        return self.give(
            inputs.Signal(at=self.at, name=name, input=word("1"), request_id=request_id)
        )

    def take_task(self, request_id: str = "poll", target: str | None = None) -> Step:
        task = self.state.task
        assert task is not None, "no workflow task is scheduled"
        return self.give(
            inputs.StartWorkflowTask(
                at=self.at,
                scheduled_event_id=task.scheduled_event_id,
                attempt=task.attempt,
                request_id=request_id,
                identity="worker",
                target=target,
            )
        )

    def finish_task(
        self, *commands: Command, messages: tuple[Message, ...] = (), **request: Any
    ) -> Step:
        task = self.state.task
        assert task is not None, "no workflow task is running"
        return self.give(
            inputs.CompleteWorkflowTask(
                at=self.at,
                scheduled_event_id=task.scheduled_event_id,
                started_event_id=task.started_event_id,
                attempt=task.attempt,
                request=RespondWorkflowTaskCompletedRequest(
                    commands=commands, messages=messages, identity="worker", **request
                ),
                endpoints={ENDPOINT: ENDPOINT_ID},
            )
        )

    def give_completion(self, scheduled_event_id: int, started_event_id: int, attempt: int) -> Step:
        """An answer to the task that is named, whether or not it is the one running."""
        return self.give(
            inputs.CompleteWorkflowTask(
                at=self.at,
                scheduled_event_id=scheduled_event_id,
                started_event_id=started_event_id,
                attempt=attempt,
                request=RespondWorkflowTaskCompletedRequest(identity="worker"),
            )
        )

    def do(self, *commands: Command, **request: Any) -> Step:
        self.take_task()
        found: Step = self.finish_task(*commands, **request)
        return found

    def fail_task(self, message: str = "no such workflow") -> Step:
        task = self.state.task
        assert task is not None, "no workflow task is running"
        return self.give(
            inputs.FailWorkflowTask(
                at=self.at,
                scheduled_event_id=task.scheduled_event_id,
                started_event_id=task.started_event_id,
                attempt=task.attempt,
                request=RespondWorkflowTaskFailedRequest(
                    failure=Failure(message=message), identity="worker"
                ),
            )
        )

    def wake(self) -> Step:
        return self.give(inputs.Wake(at=self.at))

    def take_activity(self, activity_id: str = "charge", request_id: str = "poll") -> Step:
        event_id = self.state.activity_ids[activity_id]
        return self.give(
            inputs.StartActivity(
                at=self.at,
                scheduled_event_id=event_id,
                attempt=self.state.activities[event_id].attempt,
                request_id=request_id,
                identity="worker",
            )
        )

    def token(self, activity_id: str = "charge") -> ActivityTarget:
        event_id = self.state.activity_ids[activity_id]
        return ActivityTarget(
            scheduled_event_id=event_id, attempt=self.state.activities[event_id].attempt
        )

    def complete_activity(self, activity_id: str = "charge") -> Step:
        return self.give(
            inputs.CompleteActivity(
                at=self.at, target=self.token(activity_id), result=word("2"), identity="worker"
            )
        )

    def fail_activity(self, failure: Failure, activity_id: str = "charge") -> Step:
        return self.give(
            inputs.FailActivity(
                at=self.at, target=self.token(activity_id), failure=failure, identity="worker"
            )
        )

    def beat(self, activity_id: str = "charge") -> Step:
        return self.give(
            inputs.Heartbeat(at=self.at, target=self.token(activity_id), details=word("half"))
        )

    def update(self, update_id: str = "u", waits: str = "") -> Step:
        """`waits`: the request id of somebody who is to be called back."""
        request = Request(request_id=waits)
        if waits:
            request.completion_callbacks.add().nexus.url = "temporal://system"
        request.meta.update_id = update_id
        request.input.name = "adjust"
        return self.give(inputs.AdmitUpdate(at=self.at, request=request))

    def terminate(self) -> Step:
        return self.give(inputs.Terminate(at=self.at, reason="enough", identity="alice"))

    # -- what came of it

    def events(self) -> list[HistoryEvent]:
        return [event for taken in self.steps for event in taken.events]

    def names(self) -> list[str]:
        return [name_of(event) for event in self.events()]


def marks_of(story: Story) -> list[tuple[int, Mark]]:
    return [(marked[0], marked[1]) for taken in story.steps for marked in taken.marks]


def sticky(queue: str, seconds: int) -> StickyExecutionAttributes:
    attributes = StickyExecutionAttributes()
    attributes.worker_task_queue.name = queue
    attributes.schedule_to_start_timeout.FromSeconds(seconds)
    return attributes


def name_of(event: HistoryEvent) -> str:
    words = EventType.Name(event.event_type).removeprefix("EVENT_TYPE_").split("_")
    return "".join(part.capitalize() for part in words)


def names_of(taken: Step) -> list[str]:
    return [name_of(event) for event in taken.events]


def asked(taken: Step, kind: type[Effect]) -> list[Any]:
    return [effect for effect in taken.effects if isinstance(effect, kind)]


def reply_of(taken: Step) -> Any:
    return next(effect.value for effect in taken.effects if isinstance(effect, Reply))


def refusal_of(taken: Step) -> Exception:
    return next(effect.error for effect in taken.effects if isinstance(effect, Refuse))


# -- commands


def start_timer(timer_id: str = "reminder", seconds: int = 60) -> Command:
    command = Command(command_type=CommandType.COMMAND_TYPE_START_TIMER)
    command.start_timer_command_attributes.timer_id = timer_id
    command.start_timer_command_attributes.start_to_fire_timeout.FromSeconds(seconds)
    return command


def cancel_timer(timer_id: str = "reminder") -> Command:
    command = Command(command_type=CommandType.COMMAND_TYPE_CANCEL_TIMER)
    command.cancel_timer_command_attributes.timer_id = timer_id
    return command


def schedule_activity(activity_id: str = "charge", *, attempts: int = 0, **seconds: int) -> Command:
    """`seconds`: time-outs by name; start_to_close is 30 unless it is given."""
    command = Command(command_type=CommandType.COMMAND_TYPE_SCHEDULE_ACTIVITY_TASK)
    attributes = command.schedule_activity_task_command_attributes
    attributes.activity_id = activity_id
    attributes.activity_type.name = "Charge"
    attributes.task_queue.name = "payments"
    for name, value in {"start_to_close": 30, **seconds}.items():
        if value:
            getattr(attributes, f"{name}_timeout").FromSeconds(value)
    attributes.retry_policy.initial_interval.FromSeconds(1)
    attributes.retry_policy.maximum_attempts = attempts
    return command


def cancel_activity(scheduled_event_id: int) -> Command:
    command = Command(command_type=CommandType.COMMAND_TYPE_REQUEST_CANCEL_ACTIVITY_TASK)
    attributes = command.request_cancel_activity_task_command_attributes
    attributes.scheduled_event_id = scheduled_event_id
    return command


def start_child(workflow_id: str = "shipping-1") -> Command:
    command = Command(command_type=CommandType.COMMAND_TYPE_START_CHILD_WORKFLOW_EXECUTION)
    attributes = command.start_child_workflow_execution_command_attributes
    attributes.workflow_id = workflow_id
    attributes.workflow_type.name = "Shipping"
    attributes.task_queue.name = "orders"
    return command


def complete_run() -> Command:
    command = Command(command_type=CommandType.COMMAND_TYPE_COMPLETE_WORKFLOW_EXECUTION)
    command.complete_workflow_execution_command_attributes.result.CopyFrom(word("done"))
    return command


def fail_run(failure: Failure | None = None) -> Command:
    command = Command(command_type=CommandType.COMMAND_TYPE_FAIL_WORKFLOW_EXECUTION)
    command.fail_workflow_execution_command_attributes.failure.CopyFrom(
        failure or application_failure("it broke")
    )
    return command


def continue_as_new() -> Command:
    kind = CommandType.COMMAND_TYPE_CONTINUE_AS_NEW_WORKFLOW_EXECUTION
    command = Command(command_type=kind)
    attributes = command.continue_as_new_workflow_execution_command_attributes
    attributes.workflow_type.name = "Order"
    attributes.input.CopyFrom(word("next"))
    return command


# -- messages about updates


def accept(update_id: str = "u") -> Message:
    message = Message(id=f"{update_id}/accept", protocol_instance_id=update_id)
    message.body.Pack(Acceptance(accepted_request_message_id=f"{update_id}/request"))
    return message


def respond(update_id: str = "u") -> Message:
    message = Message(id=f"{update_id}/respond", protocol_instance_id=update_id)
    body = Response()
    body.outcome.success.CopyFrom(word("ok"))
    message.body.Pack(body)
    return message


def reject(update_id: str = "u") -> Message:
    message = Message(id=f"{update_id}/reject", protocol_instance_id=update_id)
    message.body.Pack(Rejection(failure=application_failure("too much", "Refused")))
    return message
