"""Messages to another node: in order, until it has them; where there is no room, a nudge."""

import asyncio

import pytest

from engine.cluster import lines
from engine.cluster.lines import Line
from engine.cluster.messages import Nudge, Offer, Told, WithdrawQuery, decode, encode
from engine.core.keys import QueueKey, RunKey
from engine.errors import Unavailable
from engine.ports import Claim, Task
from tests.support.eventually import eventually_async

QUEUE = QueueKey("namespace", "orders", "workflow")
OTHER = QueueKey("namespace", "letters", "workflow")


def offer(number: int, queue: QueueKey = QUEUE) -> Offer:
    run = RunKey("namespace", "order", "run")
    return Offer(Task(run=run, queue=queue, event_id=number, attempt=1))


class Far:
    """A node that may be away for a while."""

    def __init__(self) -> None:
        self.is_away = False
        self.tries = 0
        self.heard: list[Told] = []

    async def send(self, batch: list[Told]) -> None:
        self.tries += 1
        if self.is_away:
            raise Unavailable("away")
        self.heard += decode(encode(batch))

    async def hears(self, *messages: Told) -> None:
        async def all_of_it() -> bool:
            return self.heard == list(messages)

        await eventually_async(all_of_it)


async def test_what_is_told_arrives_in_order() -> None:
    far = Far()
    line = Line(far.send)
    told = [offer(1), WithdrawQuery(QUEUE, "question"), Nudge(OTHER), offer(2)]
    for message in told:
        line.put(message)

    await far.hears(*told)
    line.end()


async def test_what_a_node_missed_is_told_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "AGAIN_SECONDS", 0.01)
    far = Far()
    far.is_away = True
    line = Line(far.send)
    line.put(offer(1))

    async def was_tried() -> bool:
        return far.tries >= 3

    await eventually_async(was_tried)
    line.put(offer(2))
    far.is_away = False

    await far.hears(offer(1), offer(2))
    line.end()


async def test_offers_without_room_become_one_nudge_of_their_queue(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(lines, "LINE_MAX", 2)
    far = Far()
    line = Line(far.send)
    for number in range(5):
        line.put(offer(number))
    line.put(offer(9, OTHER))

    await far.hears(offer(0), offer(1), Nudge(QUEUE), Nudge(OTHER))
    line.end()


async def test_nothing_is_told_to_a_node_that_is_gone() -> None:
    far = Far()
    line = Line(far.send)
    line.end()
    line.put(offer(1))
    await asyncio.sleep(0)

    assert far.tries == 0


def test_a_claim_travels_in_its_task() -> None:
    claimed = Offer(
        Task(
            run=RunKey("namespace", "order", "run"),
            queue=QUEUE,
            event_id=0,
            attempt=1,
            claim=Claim("10.0.0.1:7233", "question"),
        )
    )

    assert decode(encode([claimed])) == [claimed]
