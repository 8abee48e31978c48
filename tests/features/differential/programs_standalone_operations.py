"""Standalone Nexus operations: how they begin, are answered, and end."""

from __future__ import annotations

import asyncio
import re
from typing import Any

from temporalio.api.enums.v1 import NexusOperationIdConflictPolicy as Conflict
from temporalio.api.enums.v1 import NexusOperationIdReusePolicy as Reuse
from temporalio.api.enums.v1 import NexusOperationWaitStage as Stages
from temporalio.api.failure.v1 import CanceledFailureInfo, Failure
from temporalio.api.nexus.v1 import Response
from temporalio.api.sdk.v1 import UserMetadata

from tests.features.differential.stage import Stage
from tests.support.commands import complete, failed, seconds, text
from tests.support.eventually import eventually_async
from tests.support.handlers import ScriptedHandler, canceled, ended_with, started, sync
from tests.support.solo import NOWHERE, Solo
from tests.support.worker import ScriptedWorker

_LONG = "x" * 1_001
_CANCEL, _TERMINATE = "RequestCancelNexusOperationExecution", "TerminateNexusOperationExecution"
STARTED = Stages.NEXUS_OPERATION_WAIT_STAGE_STARTED


class _Operation(Solo):
    """With a handler of its own."""

    def __init__(self, stage: Stage, name: str = "main") -> None:
        super().__init__(stage, name)
        endpoint = "endpoint-" + re.sub(r"[^a-z0-9]+", "-", self.id.lower()).strip("-")
        self.handler = ScriptedHandler(stage.server, f"{self.queue} of handlers", endpoint)
        self._is_there = False

    async def begin(self, **given: Any) -> Any:
        if not self._is_there:
            await self.handler.begin()
            self._is_there = True
        named = {"endpoint": self.handler.endpoint, "service": "payments", "operation": "charge"}
        return await self.call("StartNexusOperationExecution", identity="caller", **(named | given))

    async def seen(self, **given: Any) -> Any:
        """Note all that is known of it."""
        asked = {"include_input": True, "include_outcome": True, **given}
        return await self.hear("DescribeNexusOperationExecution", **asked)

    async def until(self, what: Any) -> None:
        """The handler's answer has arrived."""
        await eventually_async(
            lambda: self.call("DescribeNexusOperationExecution"), lambda seen: what(seen.info)
        )

    async def ends(self, response: Response) -> None:
        await self.handler.on_request(response)
        await self.until(lambda info: info.HasField("close_time"))
        await self.seen()
        await self.hear("PollNexusOperationExecution")

    async def starts(self) -> None:
        await self.handler.on_request(started())
        await self.until(lambda info: info.operation_token)


async def it_ends_at_once(stage: Stage) -> None:
    operation = _Operation(stage)
    begun = await operation.begin(
        input=text(1).payloads[0],
        nexus_header={"Tenant": "t"},
        user_metadata=UserMetadata(summary=text("what").payloads[0]),
        schedule_to_close_timeout=seconds(60),
        schedule_to_start_timeout=seconds(50),
        start_to_close_timeout=seconds(90),
    )
    stage.note(begun.started)
    await operation.seen()
    await operation.hear("DescribeNexusOperationExecution")
    await operation.ends(sync(text("paid")))
    await operation.hear("PollNexusOperationExecution", wait_stage=STARTED)
    await operation.tries(_CANCEL)
    await operation.tries(_TERMINATE)
    await operation.tries("DeleteNexusOperationExecution")
    await operation.seen()


async def it_fails(stage: Stage) -> None:
    for name, failure in (
        ("failed", failed("no money", "NoMoney", non_retryable=True)),
        ("canceled", Failure(message="not wanted", canceled_failure_info=CanceledFailureInfo())),
    ):
        operation = _Operation(stage, name)
        await operation.begin()
        await operation.ends(ended_with(failure))


async def its_handler_refuses_for_good(stage: Stage) -> None:
    operation = _Operation(stage)
    await operation.begin()
    await operation.handler.refuse(await operation.handler.poll(), "BAD_REQUEST", "what is that?")
    await operation.until(lambda info: info.HasField("close_time"))
    await operation.seen()


async def its_handler_is_asked_again(stage: Stage) -> None:
    operation = _Operation(stage)
    await operation.begin()
    await operation.handler.refuse(await operation.handler.poll(), "INTERNAL", "not now")
    await operation.until(lambda info: info.HasField("last_attempt_failure"))
    await operation.seen()
    await operation.ends(sync())


async def the_run_behind_it_ends(stage: Stage) -> None:
    operation = _Operation(stage)
    await operation.begin()
    news = asyncio.ensure_future(operation.hear("PollNexusOperationExecution", wait_stage=STARTED))
    task = await operation.handler.poll()
    asked = task.request.start_operation
    stage.note(len(asked.links), asked.links[0].type)
    behind = f"{stage.queue} behind"
    await operation.handler.start_run(asked, stage.workflow_id("behind"), behind)
    await operation.handler.answer(task, started())
    await news
    await operation.seen()
    await ScriptedWorker(stage.server, behind).on_task(complete(text("paid")))
    await operation.until(lambda info: info.HasField("close_time"))
    await operation.seen()
    await operation.hear("PollNexusOperationExecution")


