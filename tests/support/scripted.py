"""The scripted worker for sync tests: the same words, each waits for its end."""

from collections.abc import Iterator
from contextlib import contextmanager

from temporalio.api.command.v1 import Command
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.enums.v1 import WorkflowTaskFailedCause
from temporalio.api.failure.v1 import Failure
from temporalio.api.workflowservice.v1 import (
    PollActivityTaskQueueResponse,
    PollWorkflowTaskQueueResponse,
)

from console.gateway.runs import RunKey
from tests.support.engine import Server
from tests.support.handlers import ScriptedHandler
from tests.support.programs import Program
from tests.support.worker import ScriptedWorker


class Scripted:
    """One queue's worker; it polls only when it is told to."""

    def __init__(self, program: Program, server: Server, queue: str) -> None:
        self._program = program
        self._server = server
        self._worker = ScriptedWorker(server, queue, identity=f"scripted-{queue}")
        self.queue = queue

    def start(self, workflow_id: str, **given: object) -> RunKey:
        started = self._program.wait(self._server.start(workflow_id, self.queue, **given))
        return RunKey(self._server.namespace, workflow_id, started.run_id)

    def handler(self, queue: str, endpoint: str) -> ScriptedHandler:
        return ScriptedHandler(self._server, queue, endpoint)

    def on_task(self, *commands: Command) -> None:
        self._program.wait(self._worker.on_task(*commands))

    def poll(self) -> PollWorkflowTaskQueueResponse:
        return self._program.wait(self._worker.poll())

    def answer(self, task: PollWorkflowTaskQueueResponse, **given: object) -> None:
        self._program.wait(self._worker.answer(task, **given))

    def fail_task(self, cause: WorkflowTaskFailedCause.ValueType, message: str) -> None:
        self._program.wait(self._worker.fail_task(self.poll(), cause, message))

    def poll_activity(self, within: float = 10) -> PollActivityTaskQueueResponse:
        return self._program.wait(self._worker.poll_activity(within))

    def on_activity(self, failure: Failure) -> None:
        self._program.wait(self._worker.on_activity(failure=failure))

    def history_length(self, key: RunKey) -> int:
        run = WorkflowExecution(workflow_id=key.workflow_id, run_id=key.run_id)
        return len(self._program.wait(self._server.history(run)))


@contextmanager
def stubs(program: Program, address: str, kind: str) -> Iterator[Server]:
    """Of the server, in the program's own loop."""

    async def make() -> Server:
        return Server(address, kind)

    server = program.wait(make())
    try:
        yield server
    finally:
        program.wait(server.channel.close())
