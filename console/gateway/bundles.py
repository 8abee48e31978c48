"""Many calls in one message, where the server is our own.

    hand ──▶ waiting ──▶ a message, three at most under way ──▶ ExecuteMany ──▶ each hand its answer

A hand calls as it always does and waits for its own answer; what others have asked for by the time
that a message may go, goes with it. Elsewhere each call goes alone.
"""

import threading
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future
from functools import partial
from typing import Any

import grpc
from google.protobuf.message import Message
from temporalio.api import workflowservice
from temporalio.api.common.v1 import Payload, Payloads

from console.gateway import channel

#: A message holds up the engine for as long as its calls take, so they are not too many.
CALLS_MAX = 16
UNDER_WAY_MAX = 3
DEADLINE_SECONDS = 10.0
#: What the server takes in such a message.
SUITED = frozenset(
    {
        "DeleteActivityExecution",
        "DeleteNexusOperationExecution",
        "DeleteWorkflowExecution",
        "PauseActivity",
        "PauseWorkflowExecution",
        "PauseActivityExecution",
        "RequestCancelActivityExecution",
        "RequestCancelNexusOperationExecution",
        "RequestCancelWorkflowExecution",
        "ResetActivity",
        "ResetActivityExecution",
        "SignalWorkflowExecution",
        "TerminateActivityExecution",
        "TerminateNexusOperationExecution",
        "TerminateWorkflowExecution",
        "UnpauseActivity",
        "UnpauseWorkflowExecution",
        "UnpauseActivityExecution",
        "UpdateActivityExecutionOptions",
        "UpdateActivityOptions",
    }
)
CODES = {code.value[0]: code for code in grpc.StatusCode}
#: The answer is None where the call is to go alone.
Waiting = tuple[str, bytes, "Future[Message | None]"]


class Refused(grpc.RpcError):
    """One of many, as it would have come alone."""

    def __init__(self, answer: Payload) -> None:
        super().__init__()
        self._answer = answer

    def code(self) -> grpc.StatusCode:
        return CODES[int(self._answer.metadata["code"])]

    def details(self) -> str:
        return self._answer.metadata["message"].decode()


class Bundle:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: deque[Waiting] = deque()
        self._under_way = 0
        self._goes_alone = False

    def carry(self, request: Message) -> Message | None:
        """Raises grpc.RpcError as the call itself would. None: it is to go alone."""
        name = type(request).__name__.removesuffix("Request")
        if self._goes_alone or name not in SUITED:
            return None
        answer: Future[Message | None] = Future()
        with self._lock:
            self._waiting.append((name, request.SerializeToString(), answer))
        self._send()
        return answer.result()

    def _send(self) -> None:
        with self._lock:
            if self._under_way == UNDER_WAY_MAX or not self._waiting:
                return
            some = [self._waiting.popleft() for _ in range(min(CALLS_MAX, len(self._waiting)))]
            self._under_way += 1
        asked = Payloads(
            payloads=[
                Payload(metadata={"rpc": name.encode()}, data=request) for name, request, _ in some
            ]
        )
        under_way = channel.many_method().future(
            asked, timeout=DEADLINE_SECONDS, metadata=channel.WHO
        )
        under_way.add_done_callback(partial(self._came, some))

    def _came(self, some: Sequence[Waiting], ended: Any) -> None:
        """In a thread of the channel."""
        with self._lock:
            self._under_way -= 1
        self._send()
        try:
            answers: Payloads = ended.result()
        except grpc.RpcError as error:
            self._refuse(some, error)
            return
        for (name, _, future), answer in zip(some, answers.payloads, strict=True):
            if answer.metadata["code"] == b"0":
                shape: type[Message] = getattr(workflowservice.v1, f"{name}Response")
                future.set_result(shape.FromString(answer.data))
            else:
                future.set_exception(Refused(answer))

    def _refuse(self, some: Sequence[Waiting], error: Any) -> None:
        if error.code() is grpc.StatusCode.UNIMPLEMENTED:
            self._goes_alone = True
            for _, _, future in some:
                future.set_result(None)
            return
        for _, _, future in some:
            future.set_exception(error)
