from google.protobuf.duration_pb2 import Duration
from temporalio.api.common.v1 import RetryPolicy

from engine.core.effects import CloseChild, ContinueAs, DropTask, TellParent
from tests.support.story import (
    SECOND,
    Story,
    application_failure,
    asked,
    complete_run,
    continue_as_new,
    fail_run,
    names_of,
    schedule_activity,
    start_child,
    word,
)


def started(**attributes: object) -> Story:
    story = Story(**attributes)
    story.start()
    return story


def test_a_run_completes_with_its_result() -> None:
    story = started()

    completed = story.do(complete_run())

    attributes = completed.events[-1].workflow_execution_completed_event_attributes
    assert attributes.result == word("done")
    assert not story.state.is_running


def test_a_run_that_is_terminated_while_a_task_runs_fails_the_task_first() -> None:
    story = started()
    story.take_task()

    assert names_of(story.terminate()) == ["WorkflowTaskFailed", "WorkflowExecutionTerminated"]


def test_what_waited_in_queues_goes_with_the_run() -> None:
    story = started()
    story.do(schedule_activity())

    dropped = asked(story.terminate(), DropTask)

    assert [(task.kind, task.event_id) for task in dropped] == [("activity", 5)]


def test_continue_as_new_begins_the_next_run_with_what_was_given() -> None:
    story = started()

    (following,) = asked(story.do(continue_as_new()), ContinueAs)

    attributes = following.start.attributes
    assert attributes.input == word("next")
    assert attributes.continued_execution_run_id == story.state.key.run_id
    assert story.state.next_run_id == following.run_id


def test_a_run_with_a_retry_policy_is_tried_again_after_its_back_off() -> None:
    policy = RetryPolicy(initial_interval=Duration(seconds=3), maximum_attempts=2)
    story = started(retry_policy=policy)

    (following,) = asked(story.do(fail_run()), ContinueAs)

    attributes = following.start.attributes
    assert attributes.attempt == 2
    assert attributes.first_workflow_task_backoff.ToNanoseconds() == 3 * SECOND
    assert attributes.continued_failure == application_failure("it broke")


def test_a_delayed_run_has_its_first_task_when_its_time_has_come() -> None:
    story = started(first_workflow_task_backoff=Duration(seconds=3))
    assert story.state.task is None

    assert names_of(story.later(3).wake()) == ["WorkflowTaskScheduled"]


def test_a_cron_run_goes_on_after_it_has_completed() -> None:
    story = started(cron_schedule="0 * * * *")
    assert names_of(story.later(3600).wake()) == ["WorkflowTaskScheduled"]

    (following,) = asked(story.do(complete_run()), ContinueAs)

    assert following.start.attributes.last_completion_result == word("done")
    assert following.start.attributes.first_workflow_task_backoff.ToNanoseconds() > 0


def test_a_run_times_out() -> None:
    story = started(workflow_run_timeout=Duration(seconds=30))

    assert names_of(story.later(30).wake()) == ["WorkflowExecutionTimedOut"]


def test_a_child_tells_its_parent_how_it_ended() -> None:
    parent = {"workflow_id": "parent", "run_id": "r"}
    story = started(parent_workflow_execution=parent, parent_initiated_event_id=7)

    (told,) = asked(story.do(complete_run()), TellParent)

    assert told.parent.workflow_id == "parent"
    assert told.initiated_event_id == 7


def test_a_child_that_continues_tells_its_parent_nothing_yet() -> None:
    parent = {"workflow_id": "parent", "run_id": "r"}
    story = started(parent_workflow_execution=parent, parent_initiated_event_id=7)

    assert asked(story.do(continue_as_new()), TellParent) == []


def test_the_children_of_a_closed_run_are_terminated() -> None:
    story = started()
    story.do(start_child())

    (closed,) = asked(story.terminate(), CloseChild)

    assert closed.terminate
    assert closed.child.workflow_id == "shipping-1"
