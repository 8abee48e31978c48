"""Nexus operations, and who waits for the end of a run."""

import pytest

from engine.core.effects import CancelOperation, DropTask, StartOperation, TellCaller
from engine.core.inputs import Attach
from engine.core.limits import Limits
from engine.errors import FailedPrecondition
from tests.support import neighbours
from tests.support import story as tell
from tests.support.commands import command
from tests.support.neighbours import operation_faltered, operation_started, told_of_the_end
from tests.support.story import ENDPOINT, Story


def asked(story: Story) -> int:
    """A run that has asked for an operation; the id of its event."""
    story.start()
    story.do(command("schedule_nexus_operation", endpoint=ENDPOINT, service="s"))
    [event_id] = story.state.operations
    return event_id


def effects(stepped: tell.Step, kind: type) -> list[object]:
    return [effect for effect in stepped.effects if isinstance(effect, kind)]


def test_a_try_that_failed_comes_again_when_its_time_has_come() -> None:
    story = Story()
    event_id = asked(story)

    operation_faltered(story, event_id, of_cancellation=False, is_final=False)
    early = story.wake()
    story.later(1)
    due = story.wake()

    assert effects(early, StartOperation) == []
    assert len(effects(due, StartOperation)) == 1


def test_a_cancellation_goes_to_the_handler_once_it_has_started() -> None:
    story = Story()
    event_id = asked(story)
    story.signal()

    before = story.do(command("request_cancel_nexus_operation", scheduled_event_id=event_id))
    after = operation_started(story, event_id)

    assert effects(before, CancelOperation) == []
    assert len(effects(after, CancelOperation)) == 1


def test_a_run_that_closes_leaves_no_message_behind() -> None:
    story = Story()
    event_id = asked(story)

    closed = story.terminate()

    assert DropTask(kind="deliver", event_id=event_id) in closed.effects


def test_an_answer_that_comes_after_the_end_removes_its_message() -> None:
    story = Story()
    story.start()
    story.do(tell.start_child())
    [event_id] = story.state.children
    story.terminate()

    late = neighbours.child_started(story, event_id)

    assert DropTask(kind="deliver", event_id=event_id) in late.effects


def test_who_waits_is_told_and_what_became_of_it_is_kept_once() -> None:
    story = Story()
    story.start()
    neighbours.attach(story, "a")
    neighbours.attach(story, "b")

    told = [effect.event_id for effect in story.terminate().effects if type(effect) is TellCaller]
    told_of_the_end(story, 1, in_vain=True)
    told_of_the_end(story, 1, in_vain=False)

    assert told == [-1, -2]
    first, second = story.state.completions
    assert (first.answered_at, second.attempt) == (0, 1)
    assert second.failure


def test_no_more_may_wait_than_the_bound_allows() -> None:
    story = Story(limits=Limits(completion_callbacks_max=1))
    story.start()
    neighbours.attach(story, "a")

    with pytest.raises(FailedPrecondition, match="1 callbacks already attached"):
        story.give(Attach(at=story.at, request_id="b", completions=(neighbours.callback("b"),)))

    assert len(story.state.completions) == 1
