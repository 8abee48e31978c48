"""Replayed == live: whatever happens to a run, its facts alone make the same state again."""

from __future__ import annotations

from collections import Counter
from typing import get_args

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from temporalio.api.enums.v1 import CommandType, EventType

from engine.core import apply_standalone
from engine.core.inputs import CompleteWorkflowTask, Input, Reset, Signal, Wake
from engine.core.limits import DEFAULT
from engine.core.marks import Mark
from engine.core.state import RunState
from engine.core.step import step
from engine.core.transitions.completion import COMMANDS
from tests.support.chance import Chance
from tests.support.interventions import resume_run
from tests.support.stored import wanted

STEPS_MAX = 60
COMPLETED = EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED
ACTIVITY_ENDS = (
    EventType.EVENT_TYPE_ACTIVITY_TASK_COMPLETED,
    EventType.EVENT_TYPE_ACTIVITY_TASK_FAILED,
    EventType.EVENT_TYPE_ACTIVITY_TASK_TIMED_OUT,
    EventType.EVENT_TYPE_ACTIVITY_TASK_CANCELED,
)
# What is not a fact: a heap that is rebuilt, and what the shell was asked last.
DERIVED = ("deadlines", "armed_at")
# Nobody asks these of a run that has closed, but for how often it changed.
GONE_WITH_MARKS = (
    "marks_count", "transitions_count", "sticky_timeout_ns", "has_rested", "rested_at",
    "said_waits", "said_timer", "refusals", "updates",
    "updates_in_flight", "task_backoff_event_id", "task_attempt", "task_failure",
    "reset_run_id", "completions", "noted_target",
)  # fmt: skip


def chance_of(seed: int, dying: float = 0.0) -> Chance:
    """An operator is at every third of the runs all the time."""
    return Chance(seed, dying=dying, pausing=0.0 if seed % 3 else 0.3)


def played(seed: int, turns: int = STEPS_MAX) -> Chance:
    chance = chance_of(seed)
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
@example(seed=888, cut=0)  # held back, and written down in the same turn
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
    chance = chance_of(seed)

    def same() -> None:
        offered = {k: v for k, v in chance.story.waiting.items() if k[0] != "deliver"}
        assert offered == wanted(chance.story.state)

    chance.play(STEPS_MAX, after=same)


#: What a command leaves in the history, once.
EFFECTS = {
    CommandType.Value(f"COMMAND_TYPE_{command}"): EventType.Value(f"EVENT_TYPE_{event}")
    for command, event in {
        "SCHEDULE_ACTIVITY_TASK": "ACTIVITY_TASK_SCHEDULED",
        "REQUEST_CANCEL_ACTIVITY_TASK": "ACTIVITY_TASK_CANCEL_REQUESTED",
        "START_TIMER": "TIMER_STARTED",
        "CANCEL_TIMER": "TIMER_CANCELED",
        "START_CHILD_WORKFLOW_EXECUTION": "START_CHILD_WORKFLOW_EXECUTION_INITIATED",
        "SIGNAL_EXTERNAL_WORKFLOW_EXECUTION": "SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_INITIATED",
        "RECORD_MARKER": "MARKER_RECORDED",
        "SCHEDULE_NEXUS_OPERATION": "NEXUS_OPERATION_SCHEDULED",
        "REQUEST_CANCEL_EXTERNAL_WORKFLOW_EXECUTION": (
            "REQUEST_CANCEL_EXTERNAL_WORKFLOW_EXECUTION_INITIATED"
        ),
        "UPSERT_WORKFLOW_SEARCH_ATTRIBUTES": "UPSERT_WORKFLOW_SEARCH_ATTRIBUTES",
        "MODIFY_WORKFLOW_PROPERTIES": "WORKFLOW_PROPERTIES_MODIFIED",
    }.items()
}


@pytest.mark.parametrize("seed", range(720, 840))
def test_each_command_has_its_effect_once_whoever_dies(seed: int) -> None:
    chance = chance_of(seed, dying=0.3)
    chance.play(STEPS_MAX)
    story = chance.story

    asked, found = Counter[int](), Counter[int]()
    for asked_for, taken in story.stored:
        kinds = [event.event_type for event in taken.events]
        if isinstance(asked_for, Reset):
            continue
        found.update(kind for kind in kinds if kind in EFFECTS.values())
        if COMPLETED in kinds and isinstance(asked_for, CompleteWorkflowTask):
            commands = (command.command_type for command in asked_for.request.commands)
            asked.update(EFFECTS[kind] for kind in commands if kind in EFFECTS)
    assert found == asked
    assert facts_of(story.loaded()) == facts_of(story.state)


