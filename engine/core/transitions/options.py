"""Options of a run that are changed from outside: where its tasks go, and how urgent it is.

    pinned · auto-upgraded · as its code says ──change──▶ any of these

The workflow task that waits goes where the run's tasks go from now on; one that a worker has is
left to that worker. Activities that wait stay where they are.
"""

from __future__ import annotations

from temporalio.api.enums.v1 import EventType
from temporalio.api.workflow.v1 import WorkflowExecutionOptions

from engine.core import priorities, run_options, versioning
from engine.core.effects import OptionsChanged
from engine.core.inputs import ChangeOptions
from engine.core.turn import Turn


def change(turn: Turn, given: ChangeOptions) -> bool:
    """Whether its tasks go elsewhere now."""
    pin = versioning.pin_of(turn.state)
    turn.reply(OptionsChanged(options=apply(turn, given)))
    return versioning.pin_of(turn.state) != pin


def apply(turn: Turn, given: ChangeOptions) -> WorkflowExecutionOptions:
    """What they are now. What is so already leaves no event."""
    before = run_options.of(turn.state)
    after = run_options.changed(turn.state, given.options, given.paths)
    if after != before:
        _write(turn, given, after)
    return after


def _write(turn: Turn, given: ChangeOptions, after: WorkflowExecutionOptions) -> None:
    """The event says all options, not only those that changed."""
    event = turn.new(EventType.EVENT_TYPE_WORKFLOW_EXECUTION_OPTIONS_UPDATED)
    event.worker_may_ignore = True
    attributes = event.workflow_execution_options_updated_event_attributes
    attributes.identity = given.identity
    if after.HasField(run_options.OVERRIDE):
        attributes.versioning_override.CopyFrom(after.versioning_override)
    elif turn.state.override:
        attributes.unset_versioning_override = True
    if after.HasField(run_options.PRIORITY) or priorities.of_run(turn.state) is not None:
        attributes.priority.CopyFrom(after.priority)
    turn.record(event)
