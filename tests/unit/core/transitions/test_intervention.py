"""What operators do to pending activities."""

from __future__ import annotations

import pytest

from engine.core.effects import DropTask, OfferTask
from engine.core.state import Activity
from engine.errors import InvalidArgument, NotFound, TaskNotFound
from tests.support import story as tell
from tests.support.interventions import change, pause, renew
from tests.support.story import Story, asked


def waiting(**given: int) -> Story:
    story = Story()
    story.start()
    story.do(tell.schedule_activity(**given))
    return story


def retrying() -> Story:
    story = waiting()
    story.take_activity()
    story.fail_activity(tell.application_failure("no"))
    return story


def of(story: Story) -> Activity:
    return next(iter(story.state.activities.values()))


def test_a_paused_activity_is_taken_out_of_its_queue() -> None:
    story = waiting()

    paused = pause(story)

    assert [task.event_id for task in asked(paused, DropTask)] == [5]
    with pytest.raises(TaskNotFound):
        story.take_activity()


def test_resumed_it_is_offered_again() -> None:
    story = waiting()
    pause(story)

    resumed = renew(story)

    assert [task.event_id for task in asked(resumed, OfferTask)] == [5]
    story.take_activity()


def test_to_pause_twice_keeps_the_first_reason() -> None:
    story = waiting()
    pause(story)
    since = of(story).paused_at
    story.later(5)

    pause(story)

    assert of(story).paused_at == since


def test_no_time_out_comes_while_it_is_paused_and_all_that_are_due_come_then() -> None:
    story = waiting(schedule_to_close=20)
    pause(story)
    story.later(60)
    story.wake()
    assert of(story).attempt == 1

    renew(story)
    story.wake()

    assert "ActivityTaskTimedOut" in story.names()


def test_an_attempt_that_fails_under_a_pause_is_the_last_until_it_is_resumed() -> None:
    story = waiting(attempts=1)
    story.take_activity()
    pause(story)

    story.fail_activity(tell.application_failure("no"))
    story.later(600)
    story.wake()

    assert (of(story).attempt, of(story).started_at, of(story).retry_at) == (2, 0, 0)


def test_a_failure_that_no_attempt_can_mend_ends_even_a_paused_activity() -> None:
    story = waiting()
    story.take_activity()
    pause(story)

    story.fail_activity(tell.application_failure("no", final=True))

    assert story.names()[-2:] == ["ActivityTaskFailed", "WorkflowTaskScheduled"]


def test_reset_in_back_off_it_begins_anew_at_once() -> None:
    story = retrying()

    reset = renew(story, resets=True)

    assert of(story).attempt == 1
    assert asked(reset, OfferTask)[0].attempt == 1


def test_reset_with_jitter_it_waits_a_while() -> None:
    story = retrying()

    reset = renew(story, resets=True, jitter_ns=5 * 10**9, seed="chance")

    assert asked(reset, OfferTask) == []
    story.later(5)
    assert len(asked(story.wake(), OfferTask)) == 1


def test_reset_may_leave_it_paused() -> None:
    story = retrying()
    pause(story)

    reset = renew(story, resets=True, keeps_paused=True)

    assert (of(story).attempt, asked(reset, OfferTask)) == (1, [])
    assert of(story).paused_at


def test_new_options_hold_for_an_attempt_that_runs() -> None:
    story = waiting(start_to_close=100)
    story.take_activity()

    change(story, 1)
    story.later(2)
    story.wake()

    assert of(story).attempt == 2


def test_options_that_fit_no_activity_change_nothing() -> None:
    story = waiting()

    with pytest.raises(InvalidArgument, match="negative duration"):
        change(story, -1)

    assert of(story).options is None


def test_an_activity_that_is_not_pending_is_not_found() -> None:
    story = waiting()

    with pytest.raises(NotFound):
        pause(story, "another")
