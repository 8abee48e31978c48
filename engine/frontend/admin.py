"""perdure.admin.v1.AdminService: what Temporal's protocol has no word for.

Beside the protocol, and without generated code: each request and response is a
`google.protobuf.Struct` with these fields (moments are RFC 3339 text, `database` counts from 0 in
the order of DATABASE_URL; an empty request may as well be `google.protobuf.Empty`).

    DescribeIndex   {}                       -> {backend: "postgresql" | "elasticsearch", asked_at,
                                                databases: [{database, waiting, oldest_seconds,
                                                parked, away_since | null, error | null}]}
    ListParked      {page_size, page_token}  -> {rows: [{database, seq, run_id, version, error,
                                                parked_at}], next_page_token}
    RetryParked     {database, seqs: [..]}   -> {count}   sends what the runs are now
    DropParked      {database, seqs: [..]}   -> {count}
    ListAttempts    {namespace, workflow_id, run_id, scheduled_event_id | activity_id, page_size,
                     page_token}   without workflow_id: of a standalone activity
                                             -> {rows: [{attempt, started_at | null, failed_at,
                                                retry_at | null, identity, failure}],
                                                next_page_token}
    ListActivityQueues {namespace}           -> {names: [..], is_all}   where activity tasks wait,
                                                or somebody asked for some lately
    PreviewSchedule {spec, count, schedule_id} -> {times: [..]}   when such a schedule would act
    DescribeShards  {}                       -> {shard_count, databases: [{database, owned,
                                                cached_runs, batches_committed}],
                                                nodes: [{address, owned, is_here}]}
    ExecuteMany     Payloads: for each call its request, in the metadata `rpc` the name of the call
                    of WorkflowService -> Payloads: for each its response, in the metadata `code`
                    the number of its gRPC status and, where it was refused, its `message`

What `databases` of DescribeShards says is of the node that answers; `nodes` are those of its
cluster with the shards that each held a second ago, none where a node is alone. `count` is how many
of the rows were still there. Attempts are those of one activity that failed and were tried again,
the newest first, each with its `temporalio.api.failure.v1.Failure` as JSON; by its id an activity
is known while it is pending, and a standalone one always. A field that is unknown or of the wrong
type is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Annotated, Any, TypeVar

import grpc
import msgspec
from google.protobuf import json_format
from google.protobuf.struct_pb2 import Struct
from msgspec import Meta
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.schedule.v1 import ScheduleSpec

from engine.core.keys import ACTIVITY, plain_queue
from engine.core.schedule import spec
from engine.core.schedule.wording import BadSpec
from engine.core.state import RunState
from engine.core.transitions import standalone
from engine.errors import InvalidArgument, NotFound
from engine.frontend import forwarding, many, standalone_checks
from engine.frontend.guard import Function, guarded, serialised
from engine.frontend.parts import Parts
from engine.ports import FailedAttempt, Member
from engine.store import index, tasks
from engine.store.pool import Pool
from search.outbox import PARKED_PAGE_ROWS_MAX, RETRY_ROWS_MAX, Lag, Parked

SERVICE = "perdure.admin.v1.AdminService"
SECOND = 1_000_000_000
ATTEMPTS_PAGE_ROWS_MAX = 50
PREVIEWED_TIMES_MAX = 100
ATTEMPT_MAX = 2**31 - 1
QUEUES_MAX = 1_000
T = TypeVar("T")


class Page(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    page_size: Annotated[int, Meta(ge=1, le=PARKED_PAGE_ROWS_MAX)] = PARKED_PAGE_ROWS_MAX
    page_token: Annotated[str, Meta(pattern=r"^([0-9]{1,5}\.[0-9]{1,18})?$")] = ""

    @property
    def place(self) -> tuple[int, int]:
        """The database, and the seq of the last row seen in it."""
        database, _, seq = self.page_token.partition(".")
        return int(database or 0), int(seq or 0)


class AttemptsPage(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    namespace: str
    workflow_id: str = ""
    scheduled_event_id: Annotated[int, Meta(ge=0, le=2**53)] = 0
    activity_id: str = ""
    run_id: str = ""
    page_size: Annotated[int, Meta(ge=1, le=ATTEMPTS_PAGE_ROWS_MAX)] = ATTEMPTS_PAGE_ROWS_MAX
    page_token: Annotated[str, Meta(pattern=r"^([0-9]{1,9})?$")] = ""

    @property
    def before(self) -> int:
        return int(self.page_token or ATTEMPT_MAX)


class OfNamespace(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    namespace: str


class Preview(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`spec` is a temporal.api.schedule.v1.ScheduleSpec as JSON."""

    spec: dict[str, Any]
    count: Annotated[int, Meta(ge=1, le=PREVIEWED_TIMES_MAX)] = 10
    schedule_id: str = ""