async def it_is_cancelled(stage: Stage) -> None:
    operation = _Operation(stage)
    await operation.begin()
    await operation.starts()
    await operation.tries(_CANCEL, reason="enough", identity="Alice", request_id="one")
    await operation.seen()
    for request_id in ("one", "two"):
        await operation.tries(_CANCEL, request_id=request_id)
    await operation.handler.on_request(canceled())
    await operation.until(
        lambda info: info.cancellation_info.HasField("last_attempt_complete_time")
    )
    await operation.seen()
    given = {"reason": "no more", "identity": "Alice"}
    await operation.tries(_TERMINATE, request_id="one", **given)
    await operation.seen()
    await operation.hear("PollNexusOperationExecution")
    for request_id in ("one", "two"):
        await operation.tries(_TERMINATE, request_id=request_id, **given)
    await operation.tries(_CANCEL, request_id="three")


async def its_cancellation_waits_for_its_start_and_is_refused(stage: Stage) -> None:
    operation = _Operation(stage)
    await operation.begin()
    await operation.tries(_CANCEL, reason="enough")
    await operation.seen()
    await operation.starts()
    await operation.handler.refuse(await operation.handler.poll(), "BAD_REQUEST", "never")
    await operation.until(lambda info: info.cancellation_info.HasField("last_attempt_failure"))
    await operation.seen()
    await operation.tries(_TERMINATE)


async def it_is_not_ended_in_time(stage: Stage) -> None:
    operation = _Operation(stage)
    await operation.begin(start_to_close_timeout=seconds(1))
    await operation.starts()
    await operation.hear("PollNexusOperationExecution")
    await operation.seen()


async def it_is_started_twice(stage: Stage) -> None:
    operation = _Operation(stage)

    async def again(request_id: str, **given: Any) -> None:
        await stage.hear(operation.begin(request_id=request_id, **given))

    await again("one")
    await again("one")
    await again("two", id_conflict_policy=Conflict.NEXUS_OPERATION_ID_CONFLICT_POLICY_USE_EXISTING)
    await again("three")
    await operation.tries(_TERMINATE)
    reuse = Reuse.NEXUS_OPERATION_ID_REUSE_POLICY_REJECT_DUPLICATE
    await again("four", id_reuse_policy=reuse)
    failed_only = Reuse.NEXUS_OPERATION_ID_REUSE_POLICY_ALLOW_DUPLICATE_FAILED_ONLY
    await again("five", id_reuse_policy=failed_only)
    await operation.tries("DeleteNexusOperationExecution")


async def they_are_counted_and_listed(stage: Stage) -> None:
    operation = _Operation(stage)
    await operation.begin()
    of_play = f"Endpoint = '{operation.handler.endpoint}'"

    async def count(query: str) -> Any:
        return await operation.call("CountNexusOperationExecutions", query=query)

    await eventually_async(lambda: count(of_play), lambda seen: seen.count)
    for query in (
        "Service = 'payments'",
        "Operation = 'charge'",
        f"OperationId = '{operation.id}'",
        "ExecutionStatus = 'Running'",
        "ExecutionStatus = 'Failed'",
    ):
        stage.note(query, (await count(f"{of_play} AND {query}")).count)
    stage.note(str(await count(f"{of_play} GROUP BY ExecutionStatus")))
    found = await operation.call("ListNexusOperationExecutions", query=of_play)
    for row in found.operations:
        # The official server shows where it keeps them.
        row.ClearField("search_attributes")
    await stage.hear(_told(found))
    await operation.tries(_TERMINATE)


async def _told(found: Any) -> Any:
    return found


async def bad_starts_are_refused(stage: Stage) -> None:
    operation = _Operation(stage)
    await operation.begin()
    for given in (
        {"operation_id": ""},
        {"operation_id": _LONG},
        {"endpoint": ""},
        {"endpoint": "nowhere"},
        {"service": ""},
        {"service": _LONG},
        {"operation": ""},
        {"operation": _LONG},
        {"request_id": _LONG},
        {"schedule_to_close_timeout": seconds(-1)},
        {"nexus_header": {"request-timeout": "1"}},
        {"nexus_header": {"a": "x" * 9_000}},
        {"input": text("x" * 2_200_000).payloads[0]},
        {"user_metadata": UserMetadata(summary=text("x" * 500).payloads[0])},
    ):
        await stage.tries(operation.begin(**given))
    await operation.tries(_TERMINATE)


async def bad_questions_are_refused(stage: Stage) -> None:
    operation = _Operation(stage)
    for rpc in ("Describe", "Poll", "RequestCancel", "Terminate", "Delete"):
        for given in (
            {"operation_id": ""},
            {"operation_id": "nobody"},
            {"operation_id": _LONG},
            {"operation_id": "nobody", "run_id": "bad"},
            {"operation_id": "nobody", "run_id": NOWHERE},
        ):
            await operation.tries(f"{rpc}NexusOperationExecution", **given)
    for rpc in (_CANCEL, _TERMINATE):
        for given in ({"identity": _LONG}, {"request_id": _LONG}, {"reason": _LONG}):
            await operation.tries(rpc, **given)
    token = {"operation_id": "nobody", "long_poll_token": b"bad"}
    await operation.tries("DescribeNexusOperationExecution", **token)
    await operation.tries("PollNexusOperationExecution", wait_stage=9)
