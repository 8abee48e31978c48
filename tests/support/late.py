"""A server that does not answer some calls in time, or whose answer does not arrive.

What it is asked is done by the one behind it, or is lost on the way: who asks cannot tell.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Event
from typing import Any

import grpc
import pytest

#: What gRPC says by itself on either connection.
OWN = ("grpc-", "user-agent", "te", "content-type")
DEADLINE_SECONDS = 2


class Late(grpc.GenericRpcHandler):
    """`held` are names of RPCs; those of `lost` never reach the server behind. Of those of `broken`
    the connection breaks when they are done. `asked` is what was not answered."""

    def __init__(self, behind: grpc.Channel) -> None:
        self._behind = behind
        self.address = ""
        self.held: set[str] = set()
        self.lost: set[str] = set()
        self.broken: set[str] = set()
        self.asked: list[bytes] = []

    def service(self, asked: grpc.HandlerCallDetails) -> "grpc.RpcMethodHandler[bytes, bytes]":
        method = asked.method
        name = method.rpartition("/")[2]

        def answer(request: bytes, call: grpc.ServicerContext) -> bytes:
            said = b"" if name in self.lost else self._forwarded(method, request, call)
            if name in self.broken:
                self.asked.append(request)
                call.abort(grpc.StatusCode.UNAVAILABLE, "Socket closed")
            if name in self.held | self.lost:
                self.asked.append(request)
                over = Event()
                call.add_callback(over.set)
                over.wait()
            return said

        return grpc.unary_unary_rpc_method_handler(answer)

    def _forwarded(self, method: str, request: bytes, call: grpc.ServicerContext) -> bytes:
        metadata = [(k, v) for k, v in call.invocation_metadata() if not k.startswith(OWN)]
        forward: Any = self._behind.unary_unary(method)
        try:
            said: bytes = forward(request, timeout=call.time_remaining(), metadata=metadata)
        except grpc.RpcError as refused:
            call.abort(refused.code(), refused.details())
        return said


@contextmanager
def late_server(address: str) -> Iterator[Late]:
    with grpc.insecure_channel(address) as behind, ThreadPoolExecutor(16) as threads:
        made, server = Late(behind), grpc.server(threads)
        server.add_generic_rpc_handlers((made,))
        made.address = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
        server.start()
        try:
            yield made
        finally:
            server.stop(grace=None).wait()


@pytest.fixture
def late(engine: str, server_address: str) -> Iterator[Late]:
    with late_server(server_address) as made:
        yield made


@pytest.fixture
def through(late: Late, settings: Any) -> Callable[..., None]:
    """From now on the console asks it, or the server itself again."""
    behind, patience = settings.ENGINE_ADDRESS, settings.ENGINE_DEADLINE_SECONDS

    def go(
        *,
        late_at: set[str] | None = None,
        lost: set[str] | None = None,
        broken: set[str] | None = None,
    ) -> None:
        late.held, late.lost, late.broken = late_at or set(), lost or set(), broken or set()
        is_late = late.held or late.lost or late.broken
        settings.ENGINE_ADDRESS = late.address if is_late else behind
        settings.ENGINE_DEADLINE_SECONDS = DEADLINE_SECONDS if is_late else patience

    return go
