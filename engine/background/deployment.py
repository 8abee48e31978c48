"""What a deployment is, and how its routing changes: values, and functions from one to the next."""

from __future__ import annotations

from typing import Any

import msgspec


class Version(msgspec.Struct, frozen=True, kw_only=True):
    """Times in nanoseconds; 0 means never, or not now. `queues`: names and kinds of tasks.

    `metadata` are serialised payloads; `modified_by` is whoever noted some last, or made the
    version. `made_by` is the id of the request that made it before a worker did.
    """

    build_id: str
    created_at: int
    queues: tuple[tuple[str, str], ...] = ()
    current_at: int = 0
    ramping_at: int = 0
    last_current_at: int = 0
    activated_at: int = 0
    deactivated_at: int = 0
    routed_at: int = 0
    drained_at: int = 0
    metadata: dict[str, bytes] = {}
    modified_by: str = ""
    made_by: str = ""

    @property
    def is_draining(self) -> bool:
        """Nothing new comes to it, and it is not known to be without open pinned runs."""
        return bool(self.deactivated_at) and not self.is_routed and not self.drained_at

    @property
    def is_routed(self) -> bool:
        return bool(self.current_at or self.ramping_at)

    def with_changes(self, **changes: Any) -> Version:
        return msgspec.structs.replace(self, **changes)


class Deployment(msgspec.Struct, frozen=True, kw_only=True):
    """`current` and `ramping` are build ids; empty where it is the unversioned workers.

    A `ramping` of None stands for no ramp. Where there is a `manager`, only that identity may
    change the routing and delete versions. `made_by` as for versions.
    """

    namespace_id: str
    name: str
    created_at: int
    changed_at: int
    current: str = ""
    current_at: int = 0
    ramping: str | None = None
    ramp_percentage: float = 0.0
    ramp_at: int = 0
    ramp_percentage_at: int = 0
    revision: int = 0
    modified_by: str = ""
    manager: str = ""
    made_by: str = ""
    versions: dict[str, Version] = {}

    def with_changes(self, **changes: Any) -> Deployment:
        return msgspec.structs.replace(self, **changes)

    def with_version(self, version: Version) -> Deployment:
        return self.with_changes(versions={**self.versions, version.build_id: version})


def with_current(found: Deployment, build_id: str, at: int, by: str) -> Deployment:
    """Without a build id the unversioned workers have it. What was ramping to it is done with."""
    if found.current == build_id:
        return found
    versions = dict(found.versions)
    _retire(versions, found.current, at)
    if now := versions.get(build_id):
        versions[build_id] = _entered(now, at).with_changes(
            current_at=at, ramping_at=0, last_current_at=at
        )
    after = _changed(found, at, by).with_changes(versions=versions, current=build_id, current_at=at)
    if found.ramping != build_id:
        return after
    return after.with_changes(ramping=None, ramp_percentage=0.0, ramp_at=at, ramp_percentage_at=at)


def with_ramp(
    found: Deployment, build_id: str | None, percentage: float, at: int, by: str
) -> Deployment:
    """None ends the ramp."""
    if (found.ramping, found.ramp_percentage) == (build_id, percentage):
        return found
    versions = dict(found.versions)
    if found.ramping and found.ramping != build_id:
        _retire(versions, found.ramping, at)
    if build_id and (now := versions.get(build_id)):
        versions[build_id] = _entered(now, at).with_changes(ramping_at=now.ramping_at or at)
    return _changed(found, at, by).with_changes(
        versions=versions,
        ramping=build_id,
        ramp_percentage=percentage,
        ramp_at=found.ramp_at if found.ramping == build_id else at,
        ramp_percentage_at=at,
    )


def _changed(found: Deployment, at: int, by: str) -> Deployment:
    return found.with_changes(changed_at=at, revision=found.revision + 1, modified_by=by)


def _entered(version: Version, at: int) -> Version:
    """Tasks that are pinned to no version come to it from now on, or more or fewer of them."""
    return version.with_changes(
        activated_at=version.activated_at or at, routed_at=at, deactivated_at=0, drained_at=0
    )


def _retire(versions: dict[str, Version], build_id: str, at: int) -> None:
    if left := versions.get(build_id):
        versions[build_id] = left.with_changes(
            current_at=0, ramping_at=0, deactivated_at=at, routed_at=at, drained_at=0
        )
