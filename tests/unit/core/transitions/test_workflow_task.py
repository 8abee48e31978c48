import pytest
from google.protobuf.duration_pb2 import Duration

from engine.core.effects import OfferTask
from engine.core.inputs import Wake
from engine.core.limits import DEFAULT
from engine.core.step import Step, step
from engine.errors import TaskNotFound
from tests.support.neighbours import clear_sticky, request_cancel
from tests.support.stored import Stored
from tests.support.story import (
    SECOND,
    Story,
    accept,
    asked,
    complete_run,
    names_of,
    refusal_of,
    reject,
    reply_of,
    respond,
    schedule_activity,
    start_timer,
    sticky,
)


def started() -> Story:
    story = Story()
    story.start()
    return story


def waiting() -> Story:
    """A run whose worker has nothing to do."""
    story = started()
    story.do()
    return story


def test_a_start_schedules_the_first_task() -> None:
    assert started().names() == ["WorkflowExecutionStarted", "WorkflowTaskScheduled"]


def test_a_task_is_taken_once() -> None:
    story = started()
    story.take_task(request_id="first")

    with pytest.raises(TaskNotFound):
        story.take_task(request_id="second")


def test_the_same_poll_again_gets_the_same_answer() -> None:
    story = started()
    first = reply_of(story.take_task(request_id="first"))

    again = story.take_task(request_id="first")

    assert again.events == ()
    assert reply_of(again) == first


def test_signals_while_a_task_is_scheduled_bring_no_second_one() -> None:
    story = started()

    assert names_of(story.signal()) == ["WorkflowExecutionSignaled"]


def test_a_signal_while_a_task_runs_is_held_back_until_it_ends() -> None:
    story = started()
    story.take_task()
    assert story.signal().events == ()

    assert names_of(story.finish_task()) == [
        "WorkflowTaskCompleted",
        "WorkflowExecutionSignaled",
        "WorkflowTaskScheduled",
    ]


def test_a_run_cannot_close_over_a_signal_that_it_has_not_seen() -> None:
    story = started()
    story.take_task()
    story.signal()

    refused = story.finish_task(complete_run())

    assert str(refusal_of(refused)) == "UnhandledCommand"
    assert names_of(refused) == [
        "WorkflowTaskFailed",
        "WorkflowExecutionSignaled",
        "WorkflowTaskScheduled",
    ]


def test_a_failing_task_is_tried_again_without_growing_the_history() -> None:
    story = started()
    story.take_task()
    assert names_of(story.fail_task()) == ["WorkflowTaskFailed"]

    for _ in range(5):
        story.later(700).wake()
        story.take_task()
        assert story.fail_task().events == ()

    assert story.state.task_attempt == 7


def test_a_retry_that_ends_well_is_written_down_with_its_attempt() -> None:
    story = started()
    story.take_task()
    story.fail_task()

    written = story.do()

    assert names_of(written) == [
        "WorkflowTaskScheduled",
        "WorkflowTaskStarted",
        "WorkflowTaskCompleted",
    ]
    assert written.events[0].workflow_task_scheduled_event_attributes.attempt == 2


