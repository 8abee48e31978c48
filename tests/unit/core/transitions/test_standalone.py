"""Standalone activities: an activity that is a run by itself."""

from __future__ import annotations

import pytest
from temporalio.api.activity.v1 import ActivityOptions
from temporalio.api.enums.v1 import RetryState

from engine.core.effects import Arm, DropTask, HeartbeatAnswer, OfferTask, Reply
from engine.core.keys import ACTIVITY, QueueKey
from engine.core.visibility import record_of
from engine.errors import FailedPrecondition, InvalidArgument, RunNotFound, TaskNotFound
from tests.support.commands import retries, seconds
from tests.support.standalone import SCHEDULED, Alone
from tests.support.story import SECOND, application_failure, asked, name_of


def begun(**given: object) -> Alone:
    return Alone(**given).begin()  # type: ignore[arg-type]


def running(**given: object) -> Alone:
    story = begun(**given)
    story.take()
    return story


def test_it_is_offered_to_the_workers_of_its_queue_and_to_no_workflow() -> None:
    story = begun()

    offered = asked(story.steps[0], OfferTask)

    assert [task.queue for task in offered] == [QueueKey("namespace", "orders", ACTIVITY)]
    assert story.names() == ["WorkflowExecutionStarted", "ActivityTaskScheduled"]
    assert story.state.task is None


def test_its_result_ends_it() -> None:
    story = running()

    story.complete()

    assert story.names()[-1] == "ActivityTaskCompleted"
    assert not story.state.is_running
    with pytest.raises(TaskNotFound, match="activity not found for ID: charge"):
        story.complete(story.target())


def test_the_index_knows_how_it_fails_and_of_one_that_gave_up_the_same() -> None:
    story = running()
    story.fail()
    retried = record_of(story.state)
    story.later(1).wake()
    story.take()
    story.fail(application_failure("no", final=True))
    gave_up = record_of(story.state)

    assert (retried.failing_activity_count, retried.last_failure_message) == (1, "no")
    assert (gave_up.failing_activity_count, gave_up.last_failure_message) == (0, "no")
    assert gave_up.failure_fingerprint == retried.failure_fingerprint is not None


def test_the_index_knows_no_failure_of_one_that_succeeded_in_the_end() -> None:
    story = running()
    story.fail()
    story.later(1).wake()
    story.take()
    story.complete()

    record = record_of(story.state)
    assert (record.failing_activity_count, record.failure_fingerprint) == (0, None)
    assert record.next_retry_time is None


def test_what_was_known_of_it_stays_when_it_has_ended() -> None:
    story = running()
    story.say()
    story.fail()
    story.later(1).wake()
    story.take()
    story.complete()

    assert (story.activity.attempt, story.standalone.beats_count) == (2, 1)
    assert story.activity.last_failure is not None


def test_a_start_delay_puts_its_first_attempt_off_but_not_its_time() -> None:
    story = begun(delay=60, schedule_to_close_timeout=seconds(10))

    assert not asked(story.steps[0], OfferTask)
    assert [arm.at - story.at for arm in asked(story.steps[0], Arm)] == [60 * SECOND]
    assert asked(story.later(60).wake(), OfferTask)
    story.later(9).wake()
    assert story.state.is_running
    story.later(1).wake()
    assert story.names()[-1] == "ActivityTaskTimedOut"


def test_an_attempt_that_is_taken_twice_by_one_poll_is_one() -> None:
    story = running()

    again = story.take()

    assert not again.marks
    with pytest.raises(TaskNotFound):
        story.take(request_id="another poll")


def test_an_earlier_attempt_of_the_same_number_is_not_meant() -> None:
    story = running()
    stale = story.target()
    story.renew(resets=True)
    story.later(1).fail()
    story.take()
    assert story.target().attempt == stale.attempt

    with pytest.raises(TaskNotFound):
        story.complete(stale)


def test_one_that_nobody_has_is_cancelled_at_once() -> None:
    story = begun()

    step = story.cancel()

    assert story.names()[-1] == "ActivityTaskCanceled"
    assert [task.event_id for task in asked(step, DropTask)] == [SCHEDULED]


