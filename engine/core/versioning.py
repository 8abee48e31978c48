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
    WorkflowExecutionStartedEventAttributes,
    WorkflowTaskCompletedEventAttributes,
)

from engine.core.keys import QueueKey, version_name, version_queue
from engine.core.state import RunState

PINNED = VersioningBehavior.VERSIONING_BEHAVIOR_PINNED
AUTO_UPGRADE = VersioningBehavior.VERSIONING_BEHAVIOR_AUTO_UPGRADE
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
    override = attributes.versioning_override
    if override.HasField("pinned"):
        state.override, state.override_pins = named(override.pinned.version), True
    elif override.auto_upgrade:
        state.override = "auto-upgrade"


def note(state: RunState, attributes: WorkflowTaskCompletedEventAttributes) -> None:
    """A worker has completed a task; one of a version says how the run is to go on."""
    deployment, version = attributes.worker_deployment_name, attributes.deployment_version
    if not (deployment or state.deployment or state.pin):
        return
    build_id = version.build_id if attributes.HasField("deployment_version") else ""
    said = (deployment, build_id, int(attributes.versioning_behavior))
    state.pin = named(version) if said[2] == PINNED else ""
    if said == (state.deployment, state.build_id, state.behavior):
        return
    state.deployment, state.build_id, state.behavior = said
    if build_id and named(version) not in state.used_versions:
        state.used_versions = [*state.used_versions, named(version)]
    _show(state)


def shown(state: RunState) -> tuple[str, str, int]:
    """Deployment, build id and behavior; until its own first task those that it inherits."""
    if state.deployment or not state.pin:
        return state.deployment, state.build_id, state.behavior
    deployment, _, build_id = state.pin.partition(":")
    return deployment, build_id, PINNED


def _show(state: RunState) -> None:
    version = version_name(state.deployment, state.build_id) if state.build_id else ""
    builds = [f"pinned:{version}"] if state.pin else []
    builds += [f"unversioned:{used.partition(':')[2]}" for used in state.used_versions]
    shown: dict[str, tuple[str, str | list[str]]] = {
        "BuildIds": ("KeywordList", builds),
        "TemporalUsedWorkerDeploymentVersions": ("KeywordList", state.used_versions),
        "TemporalWorkerDeployment": ("Keyword", state.deployment),
        "TemporalWorkerDeploymentVersion": ("Keyword", version),
        "TemporalWorkflowVersioningBehavior": ("Keyword", SHOWN.get(state.behavior, "")),
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
    if state.pin and following.task_queue.name == state.queue:
        deployment, _, build_id = state.pin.partition(":")
        following.inherited_pinned_version.deployment_name = deployment
        following.inherited_pinned_version.build_id = build_id


def is_own(state: RunState, attribute: str) -> bool:
    """Whether a search attribute is this run's alone."""
    return bool(state.deployment) and attribute in ATTRIBUTES


def named(version: WorkerDeploymentVersion) -> str:
    return version_name(version.deployment_name, version.build_id)
