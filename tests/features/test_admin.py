"""AdminService, beside the protocol: the index, what it refused, the shards."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import grpc
import psycopg
import pytest
from google.protobuf.empty_pb2 import Empty
from google.protobuf.json_format import MessageToDict
from google.protobuf.struct_pb2 import Struct

from search import outbox
from search.postgres import table
from search.records import decode
from tests.support.commands import schedule_activity
from tests.support.engine import Server, engine_on
from tests.support.eventually import eventually_async
from tests.support.parked import park
from tests.support.postgres import fresh_database
from tests.support.visibility import MINUTE, NOON, a_record
from tests.support.worker import ScriptedWorker

PREFIX = "/perdure.admin.v1.AdminService/"


@dataclass
class Admin:
    """An engine over two databases of its own, and its AdminService."""

    server: Server
    databases: list[str]

    async def call(self, method: str, **fields: Any) -> dict[str, Any]:
        request = Struct()
        request.update(fields)
        answer = await self.server.channel.unary_unary(
            PREFIX + method,
            request_serializer=Struct.SerializeToString,
            response_deserializer=Struct.FromString,
        )(request)
        return MessageToDict(answer)

    async def refused(self, method: str, **fields: Any) -> tuple[grpc.StatusCode, str]:
        with pytest.raises(grpc.aio.AioRpcError) as refusal:
            await self.call(method, **fields)
        return refusal.value.code(), refusal.value.details() or ""


@pytest.fixture
async def admin(postgres_url: str) -> AsyncIterator[Admin]:
    with fresh_database(postgres_url) as first, fresh_database(postgres_url) as second:
        async with engine_on(f"{first},{second}") as address:
            yield Admin(Server(address, "perdure"), [first, second])


async def test_an_index_that_is_away_says_since_when_and_what_waits(admin: Admin) -> None:
    async with await psycopg.AsyncConnection.connect(admin.databases[1]) as connection:
        await outbox.append(connection, [(1, a_record())], NOON)
    with psycopg.connect(admin.databases[1]) as relay:
        outbox.postpone(relay, "connection refused", NOON + MINUTE)

    found = await admin.call("DescribeIndex")

    well, behind = found["databases"]
    assert found["backend"] == "postgresql"
    assert (well["waiting"], well["oldest_seconds"], well["away_since"]) == (0, 0, None)
    assert (behind["database"], behind["waiting"]) == (1, 1)
    assert behind["oldest_seconds"] > 60
    assert (behind["away_since"], behind["error"]) == (
        (NOON + MINUTE).isoformat(),
        "connection refused",
    )


async def test_an_empty_message_is_a_request_too(admin: Admin) -> None:
    call = admin.server.channel.unary_unary(
        f"{PREFIX}DescribeIndex",
        request_serializer=Empty.SerializeToString,
        response_deserializer=Struct.FromString,
    )

    assert MessageToDict(await call(Empty()))["backend"] == "postgresql"


async def test_parked_rows_are_listed_a_page_at_a_time_over_all_databases(admin: Admin) -> None:
    for number, database in enumerate(admin.databases):
        park(database, f"a-{number}", f"b-{number}", error="a value is too long")

    first = await admin.call("ListParked", page_size=3)
    last = await admin.call("ListParked", page_size=3, page_token=first["next_page_token"])

    rows = first["rows"] + last["rows"]
    assert [(row["database"], row["run_id"]) for row in rows] == [
        (0, "a-0"),
        (0, "b-0"),
        (1, "a-1"),
        (1, "b-1"),
    ]
    assert rows[0]["error"] == "a value is too long"
    assert rows[0]["parked_at"] == NOON.isoformat()
    assert last["next_page_token"] == ""


async def test_a_parked_row_tried_again_is_what_the_run_is_now(admin: Admin) -> None:
    database = admin.databases[1]
    seq, of_gone = park(database, "run-1", "gone")
    async with await psycopg.AsyncConnection.connect(database) as connection:
        await table.upsert(connection, [a_record("run-1", version=7, status="Completed")])

    answer = await admin.call("RetryParked", database=1, seqs=[seq, of_gone])

    with psycopg.connect(database) as relay:
        claimed = [decode(row.record) for row in outbox.claim(relay, NOON).rows]
    assert answer == {"count": 2}
    assert [(record.run_id, record.version) for record in claimed] == [("run-1", 7)]
    assert (await admin.call("ListParked"))["rows"] == []


async def test_a_dropped_row_is_gone_and_cannot_be_dropped_again(admin: Admin) -> None:
    seq, other = park(admin.databases[0], "run-1", "run-2")

    assert await admin.call("DropParked", database=0, seqs=[seq]) == {"count": 1}
    assert await admin.call("DropParked", database=0, seqs=[seq]) == {"count": 0}

    assert [row["seq"] for row in (await admin.call("ListParked"))["rows"]] == [other]


async def test_the_next_times_of_a_schedule_that_is_not_made_yet(admin: Admin) -> None:
    spec = {"cronString": ["0 9 1 1 *"], "timezoneName": "Europe/Berlin"}
    answer = await admin.call("PreviewSchedule", spec=spec, count=3)

    assert [time[4:] for time in answer["times"]] == ["-01-01T08:00:00+00:00"] * 3
    assert len({time[:4] for time in answer["times"]}) == 3
    assert (await admin.call("PreviewSchedule", spec={}))["times"] == []


async def test_the_shards_are_those_of_this_node(admin: Admin) -> None:
    async def owned() -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = (await admin.call("DescribeShards"))["databases"]
        return found

    await eventually_async(owned, lambda found: [one["owned"] for one in found] == [4, 4])
    await admin.server.start("workflow-1", "queue-1")
    found = await admin.call("DescribeShards")

    assert found["shard_count"] == 8
    assert sum(one["cached_runs"] for one in found["databases"]) == 1
    assert sum(one["batches_committed"] for one in found["databases"]) >= 1


async def test_the_queues_of_activities_are_told_whether_work_waits_there_or_workers_do(
    admin: Admin,
) -> None:
    server, idle = admin.server, ScriptedWorker(admin.server, "for-receipts")
    names = ["charges", *(f"charges-{n}" for n in range(4))]
    for number in range(4):
        worker = ScriptedWorker(server, f"orders-{number}")
        await server.start(f"order-{number}", worker.queue)
        await worker.on_task(
            schedule_activity("a", names[0]), schedule_activity("b", names[number + 1])
        )
    await idle.poll_activity(1)

    found = await admin.call("ListActivityQueues", namespace="default")
    elsewhere = await admin.call("ListActivityQueues", namespace="perdure-system")

    assert found == {"names": [*names, "for-receipts"], "is_all": True}
    assert elsewhere == {"names": [], "is_all": True}
    assert (await admin.refused("ListActivityQueues", namespace="nowhere"))[0] is (
        grpc.StatusCode.NOT_FOUND
    )


async def test_a_node_that_is_alone_names_no_others(admin: Admin) -> None:
    assert (await admin.call("DescribeShards"))["nodes"] == []


@pytest.mark.parametrize(
    ("method", "fields", "says"),
    [
        ("RetryParked", {"database": 2, "seqs": [1]}, "there is no database 2"),
        ("RetryParked", {"database": 0, "seqs": []}, "seqs"),
        ("DropParked", {"database": 0, "seqs": [1.5]}, "seqs"),
        ("DropParked", {"seqs": [1]}, "database"),
        ("DropParked", {"database": 0, "seqs": [1], "all": True}, "all"),
        ("ListActivityQueues", {}, "namespace"),
        ("ListParked", {"page_size": 0}, "page_size"),
        ("ListParked", {"page_token": "elsewhere"}, "page_token"),
    ],
)
async def test_what_cannot_be_meant_is_refused(
    admin: Admin, method: str, fields: dict[str, Any], says: str
) -> None:
    code, message = await admin.refused(method, **fields)

    assert code is grpc.StatusCode.INVALID_ARGUMENT
    assert says in message