@pytest.mark.parametrize("seed", range(960, 1000))
def test_each_signal_and_update_is_told_once_whoever_dies(seed: int) -> None:
    chance = chance_of(seed, dying=0.3)
    chance.play(STEPS_MAX)
    story = chance.story

    signals, accepted, completed = Counter[str](), Counter[str](), Counter[str]()
    for event in (*story.events(), *story.state.buffered):
        if event.HasField("workflow_execution_signaled_event_attributes"):
            signals[event.workflow_execution_signaled_event_attributes.request_id] += 1
        elif event.HasField("workflow_execution_update_accepted_event_attributes"):
            given = event.workflow_execution_update_accepted_event_attributes
            accepted[given.protocol_instance_id] += 1
        elif event.HasField("workflow_execution_update_completed_event_attributes"):
            ended = event.workflow_execution_update_completed_event_attributes
            completed[ended.meta.update_id] += 1
    asked = {given.request_id for given, _ in story.stored if isinstance(given, Signal)}
    assert asked - {""} <= signals.keys()
    assert {count for name, count in signals.items() if name} <= {1}
    assert set(accepted.values()) | set(completed.values()) <= {1}
    assert completed.keys() <= accepted.keys()


@pytest.mark.parametrize("seed", range(840, 960))
def test_no_activity_is_lost_whoever_dies(seed: int) -> None:
    """Each has ended once, or can still end."""
    chance = chance_of(seed, dying=0.3)
    chance.play(STEPS_MAX)
    state, ends = chance.story.state, Counter[int]()
    for event in chance.story.events():
        attributes = getattr(event, event.WhichOneof("attributes"))
        if event.event_type in ACTIVITY_ENDS:
            ends[attributes.scheduled_event_id] += 1
        elif event.event_type == EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED:
            ends[event.event_id] += 0

    buffered = {
        getattr(event, event.WhichOneof("attributes")).scheduled_event_id
        for event in state.buffered
        if event.event_type in ACTIVITY_ENDS
    }
    assert set(ends.values()) <= {0, 1}
    if state.is_running:
        pending = {event_id for event_id, count in ends.items() if not count}
        assert pending == state.activities.keys() | buffered
        assert not state.activities.keys() & buffered


#: What a worker is told of with a task of its own.
TOLD = {
    *ACTIVITY_ENDS,
    *(
        EventType.Value(f"EVENT_TYPE_{name}")
        for name in (
            "TIMER_FIRED",
            "WORKFLOW_EXECUTION_SIGNALED",
            "WORKFLOW_EXECUTION_CANCEL_REQUESTED",
            "CHILD_WORKFLOW_EXECUTION_STARTED",
            "CHILD_WORKFLOW_EXECUTION_COMPLETED",
            "CHILD_WORKFLOW_EXECUTION_FAILED",
            "EXTERNAL_WORKFLOW_EXECUTION_SIGNALED",
            "SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_FAILED",
            "EXTERNAL_WORKFLOW_EXECUTION_CANCEL_REQUESTED",
            "NEXUS_OPERATION_STARTED",
            "NEXUS_OPERATION_COMPLETED",
            "NEXUS_OPERATION_FAILED",
        )
    ),
}


@pytest.mark.parametrize("seed", range(660, 720))
def test_what_was_buffered_is_told_with_a_task_whoever_dies(seed: int) -> None:
    """A run without a task has seen all that happened to it, or waits for a time."""
    chance = chance_of(seed, dying=0.3 if seed % 2 else 0.0)
    chance.play(STEPS_MAX)
    story = chance.story
    if story.state.is_running and story.state.pause is not None:
        resume_run(story)

    state = story.state
    if state.is_running and state.task is None:
        assert not state.buffered
        unseen = [
            event
            for event in story.events()
            if event.event_id > state.previous_started_event_id and event.event_type in TOLD
        ]
        waits = state.task_backoff_until or state.first_task_at > story.at
        assert not unseen or waits