def test_a_task_that_keeps_failing_is_put_off_longer_each_time() -> None:
    story = started()
    pauses = []
    for _ in range(5):
        if story.state.task is None:
            pauses.append((story.state.task_backoff_until - story.at) // SECOND)
            story.at = story.state.task_backoff_until
            story.wake()
        story.take_task()
        story.fail_task()

    assert pauses == [1, 2, 4]


def test_a_worker_that_says_nothing_times_out() -> None:
    story = started()
    story.take_task()

    timed_out = story.later(10).wake()

    assert names_of(timed_out) == ["WorkflowTaskTimedOut"]
    assert len(asked(timed_out, OfferTask)) == 1


def test_a_worker_that_is_late_again_and_again_is_given_more_time_and_asked_at_once() -> None:
    story = started()
    times = []
    for number in range(6):
        story.take_task(request_id=str(number))
        task = story.state.task
        assert task is not None
        times.append(task.timeout_ns // SECOND)
        story.later(times[-1]).wake()
        assert story.state.task is not None, "it is not put off"

    assert times == [10, 10, 10, 15, 20, 30]


def test_an_answer_after_the_time_out_is_refused() -> None:
    story = started()
    story.take_task()
    attempt, task = 1, story.state.task
    assert task is not None
    story.later(10).wake()
    story.take_task(request_id="second")

    with pytest.raises(TaskNotFound):
        story.give_completion(task.scheduled_event_id, task.started_event_id, attempt)


def test_a_sticky_worker_that_is_gone_gives_the_task_to_the_others() -> None:
    story = started()
    story.take_task()
    story.finish_task(sticky_attributes=sticky("mine", seconds=5))
    assert asked(story.signal(), OfferTask)[0].queue.name == "mine"

    timed_out = story.later(5).wake()

    assert names_of(timed_out) == ["WorkflowTaskTimedOut", "WorkflowTaskScheduled"]
    assert asked(timed_out, OfferTask)[0].queue.name == "orders"


def test_a_forced_next_task_is_given_with_the_answer() -> None:
    story = started()
    story.take_task()

    answer = reply_of(
        story.finish_task(force_create_new_workflow_task=True, return_new_workflow_task=True)
    )

    assert answer.next_task.started_event_id == story.state.last_event_id


def test_an_update_that_is_refused_leaves_no_event() -> None:
    story = waiting()
    told = len(story.names())
    story.update()
    story.take_task()

    story.finish_task(messages=(reject(),))

    assert len(story.names()) == told
    assert story.state.updates == {}
    assert story.state.refusals["u"].message == "too much"


def test_an_update_that_is_accepted_is_written_with_its_task() -> None:
    story = waiting()
    story.update()
    story.take_task()

    written = story.finish_task(messages=(accept(), respond()))

    assert names_of(written) == [
        "WorkflowTaskScheduled",
        "WorkflowTaskStarted",
        "WorkflowTaskCompleted",
        "WorkflowExecutionUpdateAccepted",
        "WorkflowExecutionUpdateCompleted",
    ]


def test_an_update_that_the_worker_leaves_without_a_word_is_rejected() -> None:
    story = waiting()
    story.update()
    story.take_task()

    story.finish_task(start_timer())

    assert "wasn't processed" in story.state.refusals["u"].message


def test_an_update_is_sent_again_when_its_task_fails() -> None:
    story = waiting()
    story.update()
    story.take_task()
    story.fail_task()

    answer = reply_of(story.take_task(request_id="again"))

    assert [message.protocol_instance_id for message in answer.messages] == ["u"]


def test_a_signal_before_a_speculative_task_is_taken_writes_it_down_as_it_was_offered() -> None:
    story = waiting()
    (offered,) = asked(story.update(), OfferTask)

    assert names_of(story.signal()) == ["WorkflowTaskScheduled", "WorkflowExecutionSignaled"]
    assert story.state.task is not None
    assert not story.state.task.held
    assert story.state.task.scheduled_event_id == offered.event_id
    assert names_of(story.take_task()) == ["WorkflowTaskStarted"]


def test_a_sticky_task_is_given_up_though_the_run_sticks_to_nobody_any_more() -> None:
    story = Stored()
    story.start()
    story.do(sticky_attributes=sticky("mine", 5))
    story.signal()
    clear_sticky(story)

    for state in (story.state, story.loaded()):
        woken = step(state, Wake(at=story.at + 5 * SECOND), DEFAULT)
        (offered,) = asked(woken, OfferTask)
        assert names_of(woken) == ["WorkflowTaskTimedOut", "WorkflowTaskScheduled"]
        assert offered.queue.name == "orders"


def delayed() -> Stored:
    """A run that is to begin in a minute."""
    return Stored(first_workflow_task_backoff=Duration(seconds=60))


def test_a_run_that_began_early_is_not_begun_again_when_its_time_comes() -> None:
    story = delayed()
    story.start()
    request_cancel(story)
    story.do(start_timer(seconds=600))

    assert names_of(story.later(61).wake()) == []


def test_a_run_begins_in_time_though_an_update_was_refused_before() -> None:
    story = delayed()
    story.start()
    story.update()
    story.take_task()
    loaded = story.loaded()
    refuse(story)

    assert names_of(story.later(61).wake()) == ["WorkflowTaskScheduled"]
    assert (story.at - SECOND, "first", "") in loaded.deadlines


def test_a_run_begins_though_an_update_is_refused_as_its_time_comes() -> None:
    story = delayed()
    story.start()
    story.later(59).update()
    story.take_task()
    story.later(2).wake()

    assert names_of(refuse(story)) == ["WorkflowTaskScheduled"]


def refuse(story: Story) -> Step:
    return story.finish_task(
        messages=(reject(),), capabilities={"discard_speculative_workflow_task_with_events": True}
    )


def test_commands_are_refused_as_a_whole() -> None:
    story = started()
    bad = schedule_activity("")

    refused = story.do(start_timer(), bad)

    assert names_of(refused) == ["WorkflowTaskFailed"]
    assert story.state.timers == {}
