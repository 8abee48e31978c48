"""Gateway dataclasses -> template rows; pure."""

from dataclasses import dataclass
from datetime import datetime

from console.gateway.admin import Index, Shards
from console.gateway.cluster import Server
from console.ui import words

#: capability -> what a person loses without it; the rest concern SDKs only
MATTERS = {
    "signal_and_query_header": "headers on signals and queries",
    "activity_failure_include_heartbeat": "the last heartbeat in an activity's failure",
    "supports_schedules": "schedules",
    "encoded_failure_attributes": "encrypted failure messages",
    "upsert_memo": "memos that a running workflow changes",
    "eager_workflow_start": "eager start",
    "build_id_based_versioning": "versioning by build id",
    "sdk_metadata": "what workflows say of themselves",
    "count_group_by_execution_status": "counts by status in one call",
    "nexus": "Nexus operations",
    "internal_error_differentiation": "faults of the server told apart from mistakes of the caller",
    "server_scaled_deployments": "workers started and stopped by the server",
    "server_scaled_provider_cloud_run": "workers on Cloud Run, started and stopped by the server",
}


@dataclass(frozen=True, slots=True)
class CapabilityRow:
    name: str
    about: str
    has: bool


def capability_rows(server: Server) -> list[CapabilityRow]:
    rows = [CapabilityRow(name, MATTERS.get(name, ""), True) for name in server.capabilities]
    rows += [CapabilityRow(name, MATTERS.get(name, ""), False) for name in server.lacks]
    return sorted(rows, key=lambda row: (row.has, row.name))


BACKENDS = {"postgresql": "PostgreSQL", "elasticsearch": "Elasticsearch"}


def backend(named: str) -> str:
    """As its makers write it, of what a server names; of others what the server says."""
    return BACKENDS.get(named, named)


@dataclass(frozen=True, slots=True)
class IndexRow:
    backend: str
    state: str
    word: str
    at: datetime
    lag_seconds: str
    waiting: int
    parked: int
    away: str
    why_away: str


def index_row(index: Index) -> IndexRow:
    state, word = _standing(index)
    return IndexRow(
        backend=backend(index.backend),
        state=state,
        word=word,
        at=index.at,
        lag_seconds=f"{index.lag.total_seconds():,.1f}",
        waiting=index.rows,
        parked=index.parked,
        away=_away(index),
        why_away=index.away.why_away if index.away else "",
    )


def _standing(index: Index) -> tuple[str, str]:
    if index.away:
        return "starving", "Away"
    if index.is_behind:
        return "retrying", "Behind"
    return "ok", "Up to date"


def _away(index: Index) -> str:
    if not index.away:
        return ""
    since = index.away.away_since
    return f"cannot be reached since {words.day(since)} {words.clock(since)}"


@dataclass(frozen=True, slots=True)
class ShardRow:
    database: int
    owned: int
    cached_runs: int
    batches: int
    waiting: int


def shard_rows(shards: Shards, index: Index) -> list[ShardRow]:
    waiting = {one.database: one.rows for one in index.databases}
    return [
        ShardRow(
            one.database,
            one.owned,
            one.cached_runs,
            one.batches,
            waiting.get(one.database, 0),
        )
        for one in shards.databases
    ]
