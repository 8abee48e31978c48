from engine.core.effects import Arm
from tests.support.story import (
    Story,
    asked,
    cancel_timer,
    complete_run,
    names_of,
    refusal_of,
    start_timer,
)


def with_timer(seconds: int = 60) -> Story:
    story = Story()
    story.start()
    story.do(start_timer(seconds=seconds))
    return story


def test_a_timer_fires_when_its_time_has_come() -> None:
    story = with_timer()

    assert names_of(story.later(60).wake()) == ["TimerFired", "WorkflowTaskScheduled"]
    assert story.state.timers == {}


def test_a_timer_that_is_woken_early_stays_pending() -> None:
    story = with_timer()

    assert story.later(59).wake().events == ()
    assert "reminder" in story.state.timers


def test_a_run_that_is_woken_early_asks_to_be_woken_again() -> None:
    story = with_timer()

    woken = story.later(20).wake()

    assert asked(woken, Arm) == [Arm(at=story.at + 40 * 1_000_000_000)]


def test_a_timer_fires_once() -> None:
    story = with_timer()
    story.later(60).wake()

    assert story.later(1).wake().events == ()


def test_a_late_wake_up_does_not_fire_the_next_timer_of_the_same_name() -> None:
    story = with_timer(seconds=5)
    story.later(5).wake()
    story.do(start_timer(seconds=60))

    assert story.later(1).wake().events == ()


def test_a_cancelled_timer_does_not_fire() -> None:
    story = with_timer()
    story.signal()
    story.do(cancel_timer())

    assert story.later(60).wake().events == ()
    assert "TimerCanceled" in story.names()


def test_a_timer_that_fires_while_a_task_runs_is_told_with_the_next_one() -> None:
    story = with_timer(seconds=5)
    story.signal()
    story.take_task()
    assert story.later(5).wake().events == ()

    assert names_of(story.finish_task()) == [
        "WorkflowTaskCompleted",
        "TimerFired",
        "WorkflowTaskScheduled",
    ]


def test_a_timer_that_fired_unseen_can_still_be_cancelled() -> None:
    story = with_timer(seconds=5)
    story.signal()
    story.take_task()
    story.later(5).wake()

    cancelled = story.finish_task(cancel_timer())

    assert names_of(cancelled) == ["WorkflowTaskCompleted", "TimerCanceled"]
    assert cancelled.events[1].timer_canceled_event_attributes.started_event_id == 5


def test_a_timer_id_that_is_in_use_fails_the_task() -> None:
    story = with_timer()
    story.signal()

    refused = story.do(start_timer())

    assert names_of(refused) == ["WorkflowTaskFailed"]
    assert "in use" in str(refusal_of(refused))


def test_a_timer_id_is_free_again_once_it_is_cancelled() -> None:
    story = with_timer()
    story.signal()

    assert names_of(story.do(cancel_timer(), start_timer())) == [
        "WorkflowTaskCompleted",
        "TimerCanceled",
        "TimerStarted",
    ]


def test_the_timers_of_a_closed_run_are_gone() -> None:
    story = with_timer()
    story.signal()
    story.do(complete_run())

    assert story.state.timers == {}
    assert story.later(60).wake().events == ()
