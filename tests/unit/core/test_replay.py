"""Replayed == live: whatever happens to a run, its facts alone make the same state again."""

from __future__ import annotations

from collections import Counter
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.core import apply_standalone
from engine.core.inputs import CompleteWorkflowTask, Input, Wake
from engine.core.limits import DEFAULT
from engine.core.marks import Mark
from engine.core.state import RunState
from engine.core.step import step
from engine.core.transitions.completion import COMMANDS
from tests.support.chance import Chance
from tests.support.stored import wanted

STEPS_MAX = 60
# What is not a fact: a heap that is rebuilt, and what the shell was asked last.
DERIVED = ("deadlines", "armed_at")
# Nobody asks these of a run that has closed, but for how often it changed.
GONE_WITH_MARKS = (
    "marks_count", "transitions_count", "sticky_timeout_ns", "has_rested", "refusals", "updates",
    "updates_in_flight", "task_backoff_event_id", "task_attempt", "task_failure",
    "reset_run_id", "completions", "noted_target",
)  # fmt: skip


def played(seed: int, turns: int = STEPS_MAX) -> Chance:
    chance = Chance(seed)
    chance.play(turns)
    return chance


def facts_of(state: RunState) -> dict[str, object]:
    return {name: getattr(state, name) for name in state.__struct_fields__ if name not in DERIVED}


def test_chance_gives_all_that_can_happen_to_a_run() -> None:
    """What it did not give the properties below would say nothing of."""
    given, commands, marks = set[type](), set[int](), set[type]()
    for seed in range(200):
        chance = Chance(seed)
        first = chance.story
        chance.play(STEPS_MAX)
        for story in (first, chance.story):
            given |= {type(each) for each in story.given}
            marks |= {type(marked.mark) for taken in story.steps for marked in taken.marks}
            for each in story.given:
                if isinstance(each, CompleteWorkflowTask):
                    commands |= {command.command_type for command in each.request.commands}

    assert given == set(get_args(Input))
    assert marks == set(get_args(Mark)) - set(apply_standalone.MARKS)
    assert commands == set(COMMANDS)


@pytest.mark.parametrize("seed", range(300))
def test_replayed_is_live(seed: int) -> None:
    story = played(seed).story

    assert facts_of(story.loaded()) == facts_of(story.state)


@pytest.mark.parametrize("seed", range(100))
def test_a_run_that_has_closed_is_its_events(seed: int) -> None:
    story = played(seed).story
    if story.state.is_running:
        story.terminate()

    loaded, live = story.loaded_from_events(), story.state
    for name in set(facts_of(live)) - set(GONE_WITH_MARKS):
        assert getattr(loaded, name) == getattr(live, name), name
    assert answers_of(loaded) == answers_of(live)
    assert [each.callback for each in loaded.completions] == [
        each.callback for each in live.completions
    ]


def answers_of(state: RunState) -> dict[str, tuple[object, ...]]:
    """What became of the updates that were accepted; no event tells of another."""
    return {
        update.update_id: (update.accepted_event_id, update.completed_event_id, update.outcome)
        for update in state.updates.values()
        if update.accepted_event_id
    }


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(min_value=300, max_value=2**32), cut=st.integers(0, STEPS_MAX))
def test_a_snapshot_and_the_facts_after_it_are_live(seed: int, cut: int) -> None:
    chance = played(seed, cut)
    chance.story.snap()
    chance.play(STEPS_MAX - cut)

    assert facts_of(chance.story.loaded()) == facts_of(chance.story.state)


@pytest.mark.parametrize("seed", range(300, 420))
def test_a_run_that_is_loaded_wakes_as_the_live_one(seed: int) -> None:
    """Its deadlines are made anew: none is missing, and a stale one of the live does nothing."""
    story = played(seed, seed % STEPS_MAX).story
    story.wake()
    loaded = story.loaded()
    expected = {(kind, name): at for at, kind, name in sorted(story.state.deadlines, reverse=True)}
    ahead = [(at, kind, name) for at, kind, name in loaded.deadlines if at > story.at]
    for at, kind, name in ahead:
        assert expected[kind, name] <= at
    if story.state.deadlines:
        assert 0 < story.state.armed_at <= story.state.deadlines[0][0]

    wake = Wake(at=min(ahead, default=(story.later(1000).at,))[0])
    assert told(loaded, wake) == told(story.state, wake)


def told(state: RunState, given: Wake) -> Counter[object]:
    """What came of it; what is due at once may come in any order."""
    stepped = step(state, given, DEFAULT)
    return Counter(
        [event.event_type for event in stepped.events]
        + [type(marked.mark) for marked in stepped.marks]
    )


@pytest.mark.parametrize("seed", range(420, 540))
def test_event_ids_have_no_gap(seed: int) -> None:
    events = played(seed).story.events()

    assert [event.event_id for event in events] == list(range(1, len(events) + 1))


@pytest.mark.parametrize("seed", range(540, 660))
def test_what_a_worker_could_take_is_what_is_offered(seed: int) -> None:
    """By its number and its attempt: a task that is offered otherwise never meets a worker."""
    chance = Chance(seed)

    def same() -> None:
        offered = {k: v for k, v in chance.story.waiting.items() if k[0] != "deliver"}
        assert offered == wanted(chance.story.state)

    chance.play(STEPS_MAX, after=same)


@pytest.mark.parametrize("seed", range(660, 720))
def test_what_was_buffered_is_told_with_a_task(seed: int) -> None:
    """A run without a task has seen all that happened to it, or waits for a time."""
    story = played(seed).story
    state = story.state

    if state.is_running and state.task is None:
        assert not state.buffered
        unseen = [
            event
            for event in story.events()
            if event.event_id > state.previous_started_event_id
            and event.HasField("workflow_execution_signaled_event_attributes")
        ]
        waits = state.task_backoff_until or state.first_task_at > story.at
        assert not unseen or waits or state.pause
