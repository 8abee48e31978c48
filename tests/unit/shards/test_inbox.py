"""What waits for a writer: in order, and never more than there is room for."""

import asyncio

from engine.core.keys import RunKey
from engine.shards.inbox import Inbox
from engine.shards.works import Delete, Work


def work(name: str) -> Work:
    answer = asyncio.get_running_loop().create_future()
    return Delete(key=RunKey("namespace", name, ""), answer=answer)


async def test_works_leave_in_the_order_that_they_came() -> None:
    inbox = Inbox(maxsize=10)
    works = [work(name) for name in "abc"]
    for one in works:
        inbox.put(one)

    assert inbox.take(2) == works[:2]
    assert inbox.take(2) == works[2:]


async def test_a_full_inbox_takes_no_more() -> None:
    inbox = Inbox(maxsize=1)

    assert inbox.put(work("a"))
    assert not inbox.put(work("b"))


async def test_what_is_put_back_goes_first() -> None:
    inbox = Inbox(maxsize=10)
    first, second, third = (work(name) for name in "abc")
    for one in (first, second, third):
        inbox.put(one)

    inbox.put_back(inbox.take(2))

    assert inbox.take(10) == [first, second, third]


async def test_waiting_ends_when_something_comes() -> None:
    inbox = Inbox(maxsize=10)
    waiting = asyncio.create_task(inbox.wait(10))
    await asyncio.sleep(0)

    inbox.put(work("a"))

    await asyncio.wait_for(waiting, 1)


async def test_waiting_ends_by_itself() -> None:
    await asyncio.wait_for(Inbox(maxsize=10).wait(0.01), 1)
