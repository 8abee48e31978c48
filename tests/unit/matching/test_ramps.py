"""A queue under a ramp: which workers get which workflow ids, as ramps come, move and go."""

import asyncio

import msgspec
import pytest

from engine.core.keys import RunKey
from engine.core.routing import Route, place_of
from engine.ports import Task
from tests.unit.matching.test_registry import NORMAL, ORDINARY, STICKY, World

OLD, NEW = "shop:one", "shop:two"
IDS = [f"order-{number}" for number in range(40)]
RAMPED = [name for name in IDS if place_of(name) < 50]
LEFT = [name for name in IDS if place_of(name) >= 50]


@pytest.fixture
def world() -> World:
    return World()


def ramp(world: World, percentage: float | None, version: str = NEW, current: str = OLD) -> None:
    route = Route(current) if percentage is None else Route(current, version, percentage)
    world.queues.versions.route({NORMAL: route})


def task(workflow_id: str, number: int = 1, sticky: bool = False) -> Task:
    run = RunKey("namespace", workflow_id, f"run of {workflow_id}")
    queue = STICKY if sticky else NORMAL
    return Task(run=run, queue=queue, event_id=number, attempt=1, offered_at=number, sticky=sticky)


async def got(world: World, version: str, count: int, **given: str) -> list[str]:
    """The workflow ids that so many polls get, as far as they get anything."""
    found = [
        await world.poll(identity=version, within=0.05, version=version, **given)
        for _ in range(count)
    ]
    return [task.run.workflow_id for task in found if task is not None]


async def test_each_side_gets_its_own_and_nothing_else(world: World) -> None:
    ramp(world, 50)
    world.backlog.tasks = [task(name, number) for number, name in enumerate(IDS)]

    assert await got(world, NEW, len(RAMPED) + 1) == RAMPED
    assert await got(world, OLD, len(LEFT) + 1) == LEFT


async def test_what_prefers_the_ramp_goes_to_it_whatever_its_share(world: World) -> None:
    """And where there is none to the others."""
    preferring = msgspec.structs.replace(task(LEFT[0]), prefers_ramp=True)
    for percentage, to_new, to_old in (
        (0, LEFT[:1], LEFT[1:2]),
        (None, [], LEFT[:2]),
    ):
        ramp(world, percentage)
        world.backlog.tasks = [preferring, task(LEFT[1], 2)]
        assert await got(world, NEW, 2) == to_new
        assert await got(world, OLD, 3) == to_old


async def test_what_is_offered_goes_to_the_side_that_waits(world: World) -> None:
    ramp(world, 50)
    new, old = world.poll(identity="new", version=NEW), world.poll(identity="old", version=OLD)
    await world.settled()
    world.queues.offer(task(LEFT[0]))
    world.queues.offer(task(RAMPED[0]))

    assert await new == task(RAMPED[0])
    assert await old == task(LEFT[0])


async def test_a_poller_is_reserved_for_its_side_alone(world: World) -> None:
    ramp(world, 50)
    new = world.poll(version=NEW)
    await world.settled()
    assert world.queues.reserve(NORMAL, task(LEFT[0]).run, ORDINARY) is None
    reservation = world.queues.reserve(NORMAL, task(RAMPED[0]).run, ORDINARY)
    assert reservation is not None
    reservation.fulfil(task(RAMPED[0]).run, "the reply")

    given = await new
    assert given is not None
    assert (given.queue, given.started) == (NORMAL, "the reply")


@pytest.mark.parametrize(
    ("before", "after", "version"),
    [(None, 100, NEW), (100, None, OLD), (20, 100, NEW), (80, 0, OLD)],
)
async def test_what_waits_goes_the_new_way_when_the_ramp_moves(
    world: World, before: float | None, after: float | None, version: str
) -> None:
    ramp(world, before)
    # Both sides hold tasks in memory, and know that the store has no more.
    assert await got(world, OLD, 1) == await got(world, NEW, 1) == []
    for number, name in enumerate(IDS):
        world.queues.offer(task(name, number))
    world.backlog.tasks = [task(name, number) for number, name in enumerate(IDS)]
    ramp(world, after)

    assert sorted(await got(world, version, len(IDS))) == sorted(IDS)


async def test_polls_end_where_the_ramp_moves_and_come_again(world: World) -> None:
    ramp(world, None)
    new, old = world.poll(version=NEW), world.poll(identity="old", version=OLD)
    await world.settled()
    ramp(world, 10)

    assert await new is None
    assert await old is None


async def test_a_ramp_to_no_version_feeds_the_workers_of_none(world: World) -> None:
    ramp(world, 50, version="")
    world.backlog.tasks = [task(name, number) for number, name in enumerate(IDS)]

    assert await got(world, "", len(RAMPED) + 1) == RAMPED
    assert await got(world, OLD, len(LEFT) + 1) == LEFT


async def test_a_sticky_worker_keeps_only_the_runs_that_are_routed_to_it(world: World) -> None:
    ramp(world, 50)
    sticky = world.poll(STICKY, identity="new", version=NEW, normal=NORMAL.name)
    old = world.poll(identity="old", version=OLD)
    await world.settled()
    world.queues.offer(task(LEFT[0], sticky=True))
    world.queues.offer(task(RAMPED[0], sticky=True))

    assert await sticky == task(RAMPED[0], sticky=True)
    moved = await asyncio.wait_for(old, 1)
    assert moved is not None
    assert (moved.run.workflow_id, moved.queue, moved.sticky) == (LEFT[0], NORMAL, False)


async def test_a_queue_under_a_ramp_is_described_as_one(world: World) -> None:
    ramp(world, 50)
    world.backlog.tasks = [task(name, number) for number, name in enumerate(IDS)]
    (waiting,) = (await world.queues.describe(NORMAL)).waiting
    assert waiting.count == len(IDS)

    await got(world, NEW, 1)
    await got(world, OLD, 1)
    world.backlog.tasks = []
    for number, name in enumerate(IDS[:6]):
        world.queues.offer(task(name, number))
    report = await world.queues.describe(NORMAL)
    assert {seen.poller.identity for seen in report.pollers} == {NEW, OLD}
