"""This node among the others: who owns what, and how to reach them. It is `ports.Cluster`."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping

import msgspec
from temporalio.api.worker.v1 import WorkerHeartbeat

from engine.clock import Clock
from engine.cluster import messages
from engine.cluster.claims import Claims
from engine.cluster.lines import Line
from engine.cluster.membership import Membership
from engine.cluster.peers import Answer, Peers
from engine.cluster.view import View
from engine.config import CannotServe
from engine.core.keys import QueueKey, RunKey, shard_of
from engine.ports import Attendance, Headers, Member

_encode = msgspec.msgpack.Encoder().encode
_queue = msgspec.msgpack.Decoder(QueueKey).decode
_attendance = msgspec.msgpack.Decoder(Attendance).decode
_whom = msgspec.msgpack.Decoder(tuple[str, str | None]).decode
_which = msgspec.msgpack.Decoder(tuple[str, str]).decode
_beats = msgspec.msgpack.Decoder(list[bytes]).decode


class Node:
    def __init__(
        self, membership: Membership, peers: Peers, shard_count: int, clock: Clock
    ) -> None:
        self.here = membership.here
        self.claims = Claims(self.here, clock)
        self.membership = membership
        self.peers = peers
        self._shard_count = shard_count
        self._lines: dict[str, Line] = {}
        self._listeners: list[Callable[[], None]] = []
        membership.on_change = self._adopt

    # -- who owns what

    @property
    def view(self) -> View:
        return self.membership.view

    def of_shard(self, shard_id: int) -> str:
        return self.view.shard_owners[shard_id]

    def of_run(self, key: RunKey) -> str:
        shard_id = shard_of(key.namespace_id, key.workflow_id, self._shard_count)
        return self.view.shard_owners[shard_id]

    def of_queue(self, queue: QueueKey) -> str:
        return self.view.of_queue(queue)

    def lives(self, node: str) -> bool:
        return node in self.view.nodes

    def members(self) -> list[Member]:
        rows = self.membership.rows
        return [
            Member(address=row.address, owned=row.owned, is_here=row.address == self.here)
            for row in rows
        ]

    def on_change(self, listener: Callable[[], None]) -> None:
        self._listeners.append(listener)

    def _adopt(self, view: View) -> None:
        self.peers.keep_only(view.nodes)
        for node in [node for node in self._lines if node not in view.nodes]:
            self._lines.pop(node).end()
        for listener in self._listeners:
            listener()

    # -- to the others

    async def forward(
        self, node: str, method: str, request: bytes, seconds: float | None, headers: Headers
    ) -> bytes:
        return await self.peers.call(node, method, request, seconds, headers)

    def tell(self, node: str, message: messages.Told) -> None:
        """It will be heard there, unless the node goes first."""
        if node not in self.view.nodes:
            return
        line = self._lines.get(node)
        if line is None:

            async def send(batch: list[messages.Told]) -> None:
                await self.peers.ask(node, "Tell", messages.encode(batch))

            line = self._lines[node] = Line(send)
        line.put(message)

    def tell_all(self, message: messages.Told) -> None:
        for node in self.view.nodes:
            if node != self.here:
                self.tell(node, message)

    async def carry(self, node: str, delivery: bytes) -> bytes:
        return await self.peers.ask(node, "Carry", delivery)

    async def attendance(self, node: str, queue: QueueKey) -> Attendance:
        return _attendance(await self.peers.ask(node, "Attend", _encode(queue)))

    async def workers(self, node: str, namespace_id: str, instance: str | None) -> list[bytes]:
        """The heartbeats that it keeps of a namespace's workers, or of one worker."""
        return _beats(await self.peers.ask(node, "Workers", _encode((namespace_id, instance))))

    async def make_others_read(self) -> None:
        """The namespaces; one that does not answer is not waited for long."""
        others = [node for node in self.view.nodes if node != self.here]
        asked = (self.peers.ask(node, "Reread", b"") for node in others)
        await asyncio.gather(*asked, return_exceptions=True)

    # -- from the others

    def is_peer(self, headers: Mapping[str, str | bytes]) -> bool:
        return self.peers.knows(headers)

    # -- its life

    async def enter(self) -> None:
        """From here on this node takes its part; refused where the others have another secret."""
        for node in await self.membership.others():
            if await self.peers.is_stranger(node):
                raise CannotServe(
                    f"the node at {node} has another CLUSTER_SECRET: give the same one to all nodes"
                )
        await self.membership.enter()

    @property
    def is_alone(self) -> bool:
        return self.view.nodes == (self.here,)

    async def end(self) -> None:
        """After `membership.leave`, and when nothing is under way any more."""
        for line in self._lines.values():
            line.end()
        await self.peers.end()


def answers(
    hear: Callable[[messages.Told], None],
    attendance: Callable[[QueueKey], Awaitable[Attendance]],
    carry: Callable[[bytes], Awaitable[bytes]],
    reread: Callable[[], Awaitable[None]],
    *,
    workers: Callable[[str, str | None], list[WorkerHeartbeat]],
    polled: Callable[[str, str], list[str]],
) -> dict[str, Answer]:
    """What the others may ask of this node."""

    async def tell(request: bytes) -> bytes:
        for message in messages.decode(request):
            hear(message)
        return b""

    async def attend(request: bytes) -> bytes:
        return _encode(await attendance(_queue(request)))

    async def greet(_request: bytes) -> bytes:
        return b""

    async def read(_request: bytes) -> bytes:
        await reread()
        return b""

    async def list_workers(request: bytes) -> bytes:
        return _encode([beat.SerializeToString() for beat in workers(*_whom(request))])

    async def list_polled(request: bytes) -> bytes:
        return _encode(polled(*_which(request)))

    return {
        "Attend": attend,
        "Carry": carry,
        "Greet": greet,
        "Polled": list_polled,
        "Reread": read,
        "Tell": tell,
        "Workers": list_workers,
    }
