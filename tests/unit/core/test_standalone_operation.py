"""Standalone Nexus operations: what happens to one is its facts, and its end is the run's."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest
from temporalio.api.history.v1 import NexusOperationScheduledEventAttributes

from engine.core import inputs
from engine.core.apply_standalone_operation import failure_of
from engine.core.effects import CancelOperation, DropTask, EmitRecord, StartOperation
from engine.core.keys import operation_run
from engine.core.state import RunState
from engine.core.visibility import record_of
from engine.errors import EngineError, FailedPrecondition, RunNotFound
from tests.support import neighbours
from tests.support.commands import seconds
from tests.support.stored import Stored
from tests.support.story import ENDPOINT, ENDPOINT_ID, asked

SCHEDULED = 2
STEPS_MAX = 25
DERIVED = ("deadlines", "armed_at")


class Operated(Stored):
    workflow_id = operation_run("", "pay").workflow_id

    def begin(self, **given: object) -> Operated:
        operation = NexusOperationScheduledEventAttributes(
            endpoint=ENDPOINT, endpoint_id=ENDPOINT_ID, service="payments", operation="charge",
            request_id="start", **given,  # type: ignore[arg-type]
        )  # fmt: skip
        self.start(operation=operation)
        return self

    def cancel(self, request_id: str = "c") -> None:
        self.give(inputs.RequestCancel(at=self.at, cause="enough", request_id=request_id))

    def end(self, request_id: str = "t") -> None:
        self.give(inputs.Terminate(at=self.at, reason="enough", request_id=request_id))


def test_its_handler_is_asked_and_its_answer_ends_it() -> None:
    story = Operated().begin()
    assert [each.event_id for each in asked(story.steps[0], StartOperation)] == [SCHEDULED]

    ended = neighbours.operation_ended(story, SCHEDULED, "completed")

    assert not story.state.is_running
    assert {task.event_id for task in asked(ended, DropTask)} == {SCHEDULED}
    assert failure_of(story.events()[-1]) is None


def test_what_it_failed_with_is_told_as_the_handler_said_it() -> None:
    story = Operated().begin()
    neighbours.operation_ended(story, SCHEDULED, "failed")

    failure = failure_of(story.events()[-1])

    assert failure is not None
    assert failure.message == "no"


def test_a_cancellation_waits_for_its_start() -> None:
    story = Operated().begin()
    story.cancel("one")
    with pytest.raises(FailedPrecondition, match="already requested with request ID one"):
        story.cancel("two")

    begun = neighbours.operation_started(story, SCHEDULED)

    assert asked(begun, CancelOperation)


def test_what_is_for_workflows_is_refused() -> None:
    with pytest.raises(RunNotFound):
        Operated().begin().signal()


def test_its_record_is_among_operations() -> None:
    record = record_of(Operated().begin().state)

    assert (record.namespace_id, record.workflow_id) == ("namespace/operations", "pay")
    assert record.custom["Keyword"]["Endpoint"] == ENDPOINT


def test_the_index_knows_how_it_fails_while_it_is_tried_again_and_once_it_gave_up() -> None:
    story, other = Operated().begin(), Operated().begin()
    faltered = neighbours.operation_faltered(
        story, SCHEDULED, of_cancellation=False, is_final=False
    )
    open_one = record_of(story.state)
    neighbours.operation_started(story, SCHEDULED)
    started = record_of(story.state)
    neighbours.operation_ended(other, SCHEDULED, "failed")
    gave_up = record_of(other.state)

    assert asked(faltered, EmitRecord)
    assert open_one.failure_fingerprint is not None
    assert (started.failure_fingerprint, started.last_failure_message) == (None, None)
    assert (gave_up.last_failure_message, gave_up.status) == ("no", "Failed")
    assert gave_up.failure_fingerprint is not None


def facts_of(state: RunState) -> dict[str, object]:
    return {name: getattr(state, name) for name in state.__struct_fields__ if name not in DERIVED}


@pytest.mark.parametrize("seed", range(60))
def test_replayed_is_live(seed: int) -> None:
    dice = random.Random(seed)
    story = Operated().begin(start_to_close_timeout=seconds(dice.choice((0, 60))))
    for _ in range(STEPS_MAX):
        story.later(dice.choice((0, 1, 5, 20)))
        try:
            dice.choice(_moves(story, dice))()
        except EngineError:
            continue

    assert facts_of(story.loaded()) == facts_of(story.state)
    story.snap()
    assert facts_of(story.loaded()) == facts_of(story.state)


def _moves(story: Operated, dice: random.Random) -> list[Callable[[], object]]:
    how = dice.choice(("completed", "failed", "canceled"))
    return [
        lambda: story.cancel(dice.choice("cd")),
        lambda: story.end(dice.choice("tu")) if dice.random() < 0.2 else None,
        lambda: neighbours.operation_started(story, SCHEDULED),
        lambda: neighbours.operation_cancel_taken(story, SCHEDULED),
        lambda: neighbours.operation_ended(story, SCHEDULED, how) if dice.random() < 0.2 else None,
        lambda: neighbours.operation_faltered(
            story, SCHEDULED, of_cancellation=dice.random() < 0.5, is_final=dice.random() < 0.1
        ),
        story.wake,
        story.wake,
    ]
