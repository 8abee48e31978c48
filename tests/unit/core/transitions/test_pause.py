"""A run that is held, and those who wait for an update of one."""

from __future__ import annotations

from engine.core.effects import OfferTask, TellCaller
from engine.core.keys import ACTIVITY, WORKFLOW
from tests.support.commands import seconds
from tests.support.interventions import pause_run, resume_run
from tests.support.stored import Stored
from tests.support.story import (
    accept,
    application_failure,
    asked,
    complete_run,
    respond,
    schedule_activity,
)


def offered(story: Stored, kind: str) -> bool:
    return any(each == kind for each, _ in story.waiting)


def test_one_that_was_to_begin_later_begins_when_it_goes_on() -> None:
    story = Stored(first_workflow_task_backoff=seconds(60))
    story.start()
    pause_run(story)
    story.later(61).wake()
    assert not offered(story, WORKFLOW)

    resume_run(story)

    assert offered(story, WORKFLOW)


def test_a_back_off_that_ends_meanwhile_begins_no_attempt_before_it_goes_on() -> None:
    story = Stored()
    story.start()
    story.do(schedule_activity("charge"))
    story.take_activity()
    story.fail_activity(application_failure("no"))
    pause_run(story)
    story.later(5).wake()
    assert not offered(story, ACTIVITY)

    resume_run(story)

    assert offered(story, ACTIVITY)


def test_a_failing_task_comes_again_when_it_goes_on_and_not_before() -> None:
    story = Stored()
    story.start()
    story.take_task()
    story.fail_task()
    story.take_task()
    pause_run(story)
    story.fail_task()
    story.later(60).wake()
    assert not offered(story, WORKFLOW)

    resume_run(story)

    assert offered(story, WORKFLOW)


def test_it_goes_on_as_it_was_where_it_is_loaded_meanwhile() -> None:
    story = Stored()
    story.start()
    story.do(schedule_activity("charge"))
    pause_run(story, "request")

    story.state = story.loaded()
    resume_run(story)

    assert offered(story, WORKFLOW)
    assert offered(story, ACTIVITY)


def test_who_joins_an_update_is_told_with_the_others_or_at_the_end_of_the_run() -> None:
    """Whether its worker has it, has accepted it, or answers it in the task that is under way."""
    story = Stored()
    story.start()
    story.do()
    story.update("u", "first")
    story.take_task()
    story.update("u", "second")
    story.update("u", "second")
    story.finish_task(messages=(accept("u"),))
    story.signal()
    story.take_task()
    story.update("u", "third")

    told = asked(story.finish_task(messages=(respond("u"),)), TellCaller)
    assert sorted(each.event_id for each in told) == [-3, -2, -1]
    assert asked(story.update("u", "fourth"), OfferTask) == []

    story.update("v", "fifth")
    story.take_task()
    story.finish_task(messages=(accept("v"),))
    story.signal()
    (unfinished,) = asked(story.do(complete_run()), TellCaller)
    outcome = unfinished.closing.workflow_execution_update_completed_event_attributes.outcome
    assert outcome.failure.message.startswith("Workflow Update failed")
