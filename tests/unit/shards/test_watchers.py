"""Those who wait for a run: told when it is so, gone when they give up."""

import asyncio

import pytest

from engine.core.keys import RunKey
from engine.core.state import RunState
from engine.errors import ResourceExhausted
from engine.shards import watchers as watchers_module
from engine.shards.watchers import Watchers


@pytest.fixture
def state() -> RunState:
    return RunState(key=RunKey("namespace", "order", "run"))


def has_ended(state: RunState) -> bool:
    return not state.is_running


def future() -> asyncio.Future[bool]:
    return asyncio.get_running_loop().create_future()


async def test_what_is_so_already_is_answered_at_once(state: RunState) -> None:
    answer = future()

    Watchers().add(state, lambda _: True, answer)

    assert answer.result()


async def test_a_watcher_is_told_once_it_is_so(state: RunState) -> None:
    watchers, answer = Watchers(), future()
    watchers.add(state, has_ended, answer)
    watchers.notify(state)
    assert not answer.done()

    state.status = 2
    watchers.notify(state)

    assert answer.result()
    await asyncio.sleep(0)
    assert len(watchers) == 0


async def test_one_who_gave_up_is_not_kept(state: RunState) -> None:
    watchers, answer = Watchers(), future()
    watchers.add(state, has_ended, answer)

    answer.cancel()
    await asyncio.sleep(0)

    assert len(watchers) == 0


async def test_too_many_for_one_run_are_refused(
    state: RunState, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watchers_module, "WATCHERS_PER_RUN_MAX", 1)
    watchers, refused = Watchers(), future()
    watchers.add(state, has_ended, future())

    watchers.add(state, has_ended, refused)

    with pytest.raises(ResourceExhausted):
        refused.result()


async def test_the_watchers_of_a_forgotten_run_look_again(state: RunState) -> None:
    watchers, answer = Watchers(), future()
    watchers.add(state, has_ended, answer)

    watchers.forget_all()

    assert answer.result() is False
