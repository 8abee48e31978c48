"""Where a program plays."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import grpc
from google.protobuf.message import Message
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.history.v1 import HistoryEvent
from temporalio.api.workflowservice.v1 import (
    DescribeWorkflowExecutionRequest,
    RequestCancelWorkflowExecutionRequest,
    SignalWorkflowExecutionRequest,
    TerminateWorkflowExecutionRequest,
)

from tests.features.differential import pending
from tests.features.differential.normal import Normal
from tests.support.engine import Server, detail_names
from tests.support.eventually import eventually_async
from tests.support.history import name_of
from tests.support.names import Names
from tests.support.worker import ScriptedWorker

CLOSED_WITHIN_SECONDS = 20.0


class Stage:
    """A server, and what a program needs of it. Runs that it starts are told afterwards."""

    def __init__(self, server: Server, play: str) -> None:
        self.server = server
        self.names = Names(play)
        self.queue = f"queue of {play}"
        self.worker = ScriptedWorker(server, self.queue)
        self._prefix = play
        self._runs: list[WorkflowExecution] = []
        self._notes: list[Message | str | Stage] = []

    def note(self, *words: object) -> None:
        """Something seen on the way, told before the histories."""
        self._notes.append(" ".join(map(str, words)))

    def show(self, message: Message) -> None:
        """As `note`, of what is told with ids that each server makes up."""
        self._notes.append(message)

    async def show_links(self, run: WorkflowExecution) -> None:
        """Where the events of a run lead to."""
        for event in await self.server.history(run):
            for link in event.links:
                self.note(event.event_id, name_of(event), "leads to")
                self.show(link)

    def part(self, name: str) -> Stage:
        """For what goes on beside the rest: told where it was begun, whatever came first."""
        part = Stage(self.server, f"{self._prefix}/{name}")
        self._notes.append(part)
        return part

    async def look(self, run: WorkflowExecution) -> None:
        """Note what is pending."""
        found = await self.server.workflows.DescribeWorkflowExecution(
            DescribeWorkflowExecutionRequest(namespace="default", execution=run)
        )
        for activity in found.pending_activities:
            self.note(*pending.words(activity))
        attributes = found.workflow_execution_info.search_attributes.indexed_fields
        self.note("paused:", attributes["TemporalPauseInfo"].data.decode())

    def workflow_id(self, name: str = "main") -> str:
        """The same on both servers."""
        return f"{self._prefix}/{name}"

    async def start(self, name: str = "main", **given: Any) -> WorkflowExecution:
        run = await self.server.start(self.workflow_id(name), self.queue, **given)
        self._runs.append(run)
        return run

    def also(self, workflow_id: str, run_id: str = "") -> WorkflowExecution:
        """A run that the program did not start itself."""
        run = WorkflowExecution(workflow_id=workflow_id, run_id=run_id)
        self._runs.append(run)
        return run

    async def signal(self, run: WorkflowExecution, name: str = "go", **given: Any) -> None:
        await self.server.workflows.SignalWorkflowExecution(
            SignalWorkflowExecutionRequest(
                namespace="default", workflow_execution=run, signal_name=name, **given
            )
        )

    async def cancel(self, run: WorkflowExecution) -> None:
        await self.server.workflows.RequestCancelWorkflowExecution(
            RequestCancelWorkflowExecutionRequest(
                namespace="default", workflow_execution=run, reason="enough", identity="Alice"
            )
        )

    async def terminate(self, run: WorkflowExecution) -> None:
        await self.server.workflows.TerminateWorkflowExecution(
            TerminateWorkflowExecutionRequest(
                namespace="default", workflow_execution=run, reason="enough", identity="Alice"
            )
        )

    async def until(self, run: WorkflowExecution, last: str) -> list[HistoryEvent]:
        """The run's history, once its last event is of that name."""
        return await eventually_async(
            lambda: self.server.history(run),
            lambda events: name_of(events[-1]) == last,
            within=CLOSED_WITHIN_SECONDS,
        )

    async def until_seen(self, run: WorkflowExecution, name: str, times: int = 1) -> None:
        await eventually_async(
            lambda: self.server.history(run),
            lambda events: [name_of(event) for event in events].count(name) >= times,
            within=CLOSED_WITHIN_SECONDS,
        )

    async def closed(self, run: WorkflowExecution) -> None:
        async def status() -> int:
            found = await self.server.workflows.DescribeWorkflowExecution(
                DescribeWorkflowExecutionRequest(namespace="default", execution=run)
            )
            return found.workflow_execution_info.status

        await eventually_async(status, lambda seen: seen != 1, within=CLOSED_WITHIN_SECONDS)

    async def tries(self, call: Any) -> None:
        """Note how it was answered."""
        try:
            self.note("answered", str(await call).replace("\n", " "))
        except grpc.aio.AioRpcError as refusal:
            self.note("refused", refusal.code().name, refusal.details())

    async def refused(self, call: Any) -> grpc.StatusCode:
        try:
            await call
        except grpc.aio.AioRpcError as refusal:
            return refusal.code()
        return grpc.StatusCode.OK

    async def hear(self, call: Awaitable[Message]) -> Message | None:
        """What the call answers, or how it is refused, is to be the same on both servers."""
        try:
            answer = await call
        except grpc.aio.AioRpcError as refusal:
            self._notes.append(" ".join([refusal.code().name, *detail_names(refusal)]))
            return None
        self._notes.append(answer)
        return answer

    async def told(self) -> list[str]:
        """The notes, and all histories of the play in the order that the program named the runs."""
        return await self._told(Normal())

    async def _told(self, normal: Normal) -> list[str]:
        lines: list[str] = []
        for note in self._notes:
            if isinstance(note, Stage):
                lines += await note._told(normal)
            else:
                lines.append(normal.words(note) if isinstance(note, str) else normal.message(note))
        for number, run in enumerate(self._runs, 1):
            lines.append(f"run {number}")
            lines += normal.history(await self.server.history(run))
        return lines


Program = Callable[[Stage], Coroutine[Any, Any, object]]
