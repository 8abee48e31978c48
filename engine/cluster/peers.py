"""Node to node, by gRPC: calls of clients that are another node's, and messages of our own.

    perdure.peers.v1.Peers/Tell      what concerns task queues and workers (`messages.py`)
                          /Carry     a message from run to run
                          /Attend    whether a queue has pollers
                          /Reread    namespaces have changed
                          /Workers   the heartbeats that a node keeps
                          /Polled    the queues that somebody asked a node for
                          /Greet     nothing: whether both have the same secret

Bytes in, bytes out; a node that cannot do it now answers UNAVAILABLE. Every call carries a word
made from CLUSTER_SECRET, and a call without it is refused. It proves who calls; it hides nothing:
the network between the nodes is to be a private one.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import logging
from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import Any

import grpc

from engine.errors import EngineError, PermissionDenied, Unavailable
from engine.ports import Headers

log = logging.getLogger(__name__)

SERVICE = "perdure.peers.v1.Peers"
WORD_HEADER = "perdure-peer"
#: Longer than any batch or message from run to run takes on a node that lives.
ANSWER_SECONDS_MAX = 10.0
# A node that comes back is found at once; one whose network is cut is noticed.
_OPTIONS = [
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 1_000),
    ("grpc.max_reconnect_backoff_ms", 1_000),
    ("grpc.keepalive_time_ms", 10_000),
    ("grpc.keepalive_timeout_ms", 5_000),
    ("grpc.http2.max_pings_without_data", 0),
    ("grpc.max_receive_message_length", -1),
    ("grpc.max_send_message_length", -1),
]

# What grpc makes of a node that ends in the middle of a call; none of ours answers so.
_BROKEN = (grpc.StatusCode.CANCELLED, grpc.StatusCode.UNKNOWN)

Answer = Callable[[bytes], Awaitable[bytes]]


class Peers:
    def __init__(self, secret: str) -> None:
        self._word = hmac.digest(secret.encode(), SERVICE.encode(), hashlib.sha256).hex()
        self._channels: dict[str, grpc.aio.Channel] = {}
        self._closing: set[asyncio.Task[None]] = set()

    def knows(self, headers: Mapping[str, str | bytes]) -> bool:
        """Refused where the caller says that it is a node and is not: it would forward for ever."""
        word = headers.get(WORD_HEADER)
        if word is None:
            return False
        if not hmac.compare_digest(str(word).encode(), self._word.encode()):
            raise PermissionDenied("a node with another CLUSTER_SECRET has called")
        return True

    async def call(
        self,
        node: str,
        method: str,
        request: bytes,
        seconds: float | None,
        headers: Headers = (),
    ) -> bytes:
        """The answer of `/service/method` there; its refusals are grpc's AioRpcError."""
        calling = self._channel(node).unary_unary(method, None, None)(
            request, timeout=seconds, metadata=(*headers, (WORD_HEADER, self._word))
        )
        try:
            answer: bytes = await calling
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                calling.cancel()
                raise
            # Not our caller's doing: the channel was closed, as the node is gone.
            raise Unavailable(f"node {node} is gone") from None
        except grpc.aio.AioRpcError as trouble:
            if trouble.code() in _BROKEN:
                raise Unavailable(f"node {node} broke off: {trouble.details()}") from trouble
            raise
        return answer

    async def ask(self, node: str, name: str, request: bytes) -> bytes:
        """One of our own messages; whatever goes wrong may pass."""
        try:
            return await self.call(node, f"/{SERVICE}/{name}", request, ANSWER_SECONDS_MAX)
        except grpc.aio.AioRpcError as trouble:
            raise Unavailable(f"node {node} does not answer: {trouble.details()}") from trouble

    async def is_stranger(self, node: str) -> bool:
        """Whether it refuses our word. One that does not answer is no stranger."""
        try:
            await self.call(node, f"/{SERVICE}/Greet", b"", ANSWER_SECONDS_MAX)
        except grpc.aio.AioRpcError as trouble:
            return trouble.code() == grpc.StatusCode.PERMISSION_DENIED
        return False

    def _channel(self, node: str) -> grpc.aio.Channel:
        channel = self._channels.get(node)
        if channel is None:
            channel = self._channels[node] = grpc.aio.insecure_channel(node, options=_OPTIONS)
        return channel

    def keep_only(self, nodes: Collection[str]) -> None:
        """Calls under way to others end at once: nobody is there to answer them."""
        for node in [node for node in self._channels if node not in nodes]:
            self._close(self._channels.pop(node))

    def _close(self, channel: grpc.aio.Channel) -> None:
        closing = asyncio.get_running_loop().create_task(channel.close(None))
        self._closing.add(closing)
        closing.add_done_callback(self._closing.discard)

    async def end(self) -> None:
        self.keep_only(())
        await asyncio.gather(*self._closing)


def handler(peers: Peers, answers: Mapping[str, Answer]) -> grpc.GenericRpcHandler[Any, Any]:
    methods: dict[str, grpc.RpcMethodHandler[Any, Any]] = {
        name: grpc.unary_unary_rpc_method_handler(_guarded(name, answer, peers))
        for name, answer in answers.items()
    }
    return grpc.method_handlers_generic_handler(SERVICE, methods)


def _guarded(name: str, answer: Answer, peers: Peers) -> Callable[..., Awaitable[bytes]]:
    async def called(request: bytes, context: grpc.aio.ServicerContext[Any, Any]) -> bytes:
        try:
            if peers.knows(dict(context.invocation_metadata() or ())):
                return await answer(request)
            await context.abort(grpc.StatusCode.PERMISSION_DENIED, "only nodes may call this")
        except PermissionDenied as stranger:
            await context.abort(grpc.StatusCode.PERMISSION_DENIED, stranger.message)
        except EngineError as refusal:
            await context.abort(grpc.StatusCode.UNAVAILABLE, refusal.message)
        except Exception:
            log.exception("%s failed", name)
            await context.abort(grpc.StatusCode.INTERNAL, f"{name} failed; the log says why")
        raise AssertionError("abort raises")

    return called
