"""A run that is told where to go: its tasks, its history, and what is left as it is."""

from temporalio.api.enums.v1 import EventType as E
from temporalio.api.taskqueue.v1 import StickyExecutionAttributes, TaskQueue

from engine.core.effects import DropTask, EmitRecord, OfferTask
from engine.core.keys import QueueKey, version_queue
from engine.core.step import Step
from tests.support.interventions import override
from tests.support.story import Story

PLAIN = QueueKey("namespace", "orders", "workflow")
OPTIONS_UPDATED = E.EVENT_TYPE_WORKFLOW_EXECUTION_OPTIONS_UPDATED


def queue_of(build: str) -> QueueKey:
    return PLAIN._replace(name=version_queue("orders", f"shop:{build}"))


def offered(step: Step) -> list[QueueKey]:
    return [effect.queue for effect in step.effects if isinstance(effect, OfferTask)]


def started() -> Story:
    story = Story()
    story.start()
    return story


def test_the_task_that_waits_goes_where_the_run_goes_now() -> None:
    story = started()
    pinned = override(story, "one")
    again = override(story, "two")
    freed = override(story, "")

    assert [offered(step) for step in (pinned, again, freed)] == [
        [queue_of("one")],
        [queue_of("two")],
        [PLAIN],
    ]
    assert DropTask(kind="workflow", event_id=2) in pinned.effects
    assert EmitRecord() in pinned.effects
    story.take_task()


def test_what_is_so_already_leaves_no_event_and_no_offer() -> None:
    story = started()
    assert override(story, "").events == ()
    override(story, "one")
    again = override(story, "one")

    assert (again.events, offered(again)) == ((), [])


def test_who_upgrades_anyway_stays_in_its_queue() -> None:
    story = started()
    step = override(story, "auto")

    assert [event.event_type for event in step.events] == [OPTIONS_UPDATED]
    assert offered(step) == []


def test_a_task_under_way_stays_with_its_worker_and_the_next_one_moves() -> None:
    story = started()
    story.take_task()
    during = override(story, "two")
    assert (during.events, offered(during)) == ((), [])
    after = story.finish_task()

    assert OPTIONS_UPDATED in [event.event_type for event in after.events]
    assert offered(after) == [queue_of("two")]


def test_a_worker_that_kept_the_run_is_left() -> None:
    story = started()
    story.take_task()
    sticky = StickyExecutionAttributes(worker_task_queue=TaskQueue(name="worker-1"))
    story.finish_task(sticky_attributes=sticky)
    override(story, "two")

    assert story.state.sticky_queue == ""
    assert offered(story.signal()) == [queue_of("two")]
