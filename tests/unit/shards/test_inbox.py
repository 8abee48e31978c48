"""What waits for a writer: in order, and never more than there is room for."""

import asyncio

from engine.core.keys import RunKey
from engine.shards.inbox import PATIENT_AT_ONCE, PATIENT_BESIDE_OTHERS, Inbox
from engine.shards.works import Delete, Work


def work(name: str, *, patient: bool = False) -> Work:
    answer = asyncio.get_running_loop().create_future()
    return Delete(key=RunKey("namespace", name, ""), answer=answer, patient=patient)


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


async def test_patient_works_go_after_all_others_and_a_few_with_them() -> None:
    inbox = Inbox(maxsize=100)
    patient = [work(f"patient {number}", patient=True) for number in range(5)]
    for one in patient:
        inbox.put(one)
    pressing = work("pressing")
    inbox.put(pressing)

    assert inbox.pressing == 1
    assert inbox.take(100) == [pressing, *patient[:PATIENT_BESIDE_OTHERS]]


async def test_patient_works_go_together_now_and_then() -> None:
    inbox = Inbox(maxsize=100)
    patient = [work(f"patient {number}", patient=True) for number in range(PATIENT_AT_ONCE + 1)]
    for one in patient:
        inbox.put(one)

    assert inbox.take(100) == patient[:PATIENT_AT_ONCE]
    assert inbox.take(100) == [], "it is too early"
    pressing = work("pressing")
    inbox.put(pressing)
    assert inbox.take(100) == [pressing], "also for a place beside others"

    await asyncio.wait_for(inbox.wait(10), 1)
    assert inbox.take(100) == patient[PATIENT_AT_ONCE:]
    assert len(inbox) == 0


async def test_who_presses_ends_the_wait_of_the_patient() -> None:
    inbox = Inbox(maxsize=100)
    inbox.put(work("patient", patient=True))
    inbox.take(1)
    inbox.put(work("patient too", patient=True))
    inbox.put(pressing := work("pressing"))

    await inbox.wait(10)

    assert inbox.take(1) == [pressing]


async def test_patient_works_take_no_room_from_the_others_of_a_batch() -> None:
    inbox = Inbox(maxsize=10)
    pressing = [work(name) for name in "ab"]
    for one in (work("patient", patient=True), *pressing):
        inbox.put(one)

    assert inbox.take(2) == pressing


async def test_who_is_patient_fills_the_inbox_as_others_do() -> None:
    inbox = Inbox(maxsize=1)

    assert inbox.put(work("a", patient=True))
    assert not inbox.put(work("b"))
    assert [one.key.workflow_id for one in inbox.empty()] == ["a"]
    assert len(inbox) == 0
