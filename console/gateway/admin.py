"""What only our own engine tells: how far behind the index is, what it refused, the shards.

A server that speaks the protocol alone has no such service; then the answer is None.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.cache import cache
from google.protobuf.json_format import MessageToDict
from google.protobuf.struct_pb2 import Struct

from console.gateway import tally
from console.gateway.channel import GatewayError, Trouble, admin_method, call

PARKED_PAGE_ROWS = 50
#: How long a glance at the index serves all who look.
GLANCE_SECONDS = 5
#: A relay at rest moves a row at once; what waits longer than this is worth a word.
BEHIND_AFTER = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class Waiting:
    """What of one database is not in the index yet."""

    database: int
    rows: int
    oldest: timedelta
    parked: int
    away_since: datetime | None
    why_away: str


@dataclass(frozen=True, slots=True)
class Index:
    """Where PostgreSQL itself answers, rows left for an index of before mean no lag."""

    backend: str
    at: datetime
    databases: tuple[Waiting, ...]

    @property
    def is_apart(self) -> bool:
        return self.backend == "elasticsearch"

    @property
    def lag(self) -> timedelta:
        if not self.is_apart:
            return timedelta()
        return max((one.oldest for one in self.databases), default=timedelta())

    @property
    def is_behind(self) -> bool:
        return self.lag > BEHIND_AFTER or (self.rows > 0 and self.away is not None)

    @property
    def rows(self) -> int:
        return sum(one.rows for one in self.databases)

    @property
    def parked(self) -> int:
        return sum(one.parked for one in self.databases)

    @property
    def away(self) -> Waiting | None:
        """The database whose relay has missed the index longest."""
        if not self.is_apart:
            return None
        missing = [(one.away_since, one.database, one) for one in self.databases if one.away_since]
        return min(missing)[2] if missing else None


@dataclass(frozen=True, slots=True)
class Parked:
    database: int
    seq: int
    run_id: str
    version: int
    error: str
    parked_at: datetime


@dataclass(frozen=True, slots=True)
class ParkedPage:
    rows: tuple[Parked, ...]
    next_token: str


@dataclass(frozen=True, slots=True)
class Share:
    """What the node that answered has of one database."""

    database: int
    owned: int
    cached_runs: int
    batches: int


@dataclass(frozen=True, slots=True)
class Node:
    """One engine of several; `is_here`: the one that answered."""

    address: str
    owned: int
    is_here: bool


@dataclass(frozen=True, slots=True)
class Shards:
    """`nodes` is empty where the engine is alone."""

    count: int
    databases: tuple[Share, ...]
    nodes: tuple[Node, ...]


def index() -> Index | None:
    try:
        answer = ask("DescribeIndex")
    except GatewayError as error:
        if error.trouble is Trouble.UNSUPPORTED:
            return None
        raise
    at = datetime.fromisoformat(answer["asked_at"])
    return Index(answer["backend"], at, tuple(_waiting(one) for one in answer["databases"]))


def glance() -> Index | None:
    """`index()`, or what it was a few seconds ago."""
    key = f"index:{settings.ENGINE_ADDRESS}"
    kept: tuple[Index | None] | None = cache.get(key)
    if kept is None:
        with tally.in_common():
            kept = (index(),)
        cache.set(key, kept, GLANCE_SECONDS)
    return kept[0]


def _waiting(given: dict[str, Any]) -> Waiting:
    return Waiting(
        database=int(given["database"]),
        rows=int(given["waiting"]),
        oldest=timedelta(seconds=max(given["oldest_seconds"], 0)),
        parked=int(given["parked"]),
        away_since=moment(given["away_since"]),
        why_away=given["error"] or "",
    )


def moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def parked(token: str = "") -> ParkedPage:
    answer = ask("ListParked", page_size=PARKED_PAGE_ROWS, page_token=token)
    return ParkedPage(tuple(_parked(one) for one in answer["rows"]), answer["next_page_token"])


def _parked(given: dict[str, Any]) -> Parked:
    return Parked(
        database=int(given["database"]),
        seq=int(given["seq"]),
        run_id=given["run_id"],
        version=int(given["version"]),
        error=given["error"],
        parked_at=datetime.fromisoformat(given["parked_at"]),
    )


def retry(database: int, seq: int) -> bool:
    """Whether the row was still there."""
    return bool(ask("RetryParked", database=database, seqs=[seq])["count"])


def drop(database: int, seq: int) -> bool:
    """Whether the row was still there."""
    return bool(ask("DropParked", database=database, seqs=[seq])["count"])


def shards() -> Shards:
    answer = ask("DescribeShards")
    shares = (
        Share(
            database=int(one["database"]),
            owned=int(one["owned"]),
            cached_runs=int(one["cached_runs"]),
            batches=int(one["batches_committed"]),
        )
        for one in answer["databases"]
    )
    nodes = (
        Node(address=one["address"], owned=int(one["owned"]), is_here=one["is_here"])
        for one in answer.get("nodes", ())
    )
    return Shards(int(answer["shard_count"]), tuple(shares), tuple(nodes))


def ask(method: str, **fields: Any) -> dict[str, Any]:
    request = Struct()
    request.update(fields)
    answer: dict[str, Any] = MessageToDict(call(admin_method(method), request))
    return answer
