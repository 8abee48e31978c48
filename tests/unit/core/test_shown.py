"""When a run's record is renewed: each time costs a row, so only where it says something new."""

from datetime import timedelta
from random import Random

from engine.core.effects import EmitRecord
from engine.core.step import Step
from engine.core.visibility import record_of
from tests.support import neighbours
from tests.support.story import (
    Story,
    asked,
    cancel_timer,
    complete_run,
    schedule_activity,
    start_timer,
)


def records_of(story: Story) -> int:
    return sum(len(asked(taken, EmitRecord)) for taken in story.steps)


def test_a_run_of_one_activity_is_shown_twice() -> None:
    story = Story()
    story.start()
    story.do(schedule_activity())
    story.take_activity()
    story.complete_activity()
    story.do(complete_run())

    assert records_of(story) == 2


def test_a_run_that_comes_to_rest_says_what_it_waits_for() -> None:
    story = Story()
    story.start()
    story.do(schedule_activity())
    story.take_activity()
    story.complete_activity()

    rested: Step = story.do(start_timer())

    assert asked(rested, EmitRecord)
    assert record_of(story.state).waiting_on == ["timer"]


def test_a_run_that_comes_to_rest_again_is_not_shown_again() -> None:
    story = Story()
    story.start()
    story.do(start_timer())
    shown = records_of(story)
    story.signal()
    story.do(cancel_timer())
    story.signal()
    story.do()

    assert records_of(story) == shown
    assert record_of(story.state).waiting_on == ["signal"]


def test_a_run_that_rests_again_for_a_minute_or_more_says_what_it_waits_for_by_then() -> None:
    story = Story()
    story.start()
    story.do(start_timer(seconds=3_600))
    hour = record_of(story.state).next_timer_time
    assert hour is not None
    story.later(3_600)
    story.wake()

    charging = story.do(schedule_activity())
    story.take_activity()
    story.complete_activity()
    rested = story.do(start_timer(seconds=86_400))

    assert asked(charging, EmitRecord)
    assert asked(rested, EmitRecord)
    assert record_of(story.state).waiting_on == ["timer"]
    assert record_of(story.state).next_timer_time == hour + timedelta(days=1)


def test_a_run_that_sleeps_by_seconds_is_shown_once_a_minute() -> None:
    story = Story()
    story.start()
    story.do(start_timer(seconds=10))
    shown = records_of(story)
    for _ in range(60):
        story.later(10)
        story.wake()
        story.do(start_timer(seconds=10))

    assert records_of(story) - shown == 10


def test_a_run_that_waits_for_a_nexus_operation_is_not_said_to_wait_for_a_signal() -> None:
    story = Story()
    story.start()

    rested = story.do(neighbours.operation(Random(1)))

    assert asked(rested, EmitRecord)
    assert record_of(story.state).waiting_on == ["operation"]


def test_a_run_whose_first_task_nobody_has_done_is_not_said_to_wait() -> None:
    story = Story()
    story.start()

    assert record_of(story.state).waiting_on == []
