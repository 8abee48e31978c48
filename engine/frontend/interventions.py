"""Operators at pending activities: pause, unpause, reset, change options; by id, type, or all."""

from __future__ import annotations

from google.protobuf.duration_pb2 import Duration
from temporalio.api.workflowservice.v1 import (
    PauseActivityRequest,
    PauseActivityResponse,
    ResetActivityRequest,
    ResetActivityResponse,
    UnpauseActivityRequest,
    UnpauseActivityResponse,
    UpdateActivityOptionsRequest,
    UpdateActivityOptionsResponse,
)

from engine.core.effects import ActivitiesChanged
from engine.core.inputs import ChangeActivities, PauseActivities, RenewActivities, Which
from engine.core.keys import RunKey
from engine.errors import InvalidArgument
from engine.frontend import checks
from engine.frontend.parts import Parts
from engine.protocol.times import nanoseconds

Request = (
    PauseActivityRequest
    | UnpauseActivityRequest
    | ResetActivityRequest
    | UpdateActivityOptionsRequest
)


async def pause(parts: Parts, request: PauseActivityRequest) -> PauseActivityResponse:
    key, which = await _meant(parts, request)
    checks.length("Reason", request.reason, parts.limits)
    given = PauseActivities(
        at=parts.clock.now(), which=which, identity=request.identity, reason=request.reason
    )
    await parts.shards.submit(key, given)
    return PauseActivityResponse()


async def unpause(parts: Parts, request: UnpauseActivityRequest) -> UnpauseActivityResponse:
    key, which = await _meant(parts, request)
    given = RenewActivities(
        at=parts.clock.now(),
        which=which,
        resets=False,
        resets_attempts=request.reset_attempts,
        forgets_beat=request.reset_heartbeat,
        jitter_ns=_jitter(request.jitter),
        seed=parts.clock.new_id(),
    )
    await parts.shards.submit(key, given)
    return UnpauseActivityResponse()


async def reset(parts: Parts, request: ResetActivityRequest) -> ResetActivityResponse:
    key, which = await _meant(parts, request)
    given = RenewActivities(
        at=parts.clock.now(),
        which=which,
        resets=True,
        forgets_beat=request.reset_heartbeat,
        keeps_paused=request.keep_paused,
        restores_options=request.restore_original_options,
        jitter_ns=_jitter(request.jitter),
        seed=parts.clock.new_id(),
    )
    await parts.shards.submit(key, given)
    return ResetActivityResponse()


async def update_options(
    parts: Parts, request: UpdateActivityOptionsRequest
) -> UpdateActivityOptionsResponse:
    key, which = await _meant(parts, request)
    if request.restore_original and request.HasField("update_mask"):
        raise InvalidArgument("Both UpdateMask and RestoreOriginal are provided")
    if not request.restore_original:
        if not request.HasField("activity_options"):
            raise InvalidArgument("ActivityOptions are not provided")
        if not request.HasField("update_mask"):
            raise InvalidArgument("UpdateMask is not provided")
        checks.priority(request.activity_options.priority)
    given = ChangeActivities(
        at=parts.clock.now(),
        which=which,
        options=None if request.restore_original else request.activity_options,
        paths=tuple(request.update_mask.paths),
    )
    changed: ActivitiesChanged = await parts.shards.submit(key, given)
    return UpdateActivityOptionsResponse(activity_options=changed.options)


async def _meant(parts: Parts, request: Request) -> tuple[RunKey, Which]:
    await parts.namespace(request.namespace)
    checks.id_of_a_run(request.execution.workflow_id)
    named = request.WhichOneof("activity")
    if named is None or not getattr(request, named):
        raise InvalidArgument("Either Activity.Id or Activity.Type should be set on request.")
    key = await parts.run_key(request.namespace, request.execution)
    checks.length("Identity", request.identity, parts.limits)
    if named == "id":
        return key, Which(activity_id=request.id)
    return key, Which(activity_type=request.type if named == "type" else "")


def _jitter(given: Duration) -> int:
    jitter_ns = nanoseconds(given)
    if jitter_ns < 0:
        raise InvalidArgument("invalid Jitter: negative duration")
    return jitter_ns
