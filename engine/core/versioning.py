"""Which version of its workers a run belongs to, as its facts have it.

A run is *pinned* while only the workers of one version may have its tasks: as its code said with
the last completed workflow task, as the run was started to be, or as whoever started it overrides.
Every other run goes with its queue, wherever that is routed.
"""

from __future__ import annotations

import json

from temporalio.api.common.v1 import Payload
from temporalio.api.deployment.v1 import WorkerDeploymentOptions, WorkerDeploymentVersion
from temporalio.api.enums.v1 import (
    ContinueAsNewVersioningBehavior,
    VersioningBehavior,
    WorkerVersioningMode,
)
from temporalio.api.history.v1 import (
    WorkflowExecutionOptionsUpdatedEventAttributes,
    WorkflowExecutionStartedEventAttributes,
    WorkflowTaskCompletedEventAttributes,
)
from temporalio.api.workflow.v1 import VersioningOverride

from engine.core.keys import QueueKey, version_name, version_queue
from engine.core.state import RunState

PINNED = VersioningBehavior.VERSIONING_BEHAVIOR_PINNED
AUTO_UPGRADE = VersioningBehavior.VERSIONING_BEHAVIOR_AUTO_UPGRADE
USE_RAMPING = (
    ContinueAsNewVersioningBehavior.CONTINUE_AS_NEW_VERSIONING_BEHAVIOR_USE_RAMPING_VERSION
)
PINNED_OVERRIDE = VersioningOverride.PINNED_OVERRIDE_BEHAVIOR_PINNED
SHOWN: dict[int, str] = {PINNED: "Pinned", AUTO_UPGRADE: "AutoUpgrade"}
#: What one run has of another's version.
_INHERITED = ("inherited_pinned_version", "inherited_auto_upgrade_info", "versioning_override")
#: The search attributes that are set here; a run that follows another has its own.
ATTRIBUTES = (
    "BuildIds",
    "TemporalUsedWorkerDeploymentVersions",
    "TemporalWorkerDeployment",
    "TemporalWorkerDeploymentVersion",
    "TemporalWorkflowVersioningBehavior",
)


def pin_of(state: RunState) -> str:
    """The version whose workers alone may have the run's tasks; empty where any may."""
    if state.override:
        return state.override if state.override_pins else ""
    return state.pin


def queue_key(state: RunState, name: str, kind: str) -> QueueKey:
    """The queue of a task of the run's own worker."""
    if pin := pin_of(state):
        name = version_queue(name, pin)
    return QueueKey(state.key.namespace_id, name, kind)


def prefers_ramp(state: RunState) -> bool:
    """Its first workflow task goes to the ramping version of its queue, as the run before wished.

    Where nothing ramps it goes where the queue is routed.
    """
    if state.previous_started_event_id or state.start is None or pin_of(state):
        return False
    inherited = state.start.inherited_auto_upgrade_info
    return inherited.continue_as_new_initial_versioning_behavior == USE_RAMPING


def news(state: RunState, target: str) -> str | None:
    """The version that a pinned run's queue is routed to, where that is to be told its worker.

    A run whose code went on pinned although it was told is not told the same again.
    """
    if state.override or target == state.pin:
        return None
    assert state.start is not None, "a run that has tasks was started"
    if state.start.HasField("declined_target_version_upgrade"):
        declined = state.start.declined_target_version_upgrade
        if target == named(declined.deployment_version):
            return state.noted_target
    return target


def has_moved_on(state: RunState) -> bool:
    """Whether a pinned run's queue is routed elsewhere by now."""
    return state.noted_target is not None and bool(pin_of(state))


def begin(state: RunState, attributes: WorkflowExecutionStartedEventAttributes) -> None:
    if attributes.HasField("inherited_pinned_version"):
        state.pin = named(attributes.inherited_pinned_version)
    if attributes.HasField("versioning_override"):
        _override(state, attributes.versioning_override)
    if any(attributes.HasField(name) for name in _INHERITED):  # type: ignore[arg-type]
        _show(state)


def override(state: RunState, attributes: WorkflowExecutionOptionsUpdatedEventAttributes) -> None:
    """Somebody says where the run goes, whatever its code says; or leaves it to its code again."""
    if attributes.unset_versioning_override:
        state.override, state.override_pins = "", False
        state.deployment = own_version(state).partition(":")[0]
    elif attributes.HasField("versioning_override"):
        _override(state, attributes.versioning_override)
    else:
        return
    _show(state)


def _override(state: RunState, given: VersioningOverride) -> None:
    if given.HasField("pinned"):
        state.override, state.override_pins = named(given.pinned.version), True
        state.deployment = given.pinned.version.deployment_name
    elif given.auto_upgrade:
        state.override, state.override_pins = "auto-upgrade", False


def override_of(state: RunState) -> VersioningOverride | None:
    """As events have it."""
    if not state.override:
        return None
    if not state.override_pins:
        return VersioningOverride(auto_upgrade=True)
    deployment, _, build_id = state.override.partition(":")
    version = WorkerDeploymentVersion(deployment_name=deployment, build_id=build_id)
    pinned = VersioningOverride.PinnedOverride(behavior=PINNED_OVERRIDE, version=version)
    return VersioningOverride(pinned=pinned)


