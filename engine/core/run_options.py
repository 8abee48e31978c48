"""What may be changed of a run from outside: where its tasks go, and how urgent it is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from temporalio.api.workflow.v1 import VersioningOverride, WorkflowExecutionOptions

from engine.core import priorities, versioning
from engine.core.state import RunState
from engine.errors import FailedPrecondition

OVERRIDE: Final = "versioning_override"
PRIORITY: Final = "priority"
PARTS_OF_PRIORITY = ("priority_key", "fairness_key", "fairness_weight")


def of(state: RunState) -> WorkflowExecutionOptions:
    return WorkflowExecutionOptions(
        versioning_override=versioning.override_of(state), priority=priorities.of_run(state)
    )


def changed(
    state: RunState, wanted: WorkflowExecutionOptions, paths: Sequence[str]
) -> WorkflowExecutionOptions:
    """All of them, with those that the paths name as they are wanted."""
    options = of(state)
    for path in paths:
        if path == OVERRIDE:
            options.ClearField(OVERRIDE)
            if wanted.HasField(OVERRIDE):
                options.versioning_override.CopyFrom(_complete(state, wanted.versioning_override))
        elif path == PRIORITY:
            options.ClearField(PRIORITY)
            if wanted.priority.ByteSize():
                options.priority.CopyFrom(wanted.priority)
        else:
            part = path.removeprefix(f"{PRIORITY}.")
            setattr(options.priority, part, getattr(wanted.priority, part))
    return options


def _complete(state: RunState, wanted: VersioningOverride) -> VersioningOverride:
    """Pinned to no version by name: to the one that the run is pinned to."""
    if not wanted.HasField("pinned") or wanted.pinned.HasField("version"):
        return wanted
    pin = versioning.pin_of(state)
    if not pin:
        behavior = versioning.SHOWN.get(state.behavior, "Unspecified")
        raise FailedPrecondition(
            "must specify a specific pinned override version because workflow with id"
            f" {state.key.workflow_id} has behavior {behavior} and is not yet pinned to any version"
        )
    complete = VersioningOverride()
    complete.CopyFrom(wanted)
    deployment, _, build_id = pin.partition(":")
    complete.pinned.version.deployment_name = deployment
    complete.pinned.version.build_id = build_id
    return complete
