"""A server that does not answer some calls in time.

What it is asked is done by the one behind it, or is lost on the way: who asks cannot tell.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Event
from typing import Any

import grpc

#: What gRPC says by itself on either connection.
OWN = ("grpc-", "user-agent", "te", "content-type")


class Late(grpc.GenericRpcHandler):
    """`held` are names of RPCs; those of `lost` never reach the server behind. `asked` is what was
    not answered."""

    def __init__(self, behind: grpc.Channel) -> None:
        self._behind = behind
        self.address = ""
        self.held: set[str] = set()
        self.lost: set[str] = set()
        self.asked: list[bytes] = []

    def service(self, asked: grpc.HandlerCallDetails) -> "grpc.RpcMethodHandler[bytes, bytes]":
        method = asked.method
        name = method.rpartition("/")[2]

        def answer(request: bytes, call: grpc.ServicerContext) -> bytes:
            said = b"" if name in self.lost else self._forwarded(method, request, call)
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