def note(state: RunState, attributes: WorkflowTaskCompletedEventAttributes) -> None:
    """A worker has completed a task; one of a version says how the run is to go on."""
    deployment, version = attributes.worker_deployment_name, attributes.deployment_version
    if not (deployment or state.deployment or state.pin or state.override):
        return
    behavior = int(attributes.versioning_behavior)
    state.pin = named(version) if behavior == PINNED else ""
    said = (deployment, version.deployment_name, version.build_id, behavior)
    if said == (state.deployment, state.versioned_by, state.build_id, state.behavior):
        return
    state.deployment, state.versioned_by, state.build_id, state.behavior = said
    if version.build_id and named(version) not in state.used_versions:
        state.used_versions = [*state.used_versions, named(version)]
    _show(state)


def own_version(state: RunState) -> str:
    """The version that the run is on by its code; empty where its code says nothing of versions."""
    if not (state.build_id and state.behavior):
        return ""
    return version_name(state.versioned_by or state.deployment, state.build_id)


def shown(state: RunState) -> tuple[str, str, int]:
    """Deployment, version and behavior; until its own first task those that it inherits."""
    if state.pin and not state.previous_started_event_id:
        return state.deployment or state.pin.partition(":")[0], state.pin, PINNED
    if inherited := _inherited(state):
        return inherited.partition(":")[0], inherited, AUTO_UPGRADE
    return state.deployment, own_version(state), state.behavior


def _inherited(state: RunState) -> str:
    """The version of the run before, until a worker has said which is this run's own."""
    if state.previous_started_event_id or state.start is None:
        return ""
    inherited = state.start.inherited_auto_upgrade_info
    return named(inherited.source_deployment_version) if inherited.ByteSize() else ""


def _show(state: RunState) -> None:
    deployment, version, behavior = shown(state)
    if state.override:
        deployment = state.deployment
        version = state.override if state.override_pins else version
        behavior = PINNED if state.override_pins else AUTO_UPGRADE
    builds = [f"pinned:{version}"] if behavior == PINNED else []
    builds += [] if behavior else ["unversioned"]
    builds += [f"unversioned:{used.partition(':')[2]}" for used in state.used_versions]
    attributes: dict[str, tuple[str, str | list[str]]] = {
        "BuildIds": ("KeywordList", builds),
        "TemporalUsedWorkerDeploymentVersions": ("KeywordList", state.used_versions),
        "TemporalWorkerDeployment": ("Keyword", deployment),
        "TemporalWorkerDeploymentVersion": ("Keyword", version),
        "TemporalWorkflowVersioningBehavior": ("Keyword", SHOWN.get(behavior, "")),
    }
    for name, (kind, value) in attributes.items():
        state.search_attributes.pop(name, None)
        if value:
            state.search_attributes[name] = Payload(
                metadata={"encoding": b"json/plain", "type": kind.encode()},
                data=json.dumps(value, separators=(",", ":")).encode(),
            )


def bequeath(
    state: RunState, following: WorkflowExecutionStartedEventAttributes, initially: int = 0
) -> None:
    """What a run that follows, or a child, has of this run's version: where its queue is the same.

    `initially` is a number of ContinueAsNewVersioningBehavior: other than 0, the first task of the
    next run goes where its queue is routed, though this run is pinned.
    """
    for inherited in _INHERITED:
        following.ClearField(inherited)  # type: ignore[arg-type]
    if following.task_queue.name != state.queue:
        return
    pin = pin_of(state)
    if pin and state.override and (pinned := override_of(state)) is not None:
        following.versioning_override.CopyFrom(pinned)
    if pin and not initially:
        _name(following.inherited_pinned_version, pin)
        return
    behavior = AUTO_UPGRADE if state.override else state.behavior
    version = pin or own_version(state)
    if version and (pin or behavior == AUTO_UPGRADE):
        _name(following.inherited_auto_upgrade_info.source_deployment_version, version)
        following.inherited_auto_upgrade_info.continue_as_new_initial_versioning_behavior = (
            initially  # type: ignore[assignment]
        )


def decline(state: RunState, following: WorkflowExecutionStartedEventAttributes) -> None:
    """The run's code goes on pinned, whatever it was told of its queue's routing."""
    if not following.HasField("inherited_pinned_version"):
        following.ClearField("declined_target_version_upgrade")
    elif state.noted_target is not None:
        following.ClearField("declined_target_version_upgrade")
        _name(following.declined_target_version_upgrade.deployment_version, state.noted_target)


def forget(following: WorkflowExecutionStartedEventAttributes) -> None:
    """It is a new beginning: it goes where its queue is routed."""
    following.ClearField("inherited_pinned_version")
    following.ClearField("inherited_auto_upgrade_info")


def _name(version: WorkerDeploymentVersion, name: str) -> None:
    version.deployment_name, _, version.build_id = name.partition(":")


def is_own(attribute: str) -> bool:
    """Whether a search attribute is its run's alone."""
    return attribute in ATTRIBUTES


def named(version: WorkerDeploymentVersion) -> str:
    return version_name(version.deployment_name, version.build_id)


def of_worker(options: WorkerDeploymentOptions) -> str:
    """The version that a worker works for; empty for none."""
    if options.worker_versioning_mode != WorkerVersioningMode.WORKER_VERSIONING_MODE_VERSIONED:
        return ""
    return version_name(options.deployment_name, options.build_id)
