"""The beginning of a run, and the starts that came too late and were content with it.

(none) ──begin──▶ running ──attach──▶ running
"""

from __future__ import annotations

from temporalio.api.enums.v1 import ContinueAsNewInitiator, EventType
from temporalio.api.history.v1 import WorkflowExecutionStartedEventAttributes

from engine.core import cron, timeouts
from engine.core.inputs import Attach, Start
from engine.core.marks import StartedBy
from engine.core.turn import Turn
from engine.errors import FailedPrecondition
from engine.protocol.times import nanoseconds


def begin(turn: Turn, given: Start) -> None:
    assert turn.state.next_event_id == 1, "a run begins once"
    turn.mark(StartedBy(request_id=given.request_id, at=turn.at))
    event = turn.new(EventType.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED)
    attributes = event.workflow_execution_started_event_attributes
    attributes.CopyFrom(given.attributes)
    attributes.workflow_id = turn.state.key.workflow_id
    timeouts.fit(attributes, turn.limits)
    if attributes.cron_schedule and not attributes.continued_execution_run_id:
        _wait_for_cron(turn, attributes)
    timeout = nanoseconds(attributes.workflow_execution_timeout)
    if timeout and not attributes.HasField("workflow_execution_expiration_time"):
        attributes.workflow_execution_expiration_time.FromNanoseconds(turn.at + timeout)
    event.links.extend(given.links)
    if given.user_metadata is not None:
        event.user_metadata.CopyFrom(given.user_metadata)
    turn.add(event)


def attach(turn: Turn, given: Attach) -> None:
    """The workflow itself has no use for it, so no workflow task comes of it."""
    there, most = len(turn.state.completions), turn.limits.completion_callbacks_max
    if there + len(given.completions) > most:
        raise FailedPrecondition(
            f"cannot attach more than {most} callbacks to an execution ({there} callbacks already"
            " attached)"
        )
    event = turn.new(EventType.EVENT_TYPE_WORKFLOW_EXECUTION_OPTIONS_UPDATED)
    attributes = event.workflow_execution_options_updated_event_attributes
    attributes.attached_request_id = given.request_id
    attributes.attached_completion_callbacks.extend(given.completions)
    event.worker_may_ignore = True
    event.links.extend(given.links)
    turn.record(event)


def _wait_for_cron(turn: Turn, first: WorkflowExecutionStartedEventAttributes) -> None:
    first.initiator = ContinueAsNewInitiator.CONTINUE_AS_NEW_INITIATOR_CRON_SCHEDULE
    delay = cron.next_delay(first.cron_schedule, turn.at, turn.at)
    first.first_workflow_task_backoff.FromNanoseconds(delay)
