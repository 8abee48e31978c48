"""Which version of its workers a run belongs to, as its facts have it.

A run is *pinned* while only the workers of one version may have its tasks: as its code said with
the last completed workflow task, as the run was started to be, or as whoever started it overrides.
Every other run goes with its queue, wherever that is routed.
"""

from __future__ import annotations

import json

from temporalio.api.common.v1 import Payload
from temporalio.api.deployment.v1 import WorkerDeploymentVersion
from temporalio.api.enums.v1 import VersioningBehavior
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
PINNED_OVERRIDE = VersioningOverride.PINNED_OVERRIDE_BEHAVIOR_PINNED
SHOWN: dict[int, str] = {PINNED: "Pinned", AUTO_UPGRADE: "AutoUpgrade"}
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


def begin(state: RunState, attributes: WorkflowExecutionStartedEventAttributes) -> None:
    if attributes.HasField("inherited_pinned_version"):
        state.pin = named(attributes.inherited_pinned_version)
    if attributes.HasField("versioning_override"):
        _override(state, attributes.versioning_override)
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
    return state.deployment, own_version(state), state.behavior


def _show(state: RunState) -> None:
    version, behavior = own_version(state), state.behavior
    if state.override:
        version = state.override if state.override_pins else version
        behavior = PINNED if state.override_pins else AUTO_UPGRADE
    builds = [f"pinned:{version}"] if behavior == PINNED else []
    builds += [] if behavior else ["unversioned"]
    builds += [f"unversioned:{used.partition(':')[2]}" for used in state.used_versions]
    shown: dict[str, tuple[str, str | list[str]]] = {
        "BuildIds": ("KeywordList", builds),
        "TemporalUsedWorkerDeploymentVersions": ("KeywordList", state.used_versions),
        "TemporalWorkerDeployment": ("Keyword", state.deployment),
        "TemporalWorkerDeploymentVersion": ("Keyword", version),
        "TemporalWorkflowVersioningBehavior": ("Keyword", SHOWN.get(behavior, "")),
    }
    for name, (kind, value) in shown.items():
        state.search_attributes.pop(name, None)
        if value:
            state.search_attributes[name] = Payload(
                metadata={"encoding": b"json/plain", "type": kind.encode()},
                data=json.dumps(value, separators=(",", ":")).encode(),
            )


def bequeath(state: RunState, following: WorkflowExecutionStartedEventAttributes) -> None:
    """What a run that follows, or a child, has of this run's pin: where its queue is the same."""
    following.ClearField("inherited_pinned_version")
    following.ClearField("versioning_override")
    pin = pin_of(state)
    if not pin or following.task_queue.name != state.queue:
        return
    deployment, _, build_id = pin.partition(":")
    following.inherited_pinned_version.deployment_name = deployment
    following.inherited_pinned_version.build_id = build_id
    if (pinned := override_of(state)) is not None:
        following.versioning_override.CopyFrom(pinned)


def is_own(attribute: str) -> bool:
    """Whether a search attribute is its run's alone."""
    return attribute in ATTRIBUTES


def named(version: WorkerDeploymentVersion) -> str:
    return version_name(version.deployment_name, version.build_id)
