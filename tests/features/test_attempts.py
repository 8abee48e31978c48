"""All attempts of an activity are kept, each with its failure: AdminService.ListAttempts."""

from typing import Any

import grpc
import pytest
from google.protobuf.json_format import MessageToDict
from google.protobuf.struct_pb2 import Struct
from temporalio.api.common.v1 import ActivityType, WorkflowExecution
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import StartActivityExecutionRequest

from engine.store.attempts import ATTEMPTS_KEPT_MAX
from tests.support.commands import complete, failed, retries, schedule_activity, seconds
from tests.support.engine import Server
from tests.support.eventually import eventually_async
from tests.support.names import Names
from tests.support.worker import ScriptedWorker

SCHEDULED_EVENT_ID = 5


async def attempts(server: Server, run: WorkflowExecution, **given: Any) -> dict[str, Any]:
    request = Struct()
    request.update(
        {
            "namespace": server.namespace,
            "workflow_id": run.workflow_id,
            "run_id": run.run_id,
            "scheduled_event_id": SCHEDULED_EVENT_ID,
            **given,
        }
    )
    answer = await server.channel.unary_unary(
        "/perdure.admin.v1.AdminService/ListAttempts",
        request_serializer=Struct.SerializeToString,
        response_deserializer=Struct.FromString,
    )(request)
    return MessageToDict(answer)


async def failing(
    server: Server, names: Names, *messages: str, **given: Any
) -> tuple[WorkflowExecution, ScriptedWorker]:
    queue = names.queue()
    run = await server.start(names.workflow(), queue)
    worker = ScriptedWorker(server, queue)
    given = {"retry_policy": retries(0.01), **given}
    await worker.on_task(schedule_activity("charge", queue, **given))
    for message in messages:
        await worker.on_activity(failure=failed(message, "CardRefused"))
    return run, worker


async def test_each_attempt_says_why_it_failed_the_newest_first(
    server: Server, names: Names
) -> None:
    run, _ = await failing(server, names, "no funds", "stolen card")

    rows = (await attempts(server, run))["rows"]

    assert [(row["attempt"], row["failure"]["message"]) for row in rows] == [
        (2, "stolen card"),
        (1, "no funds"),
    ]
    assert all(row["started_at"] <= row["failed_at"] <= row["retry_at"] for row in rows)
    assert {row["identity"] for row in rows} == {"scripted"}


async def test_the_attempts_of_a_closed_run_can_still_be_read(server: Server, names: Names) -> None:
    run, worker = await failing(server, names, "no funds")
    await worker.on_activity()
    await worker.on_task(complete())

    assert len((await attempts(server, run))["rows"]) == 1


async def test_an_attempt_that_timed_out_is_among_them(server: Server, names: Names) -> None:
    run, worker = await failing(server, names, start_to_close_timeout=seconds(0.2))
    await worker.poll_activity()

    found = await eventually_async(lambda: attempts(server, run), lambda page: page["rows"])

    assert found["rows"][0]["failure"]["message"] == "activity StartToClose timeout"


async def test_they_come_in_pages(server: Server, names: Names) -> None:
    run, _ = await failing(server, names, *map(str, range(1, 6)))

    seen, token = [], ""
    while True:
        page = await attempts(server, run, page_size=2, page_token=token)
        seen += [row["attempt"] for row in page["rows"]]
        token = page["next_page_token"]
        if not token:
            break

    assert seen == [5, 4, 3, 2, 1]


async def test_of_very_many_the_first_and_the_last_are_kept(server: Server, names: Names) -> None:
    count = ATTEMPTS_KEPT_MAX + 30
    run, _ = await failing(server, names, *map(str, range(1, count + 1)))

    seen, token = [], ""
    while True:
        page = await attempts(server, run, page_token=token)
        seen += [int(row["attempt"]) for row in page["rows"]]
        token = page["next_page_token"]
        if not token:
            break

    assert len(seen) == ATTEMPTS_KEPT_MAX
    assert seen[:2] == [count, count - 1]
    assert seen[-20:] == list(range(20, 0, -1))


async def test_a_run_that_is_unknown_is_not_found(server: Server, names: Names) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await attempts(server, WorkflowExecution(workflow_id=names.workflow()))

    assert refused.value.code() == grpc.StatusCode.NOT_FOUND


async def test_a_pending_activity_can_be_asked_for_by_its_own_id(
    server: Server, names: Names
) -> None:
    run, worker = await failing(server, names, "no funds")

    by_id = await attempts(server, run, scheduled_event_id=0, activity_id="charge")
    assert [row["failure"]["message"] for row in by_id["rows"]] == ["no funds"]

    await worker.on_activity()
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await attempts(server, run, scheduled_event_id=0, activity_id="charge")
    assert refused.value.code() == grpc.StatusCode.NOT_FOUND
    with pytest.raises(grpc.aio.AioRpcError) as neither:
        await attempts(server, run, scheduled_event_id=0)
    assert neither.value.code() == grpc.StatusCode.INVALID_ARGUMENT


async def test_a_standalone_activity_is_asked_for_by_its_id_alone_also_when_it_has_ended(
    server: Server, names: Names
) -> None:
    worker, name = ScriptedWorker(server, names.queue()), names.workflow("charge")
    await server.workflows.StartActivityExecution(
        StartActivityExecutionRequest(
            namespace=server.namespace,
            activity_id=name,
            request_id=name,
            activity_type=ActivityType(name="Charge"),
            task_queue=TaskQueue(name=worker.queue),
            start_to_close_timeout=seconds(30),
            retry_policy=retries(0.01),
        )
    )
    for message in ("no funds", "stolen card"):
        await worker.on_activity(failure=failed(message, "CardRefused"))
    await worker.on_activity()

    nobody, whose = WorkflowExecution(), {"scheduled_event_id": 0, "activity_id": name}
    found = await attempts(server, nobody, **whose, page_size=1)
    earlier = await attempts(server, nobody, **whose, page_token=found["next_page_token"])

    assert [row["failure"]["message"] for row in found["rows"]] == ["stolen card"]
    assert [row["failure"]["message"] for row in earlier["rows"]] == ["no funds"]
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await attempts(server, nobody, scheduled_event_id=0, activity_id="no such")
    assert refused.value.code() == grpc.StatusCode.NOT_FOUND
