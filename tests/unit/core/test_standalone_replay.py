"""Whatever happens to a standalone activity, its facts alone make the same state again."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.core import apply_standalone, standalone_table
from engine.core.inputs import Signal, Start, Wake
from engine.core.limits import DEFAULT
from engine.core.state import RunState
from engine.core.step import step
from tests.support.standalone import Alone, ChanceAlone
from tests.support.stored import wanted

STEPS_MAX = 40
# What is not a fact: a heap that is rebuilt, and what the shell was asked last.
DERIVED = ("deadlines", "armed_at")
ENDS = ("completed", "failed", "canceled", "timed_out", "terminated")


def played(seed: int, turns: int = STEPS_MAX) -> Alone:
    chance = ChanceAlone(seed)
    chance.play(turns)
    return chance.story


def facts_of(state: RunState) -> dict[str, object]:
    return {name: getattr(state, name) for name in state.__struct_fields__ if name not in DERIVED}


def test_chance_gives_all_that_can_happen_to_an_activity() -> None:
    """What it did not give the properties below would say nothing of."""
    given, told, ended = set[type](), set[type](), set[str]()
    for seed in range(150):
        story = played(seed)
        given |= {type(each) for each in story.given}
        told |= {type(marked.mark) for taken in story.steps for marked in taken.marks}
        if story.state.closing is not None:
            ended.add(str(story.state.closing.WhichOneof("attributes")))

    assert given == {*standalone_table.TRANSITIONS, Start, Signal}
    assert told >= {*apply_standalone.MARKS, *apply_standalone.ALSO}
    assert len(ended) == len(ENDS)


@pytest.mark.parametrize("seed", range(200))
def test_replayed_is_live(seed: int) -> None:
    story = played(seed)

    assert facts_of(story.loaded()) == facts_of(story.state)


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(min_value=300, max_value=2**32), cut=st.integers(0, STEPS_MAX))
def test_a_snapshot_and_the_facts_after_it_are_live(seed: int, cut: int) -> None:
    chance = ChanceAlone(seed)
    chance.play(cut)
    chance.story.snap()
    chance.play(STEPS_MAX - cut)

    assert facts_of(chance.story.loaded()) == facts_of(chance.story.state)


@pytest.mark.parametrize("seed", range(200, 320))
def test_one_that_is_loaded_wakes_as_the_live_one(seed: int) -> None:
    """Its deadlines are made anew: none is missing, and a stale one of the live does nothing."""
    story = played(seed)
    story.wake()
    loaded = story.loaded()
    ahead = [at for at, _, _ in loaded.deadlines if at > story.at]
    for at in ahead:
        assert 0 < story.state.armed_at <= at

    wake = Wake(at=min(ahead, default=story.later(1000).at))
    assert told(loaded, wake) == told(story.state, wake)


def told(state: RunState, given: Wake) -> Counter[object]:
    stepped = step(state, given, DEFAULT)
    return Counter(
        [event.event_type for event in stepped.events]
        + [type(marked.mark) for marked in stepped.marks]
    )


@pytest.mark.parametrize("seed", range(320, 440))
def test_what_a_worker_could_take_is_what_is_offered(seed: int) -> None:
    chance = ChanceAlone(seed)

    def same() -> None:
        assert chance.story.waiting == wanted(chance.story.state)

    same()
    chance.play(STEPS_MAX, after=same)


@pytest.mark.parametrize("seed", range(440, 500))
def test_it_ends_once_and_tells_how(seed: int) -> None:
    """Only marks are made of what happens on the way."""
    story = played(seed)
    events = story.events()

    assert [event.event_id for event in events] == list(range(1, len(events) + 1))
    ended = [event for event in events if event == story.state.closing]
    assert len(ended) == (0 if story.state.is_running else 1)
    assert not ended or events[-1] == ended[0]