class Rows(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    database: Annotated[int, Meta(ge=0)]
    seqs: Annotated[list[int], Meta(min_length=1, max_length=RETRY_ROWS_MAX)]


async def describe_index(parts: Parts, _request: Struct) -> Struct:
    now = _now(parts)
    lags = [await index.lag(pool, now) for pool in parts.pools]
    is_elastic = parts.config.search.elasticsearch_url is not None
    return _struct(
        backend="elasticsearch" if is_elastic else "postgresql",
        asked_at=now.isoformat(),
        databases=[_lag(number, lag) for number, lag in enumerate(lags)],
    )


def _lag(database: int, lag: Lag) -> dict[str, Any]:
    away_since = lag.away_since.isoformat() if lag.away_since else None
    return {"database": database, **lag._asdict(), "away_since": away_since}


async def list_parked(parts: Parts, request: Struct) -> Struct:
    page = _read(request, Page)
    first, after = page.place
    rows: list[dict[str, Any]] = []
    for number in range(first, len(parts.pools)):
        found = await index.parked(parts.pools[number], after, page.page_size - len(rows))
        rows += [_parked(number, row) for row in found]
        if len(rows) == page.page_size:
            return _struct(rows=rows, next_page_token=f"{number}.{found[-1].seq}")
        after = 0
    return _struct(rows=rows, next_page_token="")


def _parked(database: int, row: Parked) -> dict[str, Any]:
    return {
        "database": database,
        "seq": row.seq,
        "run_id": row.run_id,
        "version": row.version,
        "error": row.error,
        "parked_at": row.parked_at.isoformat(),
    }


async def retry_parked(parts: Parts, request: Struct) -> Struct:
    rows = _read(request, Rows)
    return _struct(count=await index.retry(_pool(parts, rows), rows.seqs, _now(parts)))


async def drop_parked(parts: Parts, request: Struct) -> Struct:
    rows = _read(request, Rows)
    return _struct(count=await index.drop(_pool(parts, rows), rows.seqs))


async def describe_shards(parts: Parts, _request: Struct) -> Struct:
    return _struct(
        shard_count=parts.config.shard_count,
        databases=[
            {"database": number, **msgspec.structs.asdict(held)}
            for number, held in enumerate(parts.shards.held())
        ],
        nodes=[msgspec.structs.asdict(member) for member in _members(parts)],
    )


async def list_attempts(parts: Parts, request: Struct) -> Struct:
    asked = _read(request, AttemptsPage)
    if asked.workflow_id or not asked.activity_id:
        run = WorkflowExecution(workflow_id=asked.workflow_id, run_id=asked.run_id)
        key = await parts.run_key(asked.namespace, run)
        run_id, event_id = await parts.shards.inspect(key, partial(_meant, asked))
    else:
        key = await standalone_checks.key(parts, asked)
        run_id, event_id = await parts.shards.inspect(key, _standalone)
    rows = await parts.shards.attempts(
        key._replace(run_id=run_id), event_id, asked.before, asked.page_size
    )
    more = len(rows) == asked.page_size and rows[-1].attempt > 1
    return _struct(
        rows=[_attempt(row) for row in rows],
        next_page_token=str(rows[-1].attempt) if more else "",
    )


def _meant(asked: AttemptsPage, state: RunState) -> tuple[str, int]:
    if bool(asked.scheduled_event_id) == bool(asked.activity_id):
        raise InvalidArgument("one of scheduled_event_id and activity_id names the activity")
    if asked.scheduled_event_id:
        return state.key.run_id, asked.scheduled_event_id
    for event_id, activity in state.activities.items():
        if activity.activity_id == asked.activity_id:
            return state.key.run_id, event_id
    raise NotFound(f"no pending activity {asked.activity_id}")


def _standalone(state: RunState) -> tuple[str, int]:
    return state.key.run_id, standalone.parts(state)[0]


def _attempt(row: FailedAttempt) -> dict[str, Any]:
    return {
        "attempt": row.attempt,
        "started_at": _moment(row.started_at),
        "failed_at": _moment(row.failed_at),
        "retry_at": _moment(row.retry_at),
        "identity": row.identity,
        "failure": json_format.MessageToDict(row.failure),
    }


async def list_activity_queues(parts: Parts, request: Struct) -> Struct:
    """A queue of a version's workers has the name that they poll by."""
    namespace = await parts.namespace(_read(request, OfNamespace).namespace)
    found = await parts.polled.names(namespace.id, ACTIVITY)
    for pool in parts.pools:
        async with pool.connection() as connection:
            found |= set(await tasks.queues_of(connection, namespace.id, ACTIVITY, QUEUES_MAX))
    names = sorted({plain_queue(name) for name in found})
    return _struct(names=names[:QUEUES_MAX], is_all=len(names) <= QUEUES_MAX)


async def preview_schedule(parts: Parts, request: Struct) -> Struct:
    """Its jitter is that of the schedule of this id."""
    asked = _read(request, Preview)
    try:
        made = spec.canonical(json_format.ParseDict(asked.spec, ScheduleSpec()))
    except (BadSpec, json_format.ParseError) as bad:
        raise InvalidArgument(f"Invalid schedule spec: {bad}") from bad
    compiled, after, times = spec.Spec(made, asked.schedule_id), parts.clock.now(), list[int]()
    while len(times) < asked.count and (time := compiled.next_time(after)) is not None:
        times.append(time.actual)
        after = time.nominal
    return _struct(times=[_moment(at) for at in times])


def _moment(nanoseconds: int) -> str | None:
    if not nanoseconds:
        return None
    return datetime.fromtimestamp(nanoseconds / SECOND, UTC).isoformat()


def _members(parts: Parts) -> list[Member]:
    return [] if parts.cluster is None else parts.cluster.members()


METHODS: Mapping[str, Function] = {
    "DescribeIndex": describe_index,
    "DescribeShards": describe_shards,
    "DropParked": drop_parked,
    "ListActivityQueues": list_activity_queues,
    "ListAttempts": list_attempts,
    "ListParked": list_parked,
    "PreviewSchedule": preview_schedule,
    "RetryParked": retry_parked,
}


def handler(parts: Parts) -> grpc.GenericRpcHandler[Any, Any]:
    methods: dict[str, grpc.RpcMethodHandler[Any, Any]] = {
        name: grpc.unary_unary_rpc_method_handler(
            guarded(name, forwarding.routed(parts, SERVICE, name, function), parts),
            request_deserializer=Struct.FromString,
            response_serializer=serialised,
        )
        for name, function in METHODS.items()
    }
    methods[many.NAME] = many.handler(parts)
    return grpc.method_handlers_generic_handler(SERVICE, methods)


def _read(request: Struct, shape: type[T]) -> T:
    try:
        # A Struct has floats only, so whole ones stand for integers.
        return msgspec.convert(json_format.MessageToDict(request), shape, strict=False)
    except (msgspec.ValidationError, json_format.Error) as trouble:
        raise InvalidArgument(str(trouble)) from trouble


def _struct(**fields: Any) -> Struct:
    answer = Struct()
    answer.update(fields)
    return answer


def _pool(parts: Parts, rows: Rows) -> Pool:
    if rows.database >= len(parts.pools):
        raise InvalidArgument(f"there is no database {rows.database}")
    return parts.pools[rows.database]


def _now(parts: Parts) -> datetime:
    return datetime.fromtimestamp(parts.clock.now() / SECOND, UTC)
