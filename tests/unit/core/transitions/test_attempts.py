"""Rules at an activity: asked as it begins, as it fails, and before it is tried again."""

from __future__ import annotations

import pytest
from temporalio.api.command.v1 import Command
from temporalio.api.enums.v1 import WorkerVersioningMode
from temporalio.api.rules.v1 import WorkflowRule

from engine.core import rules
from engine.core.effects import DropTask, OfferTask, Refuse, WorkflowTaskCompleted
from engine.core.state import Activity
from engine.core.step import Step
from engine.errors import TaskNotFound
from tests.support import story as tell
from tests.support.interventions import renew
from tests.support.rules import spec
from tests.support.story import Story, asked, reply_of

RULE = "a bad deploy"


def under(predicate: str) -> Story:
    story = Story()
    story.rules = [rules.compiled(WorkflowRule(spec=spec(RULE, predicate)).SerializeToString())]
    story.start()
    return story


def of(story: Story) -> Activity:
    return next(iter(story.state.activities.values()))


def is_held(story: Story) -> bool:
    activity = of(story)
    return activity.pause_rule_id == RULE and activity.paused_at == story.at


def test_the_first_attempt_waits_until_a_worker_comes_for_it() -> None:
    story = under("Attempts = 1")
    scheduled = story.do(tell.schedule_activity())
    assert asked(scheduled, OfferTask)
    assert not is_held(story)

    came = story.take_activity()

    assert [type(each.error) for each in asked(came, Refuse)] == [TaskNotFound]
    assert [task.event_id for task in asked(came, DropTask)] == [5]
    assert is_held(story)
    with pytest.raises(TaskNotFound):
        story.take_activity()


def test_the_attempt_that_has_failed_is_the_last_for_now() -> None:
    story = under("ActivityState = 'Started'")
    story.do(tell.schedule_activity(attempts=1))
    story.take_activity()

    story.fail_activity(tell.application_failure("no"))

    assert is_held(story)
    assert (of(story).attempt, of(story).retry_at) == (2, 0)
    assert not asked(story.later(100).wake(), OfferTask)


def test_what_cannot_be_tried_again_is_over() -> None:
    story = under("ActivityState = 'Started'")
    story.do(tell.schedule_activity())
    story.take_activity()

    story.fail_activity(tell.application_failure("no", final=True))

    assert not story.state.activities


def second_attempt_due() -> tuple[Story, Step]:
    story = under("Attempts = 2")
    story.do(tell.schedule_activity())
    story.take_activity()
    story.fail_activity(tell.application_failure("no"))
    assert not is_held(story)
    return story, story.later(1).wake()


def test_the_next_attempt_is_not_offered() -> None:
    story, woken = second_attempt_due()

    assert is_held(story)
    assert not asked(woken, OfferTask)


def test_what_is_resumed_is_asked_about_again() -> None:
    story, _ = second_attempt_due()

    assert not asked(renew(story.later(5)), OfferTask)
    assert is_held(story)


def test_set_back_it_goes_on() -> None:
    story, _ = second_attempt_due()

    assert asked(renew(story, resets=True), OfferTask)
    assert of(story).pause_rule_id == ""
    story.take_activity()


def eagerly() -> Command:
    command = tell.schedule_activity()
    command.schedule_activity_task_command_attributes.request_eager_execution = True
    return command


def test_its_worker_has_the_version_of_the_one_that_asked_for_it_eagerly() -> None:
    story = under("Attempts > 1")

    scheduled = story.do(
        eagerly(),
        deployment_options={
            "deployment_name": "shop",
            "build_id": "1",
            "worker_versioning_mode": WorkerVersioningMode.WORKER_VERSIONING_MODE_VERSIONED,
        },
    )

    assert len(reply_of(scheduled).eager_activities) == 1
    assert of(story).last_version == "shop:1"


def test_it_is_not_started_eagerly() -> None:
    story = under("Attempts = 1")

    scheduled = story.do(eagerly())

    answer = reply_of(scheduled)
    assert isinstance(answer, WorkflowTaskCompleted)
    assert not answer.eager_activities
    assert asked(scheduled, OfferTask)


def test_one_that_its_task_cancels_is_not_started_eagerly() -> None:
    story = under("Attempts > 1")

    answer = reply_of(story.do(eagerly(), tell.cancel_activity(5)))

    assert not answer.eager_activities
    assert not story.state.activities
