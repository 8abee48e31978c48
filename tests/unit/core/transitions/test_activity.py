import pytest
from temporalio.api.enums.v1 import RetryState, TimeoutType

from engine.core.effects import DropTask, EmitRecord, OfferTask
from engine.core.inputs import ActivityTarget, CompleteActivity
from engine.errors import TaskNotFound
from tests.support.story import (
    Story,
    application_failure,
    asked,
    cancel_activity,
    complete_run,
    names_of,
    reply_of,
    schedule_activity,
    word,
)


def scheduled(**given: int) -> Story:
    story = Story()
    story.start()
    story.do(schedule_activity(**given))
    return story


def running(**given: int) -> Story:
    story = scheduled(**given)
    story.take_activity()
    return story


def test_a_scheduled_activity_is_offered_to_its_queue() -> None:
    story = scheduled()

    assert asked(story.steps[-1], OfferTask)[0].queue.name == "payments"


def test_a_start_is_a_mark_until_the_activity_ends() -> None:
    story = scheduled()
    assert story.take_activity().events == ()

    assert names_of(story.complete_activity()) == [
        "ActivityTaskStarted",
        "ActivityTaskCompleted",
        "WorkflowTaskScheduled",
    ]


def test_an_activity_is_taken_once() -> None:
    story = running()

    with pytest.raises(TaskNotFound):
        story.take_activity(request_id="another")


def test_a_failed_attempt_is_tried_again_after_its_back_off() -> None:
    story = running()
    assert story.fail_activity(application_failure("no")).events == ()

    assert asked(story.later(0.5).wake(), OfferTask) == []
    offered = asked(story.later(0.5).wake(), OfferTask)

    assert [task.attempt for task in offered] == [2]


def test_a_thousand_attempts_do_not_grow_the_history() -> None:
    story = running()
    before = len(story.names())
    for _ in range(1_000):
        story.fail_activity(application_failure("no"))
        story.later(101).wake()
        story.take_activity(request_id=str(story.at))

    assert len(story.names()) == before


def test_the_last_attempt_that_may_be_made_fails_the_activity() -> None:
    story = running(attempts=1)

    failed = story.fail_activity(application_failure("no"))

    attributes = failed.events[1].activity_task_failed_event_attributes
    assert attributes.retry_state == RetryState.RETRY_STATE_MAXIMUM_ATTEMPTS_REACHED


def test_a_failure_that_is_final_is_not_tried_again() -> None:
    story = running()

    failed = story.fail_activity(application_failure("no", final=True))

    attributes = failed.events[1].activity_task_failed_event_attributes
    assert attributes.retry_state == RetryState.RETRY_STATE_NON_RETRYABLE_FAILURE


def test_the_started_event_tells_the_attempt_and_what_failed_before() -> None:
    story = running()
    story.fail_activity(application_failure("no funds"))
    story.later(1).wake()
    story.take_activity()

    attributes = story.complete_activity().events[0].activity_task_started_event_attributes

    assert attributes.attempt == 2
    assert attributes.last_failure.message == "no funds"


def test_an_answer_for_an_attempt_that_is_over_is_refused() -> None:
    story = running()
    token = story.token()
    story.fail_activity(application_failure("no"))

    with pytest.raises(TaskNotFound):
        story.give(CompleteActivity(at=story.at, target=token, result=word("late")))


def test_an_attempt_in_back_off_can_be_completed_by_id() -> None:
    story = running()
    story.fail_activity(application_failure("no"))

    done = story.give(
        CompleteActivity(
            at=story.at, target=ActivityTarget(activity_id="charge"), result=word("by hand")
        )
    )

    assert names_of(done)[:2] == ["ActivityTaskStarted", "ActivityTaskCompleted"]


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        ({"start_to_close": 5, "attempts": 1}, TimeoutType.TIMEOUT_TYPE_START_TO_CLOSE),
        ({"heartbeat": 5, "attempts": 1}, TimeoutType.TIMEOUT_TYPE_HEARTBEAT),
        ({"schedule_to_close": 5}, TimeoutType.TIMEOUT_TYPE_SCHEDULE_TO_CLOSE),
    ],
)
def test_a_running_activity_times_out(given: dict[str, int], kind: int) -> None:
    story = running(**given)

    timed_out = story.later(5).wake()

    attributes = timed_out.events[1].activity_task_timed_out_event_attributes
    assert attributes.failure.timeout_failure_info.timeout_type == kind


def test_an_activity_that_no_worker_takes_times_out() -> None:
    story = scheduled(schedule_to_start=5)

    timed_out = story.later(5).wake()

    assert names_of(timed_out) == ["ActivityTaskTimedOut", "WorkflowTaskScheduled"]
    assert len(asked(timed_out, DropTask)) == 1


def test_a_heartbeat_puts_the_time_out_off() -> None:
    story = running(heartbeat=5, attempts=1)
    story.later(4).beat()

    assert story.later(4).wake().events == ()
    assert "ActivityTaskTimedOut" in names_of(story.later(1).wake())


def test_the_next_attempt_is_told_how_far_the_last_one_came() -> None:
    story = running(heartbeat=5)
    story.beat()
    story.fail_activity(application_failure("no"))
    story.later(1).wake()

    assert reply_of(story.take_activity()).heartbeat == word("half")


def test_a_waiting_activity_is_cancelled_at_once() -> None:
    story = scheduled()
    story.signal()

    cancelled = story.do(cancel_activity(5))

    assert "ActivityTaskCanceled" in names_of(cancelled)


def test_a_running_activity_learns_by_its_heartbeat_that_it_is_to_stop() -> None:
    story = running()
    story.signal()
    story.do(cancel_activity(5))

    assert reply_of(story.beat()).cancel_requested


def test_the_record_tells_when_an_activity_begins_to_fail_and_when_it_ends() -> None:
    story = running()

    assert asked(story.fail_activity(application_failure("no")), EmitRecord)
    story.later(1).wake()
    story.take_activity()
    assert not asked(story.fail_activity(application_failure("no")), EmitRecord)
    story.later(2).wake()
    story.take_activity()
    assert asked(story.complete_activity(), EmitRecord)


def test_the_record_is_renewed_as_the_attempts_double() -> None:
    story = running()
    renewed = []
    for _ in range(20):
        if asked(story.fail_activity(application_failure("no")), EmitRecord):
            renewed.append(story.state.activities[5].attempt)
        story.later(101).wake()
        story.take_activity(request_id=str(story.at))

    assert renewed == [2, 4, 8, 16]


def test_an_end_that_comes_while_a_task_runs_keeps_start_and_end_together() -> None:
    story = running()
    story.signal()
    story.take_task()
    assert story.complete_activity().events == ()

    written = story.finish_task()

    started, completed = written.events[1:3]
    attributes = completed.activity_task_completed_event_attributes
    assert attributes.started_event_id == started.event_id


def test_the_activities_of_a_closed_run_are_refused() -> None:
    story = running()
    token = story.token()
    story.signal()
    story.do(complete_run())

    with pytest.raises(TaskNotFound):
        story.give(CompleteActivity(at=story.at, target=token, result=word("late")))