def test_its_worker_is_told_by_its_beat_that_it_is_to_end() -> None:
    story = running()
    with pytest.raises(InvalidArgument):
        story.report_canceled()
    story.cancel("one")

    beat = story.say()

    assert [r.value for r in asked(beat, Reply)] == [HeartbeatAnswer(cancel_requested=True)]
    with pytest.raises(FailedPrecondition, match="already requested with request ID one"):
        story.cancel("two")
    story.cancel("one")
    story.report_canceled()
    assert story.names()[-1] == "ActivityTaskCanceled"


def test_what_has_ended_may_be_asked_for_again_by_the_same_request() -> None:
    story = begun()
    story.end("one")

    assert not story.end("one").events
    with pytest.raises(FailedPrecondition, match="already terminated with request ID one"):
        story.end("two")
    with pytest.raises(FailedPrecondition, match="activity is in terminal state Terminated"):
        story.cancel("three")


def test_while_it_is_paused_its_whole_time_goes_on() -> None:
    story = begun(schedule_to_close_timeout=seconds(5), schedule_to_start_timeout=seconds(2))
    story.pause()

    story.later(3).wake()
    assert story.state.is_running
    story.later(2).wake()

    assert story.names()[-1] == "ActivityTaskTimedOut"


def test_resumed_it_waits_for_the_rest_of_its_back_off() -> None:
    story = running(retry_policy=retries(30))
    story.fail()
    story.later(10).pause()
    assert record_of(story.state).status == "Paused"

    resumed = story.later(5).renew()

    assert not asked(resumed, OfferTask)
    assert asked(story.later(15).wake(), OfferTask)


def test_set_back_while_it_runs_it_begins_anew_however_it_fails() -> None:
    story = running(retry_policy=retries(1, attempts=1))
    story.renew(resets=True)
    with pytest.raises(FailedPrecondition, match="pending reset"):
        story.renew(resets=True)

    failed = story.fail(application_failure("never", final=True))

    assert [task.attempt for task in asked(failed, OfferTask)] == [1]


def test_no_time_for_another_attempt_is_told_as_the_whole_time_being_over() -> None:
    story = running(
        schedule_to_close_timeout=seconds(5),
        start_to_close_timeout=seconds(3),
        retry_policy=retries(9),
    )

    story.later(3).wake()

    ended = story.events()[-1].activity_task_timed_out_event_attributes
    assert ended.failure.message.startswith("Not enough time")
    assert ended.retry_state == RetryState.RETRY_STATE_TIMEOUT


def test_a_new_back_off_is_counted_from_the_failure() -> None:
    story = running(retry_policy=retries(10))
    story.fail()
    options = ActivityOptions(retry_policy=retries(30))

    story.later(5).change(options, "retry_policy")

    assert story.activity.retry_at - story.at == 25 * SECOND


def test_a_start_delay_cannot_be_changed_after_it() -> None:
    story = begun(delay=10)
    story.change(ActivityOptions(start_delay=seconds(20)), "start_delay")
    assert story.activity.retry_at - story.at == 20 * SECOND
    story.later(20).wake()

    with pytest.raises(FailedPrecondition, match="already been dispatched"):
        story.change(ActivityOptions(start_delay=seconds(5)), "start_delay")


def test_what_is_for_workflows_is_refused() -> None:
    story = begun()

    with pytest.raises(RunNotFound):
        story.signal()


def test_its_record_is_among_activities() -> None:
    record = record_of(begun().state)

    assert record.namespace_id == "namespace/activities"
    assert record.workflow_id == "charge"
    assert record.custom["Keyword"] == {"ActivityId": "charge", "ActivityType": "Charge"}


def test_an_event_of_its_end_is_its_last() -> None:
    story = running()
    story.end()

    assert name_of(story.events()[-1]) == "WorkflowExecutionTerminated"
    assert not asked(story.later(100).wake(), Arm)
