"""Replayed == live: whatever happens to a run, its facts alone make the same state again."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.core.inputs import ResetInto
from engine.core.keys import RunKey
from engine.core.replay import load
from engine.core.state import RunState
from engine.errors import EngineError
from engine.store.codec import decode_marks, decode_state, encode_marks, encode_state
from tests.support import story as tell
from tests.support.interventions import change, override, pause, renew
from tests.support.story import RUN_ID, Story, marks_of

STEPS_MAX = 60
# What is not a fact: a heap that is rebuilt, and what the shell was asked last.
DERIVED = ("deadlines", "armed_at")


class Chance:
    """Random but valid callers and workers."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)
        self.story = Story()
        self.story.start()
        self.made = 0

    def name(self) -> str:
        self.made += 1
        return f"n{self.made}"

    def play(self, turns: int) -> None:
        for _ in range(turns):
            self.story.later(self.dice.choice((0, 0.1, 1, 3, 12, 40)))
            move = self.dice.choice((self.ask, self.work, self.work, self.activities, self.time))
            try:
                move()
            except EngineError:
                # A refusal changes nothing: that is part of what is tested.
                continue

    def ask(self) -> None:
        told = self.dice.random()
        if told < 0.1:
            override(self.story, self.dice.choice(("", "auto", "one", "two")))
        elif told < 0.5:
            self.story.signal(request_id=self.dice.choice(("", "a", "b")))
        elif told < 0.97:
            self.story.update(self.dice.choice(("u", "v", self.name())))
        else:
            self.story.terminate()
            self.story.give(ResetInto(at=self.story.at, run_id=self.name()))

    def work(self) -> None:
        task = self.story.state.task
        if task is None:
            return
        if not task.is_started:
            self.story.take_task(request_id=self.name())
        elif self.dice.random() < 0.15:
            self.story.fail_task()
        else:
            self.story.finish_task(*self.commands(), messages=self.messages())

    def commands(self) -> list[tell.Command]:
        state = self.story.state
        offered = [
            lambda: tell.start_timer(self.name(), self.dice.choice((1, 5, 30))),
            lambda: tell.schedule_activity(
                self.name(), attempts=self.dice.choice((0, 1, 2)), heartbeat=5
            ),
            lambda: tell.start_child(self.name()),
        ]
        if state.timers:
            offered.append(lambda: tell.cancel_timer(self.dice.choice(list(state.timers))))
        if state.activities:
            offered.append(lambda: tell.cancel_activity(self.dice.choice(list(state.activities))))
        chosen = [self.dice.choice(offered)() for _ in range(self.dice.randrange(4))]
        if self.dice.random() < 0.05:
            chosen.append(
                self.dice.choice((tell.complete_run, tell.fail_run, tell.continue_as_new))()
            )
        return chosen

    def messages(self) -> tuple[tell.Message, ...]:
        said: list[tell.Message] = []
        for update in self.story.state.updates.values():
            if update.is_sent and not update.accepted_event_id:
                said.append(self.dice.choice((tell.accept, tell.reject))(update.update_id))
            elif update.accepted_event_id and not update.completed_event_id:
                said.append(tell.respond(update.update_id))
        return tuple(said)

    def activities(self) -> None:
        ids = list(self.story.state.activity_ids)
        if not ids:
            return
        activity_id = self.dice.choice(ids)
        activity = self.story.state.activities[self.story.state.activity_ids[activity_id]]
        if self.dice.random() < 0.2:
            self.intervene(activity_id)
            return
        if not activity.started_at:
            self.story.take_activity(activity_id, request_id=self.name())
            return
        how = self.dice.random()
        if how < 0.4:
            self.story.complete_activity(activity_id)
        elif how < 0.7:
            final = self.dice.random() < 0.3
            self.story.fail_activity(tell.application_failure("no", final=final), activity_id)
        else:
            self.story.beat(activity_id)

    def intervene(self, activity_id: str) -> None:
        how = self.dice.randrange(4)
        if how == 0:
            pause(self.story, activity_id)
        elif how == 3:
            change(self.story, self.dice.choice((1, 7)), activity_id)
        else:
            renew(
                self.story,
                activity_id,
                resets=how == 2,
                resets_attempts=self.dice.random() < 0.5,
                forgets_beat=self.dice.random() < 0.5,
                keeps_paused=self.dice.random() < 0.5,
                restores_options=self.dice.random() < 0.5,
                jitter_ns=self.dice.choice((0, 5 * 10**9)),
                seed="dice",
            )

    def time(self) -> None:
        self.story.wake()


def facts_of(state: RunState) -> dict[str, object]:
    return {name: getattr(state, name) for name in state.__struct_fields__ if name not in DERIVED}


@pytest.mark.parametrize("seed", range(300))
def test_replayed_is_live(seed: int) -> None:
    chance = Chance(seed)
    chance.play(STEPS_MAX)
    story = chance.story

    replayed = load(
        RunState(key=RunKey("namespace", "order-1", RUN_ID)), story.events(), marks_of(story)
    )

    assert facts_of(replayed) == facts_of(story.state)


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(min_value=300, max_value=2**32), cut=st.integers(0, STEPS_MAX))
def test_a_snapshot_and_the_facts_after_it_are_live(seed: int, cut: int) -> None:
    chance = Chance(seed)
    chance.play(cut)
    snapshot = encode_state(chance.story.state)
    told = len(chance.story.steps)
    chance.play(STEPS_MAX - cut)
    rest = Story()
    rest.steps = chance.story.steps[told:]

    stored_marks = decode_marks(encode_marks(marks_of(rest)))
    replayed = load(decode_state(snapshot), rest.events(), stored_marks)

    assert facts_of(replayed) == facts_of(chance.story.state)


@pytest.mark.parametrize("seed", range(300, 360))
def test_event_ids_have_no_gap(seed: int) -> None:
    chance = Chance(seed)
    chance.play(STEPS_MAX)

    ids = [event.event_id for event in chance.story.events()]

    assert ids == list(range(1, len(ids) + 1))


@pytest.mark.parametrize("seed", range(360, 420))
def test_what_was_buffered_is_told_with_a_task(seed: int) -> None:
    """A run without a task has seen all that happened to it, or waits for a time."""
    chance = Chance(seed)
    chance.play(STEPS_MAX)
    state = chance.story.state

    if state.is_running and state.task is None:
        assert not state.buffered
        unseen = [
            event
            for event in chance.story.events()
            if event.event_id > state.previous_started_event_id
            and event.HasField("workflow_execution_signaled_event_attributes")
        ]
        assert not unseen or state.task_backoff_until
