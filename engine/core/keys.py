"""Names of runs and queues, and the shard that a workflow id belongs to."""

from __future__ import annotations

import hashlib
from typing import NamedTuple
from uuid import UUID


class RunKey(NamedTuple):
    """A run; an empty `run_id` means the current run of the workflow id."""

    namespace_id: str
    workflow_id: str
    run_id: str


class QueueKey(NamedTuple):
    """A task queue as matching sees it: one per namespace, name and kind of task."""

    namespace_id: str
    name: str
    kind: str


#: How the identity begins that schedules start runs by: it says which schedule is to be told of
#: their end, also by runs that follow them and no longer have their search attributes.
SCHEDULER = "temporal-scheduler-"
WORKFLOW = "workflow"
ACTIVITY = "activity"
NEXUS = "nexus"


#: How the workflow id begins of a run without a workflow: a standalone activity, or Nexus
#: operation; no caller may use it.
_OF_ACTIVITY, _OF_OPERATION = "/_sys/activity/", "/_sys/operation/"
#: How the names begin of queues that only one version's workers poll; no caller may use it.
_OF_VERSION = "/_sys/version/"


def version_name(deployment: str, build_id: str) -> str:
    """As search attributes have it; a deployment's name holds no colon."""
    return f"{deployment}:{build_id}"


def version_queue(name: str, version: str) -> str:
    """Of the tasks of queue `name` that only workers of the version may have."""
    return f"{_OF_VERSION}{len(version)}/{version}{name}"


def ramp_queue(name: str) -> str:
    """Of the tasks of queue `name` that a ramp takes; these are stored under the plain name."""
    return version_queue(name, "")


def plain_queue(name: str) -> str:
    """The name that workers poll by, of a version's queue as well."""
    if not name.startswith(_OF_VERSION):
        return name
    length, _, rest = name[len(_OF_VERSION) :].partition("/")
    return rest[int(length) :]


def activity_run(namespace_id: str, activity_id: str, run_id: str = "") -> RunKey:
    """The run that is the standalone activity of that id."""
    return RunKey(namespace_id, _OF_ACTIVITY + activity_id, run_id)


def activity_of(workflow_id: str) -> str:
    """The id of the standalone activity that such a run is; empty for a workflow's."""
    return workflow_id[len(_OF_ACTIVITY) :] if workflow_id.startswith(_OF_ACTIVITY) else ""


def operation_run(namespace_id: str, operation_id: str, run_id: str = "") -> RunKey:
    """The run that is the standalone Nexus operation of that id."""
    return RunKey(namespace_id, _OF_OPERATION + operation_id, run_id)


def operation_of(workflow_id: str) -> str:
    """The id of the standalone operation that such a run is; empty for any other."""
    return workflow_id[len(_OF_OPERATION) :] if workflow_id.startswith(_OF_OPERATION) else ""


def is_reserved(workflow_id: str) -> bool:
    return workflow_id.startswith((_OF_ACTIVITY, _OF_OPERATION))


def shard_of(namespace_id: str, workflow_id: str, shard_count: int) -> int:
    named = f"{namespace_id}\0{workflow_id}".encode()
    return int.from_bytes(hashlib.blake2b(named, digest_size=8).digest(), "big") % shard_count


def derived_id(seed: str, number: int, purpose: str) -> str:
    """A UUID that is the same whenever it is asked for: what is retried is not doubled."""
    digest = hashlib.blake2b(f"{seed}\0{number}\0{purpose}".encode(), digest_size=16).digest()
    return str(UUID(bytes=digest, version=4))
