"""Why is this stuck? Each cause of docs/why-stuck.md, made on a real server by a scripted worker.

`later`: the same facts, looked at so many seconds later; nobody waits for them.
"""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from temporalio.api.common.v1 import RetryPolicy
from temporalio.api.enums.v1 import WorkflowTaskFailedCause as Cause
from temporalio.client import WorkflowUpdateStage

from console.gateway import activities, namespaces, queue_limits, steering, workflows
from console.gateway.activities import Which
from console.gateway.queue_limits import NO_LIMITS, Half, Wanted
from console.gateway.runs import RunKey
from tests.console.conftest import NAMESPACE
from tests.support.commands import (
    cancel_activity,
    fail,
    failed,
    retries,
    schedule_activity,
    seconds,
    start_child,
    start_timer,
)
from tests.support.eventually import eventually
from tests.support.names import Names
from tests.support.pages import calls_of, words_in
from tests.support.programs import Program, running
from tests.support.scripted import Scripted
from tests.support.standings import becomes, said, standing

Browser = Callable[..., Client]
pytestmark = pytest.mark.usefixtures("db")


def test_nobody_polls_for_the_workflow(worker: Scripted, names: Names) -> None:
    found = standing(worker.start(names.workflow()))

    assert found.cause == "no-workflow-worker"
    assert said(found).startswith(f"Nobody asks for workflow tasks of {worker.queue} since ")


def test_only_activity_workers_poll(worker: Scripted, other: Scripted, names: Names) -> None:
    key = worker.start(names.workflow())
    other.start(names.workflow("other"))
    other.on_task(schedule_activity("a", worker.queue))
    worker.poll_activity()

    found = becomes("only-activity-workers", key)

    assert "though 1 worker polls it for activities." in said(found)


def test_workers_are_busy_with_other_workflow_tasks(worker: Scripted, names: Names) -> None:
    worker.start(names.workflow("first"))
    worker.poll()
    key = worker.start(names.workflow())

    found = becomes("workflow-backlog", key, later=30)

    assert f"for its turn: 1 worker polls {worker.queue} and take" in said(found)


def test_a_worker_holds_the_workflow_task(worker: Scripted, names: Names) -> None:
    key = worker.start(names.workflow())
    worker.poll()

    assert standing(key).cause == "runs-now"
    found = standing(key, later=7)
    assert found.cause == "workflow-task-slow"
    assert said(found).endswith("the task goes to another <when>")


def test_a_workflow_task_times_out_again_and_again(worker: Scripted, names: Names) -> None:
    key = worker.start(names.workflow(), workflow_task_timeout=seconds(1))
    worker.poll()

    found = becomes("workflow-task-times-out", key)

    assert "attempt 2 by now: a worker takes it and does not answer within 1 s" in said(found)


def test_the_code_fails(worker: Scripted, names: Names) -> None:
    key = worker.start(names.workflow())
    worker.fail_task(Cause.WORKFLOW_TASK_FAILED_CAUSE_WORKFLOW_WORKER_UNHANDLED_FAILURE, "no step")

    found = becomes("workflow-code-fails", key)

    assert said(found).startswith("The workflow's own code fails in attempt 2")
    assert found.failure
    assert found.failure.message == "no step"


def test_the_code_does_not_fit_the_history(worker: Scripted, names: Names) -> None:
    key = worker.start(names.workflow())
    worker.fail_task(Cause.WORKFLOW_TASK_FAILED_CAUSE_NON_DETERMINISTIC_ERROR, "TMPRL1100")

    found = becomes("non-determinism", key)

    assert said(found).startswith("The code that is deployed does not fit this history")


def test_an_activity_fails_and_waits_for_its_next_try(worker: Scripted, names: Names) -> None:
    key = worker.start(names.workflow())
    worker.on_task(schedule_activity("a", worker.queue, retry_policy=retries(600)))
    worker.on_activity(failed("no answer", "CardTimeout"))

    found = standing(key)

    assert found.cause == "activity-fails"
    assert said(found).startswith("Charge keeps failing: no answer. Attempt 1 failed at ")
    assert said(found).endswith("; the next try is <when> It will retry without end.")


def test_an_activity_is_paused(worker: Scripted, names: Names) -> None:
    key = worker.start(names.workflow())
    worker.on_task(schedule_activity("a", worker.queue))
    activities.pause(key, Which(id="a"), "the bank is down", "bob@example.com")

    found = standing(key)

    assert found.cause == "activity-paused"
    assert "It will not be tried again until someone resumes it." in said(found)


def test_the_queue_lets_out_no_more(worker: Scripted, names: Names) -> None:
    for name in ("first", "second"):
        key = worker.start(names.workflow(name))
        worker.on_task(schedule_activity("a", worker.queue))
        if name == "first":
            worker.poll_activity()
            half = Half(NAMESPACE, worker.queue, "activity")
            queue_limits.change(
                half, NO_LIMITS.wanted, Wanted(0, None, {}), reason="the bank is down",
                identity="bob",
            )  # fmt: skip

    found = becomes("queue-limited", key, later=30)

    assert said(found).endswith(
        f": {worker.queue} lets out no activity task, set by bob: “the bank is down”."
    )


def test_it_is_paused_and_so_is_the_child_of_another(worker: Scripted, names: Names) -> None:
    if not namespaces.pauses(NAMESPACE):
        pytest.skip("this server pauses no run")
    parent, child = worker.start(names.workflow()), names.workflow("child")
    worker.on_task(start_child(child, worker.queue))
    key = eventually(lambda: workflows.describe(RunKey(NAMESPACE, child, "")).summary.key)
    steering.pause(key, "a bad deploy", "bob@example.com", "once")

    found, above = standing(key), becomes("child-stuck", parent)

    assert (found.cause, found.in_trouble) == ("run-paused", True)
    assert said(found).startswith("bob@example.com paused this run at ")
    assert ": “a bad deploy”. What comes stands in its history" in said(found)
    assert said(above).startswith(f"Its child {child} is stuck: bob@example.com paused this run")


def test_nobody_polls_for_an_activity(worker: Scripted, names: Names) -> None:
    key = worker.start(names.workflow())
    queue = names.queue()
    worker.on_task(schedule_activity("a", queue))

    found = standing(key)

    assert found.cause == "no-activity-worker"
    assert said(found).startswith(f"Nobody asks for activities of {queue}: Charge waits since ")


def test_only_workflow_workers_poll(worker: Scripted, names: Names) -> None:
    key = worker.start(names.workflow())
    worker.on_task(schedule_activity("a", worker.queue))

    found = becomes("only-workflow-workers", key)

    assert "though 1 worker polls it for workflows" in said(found)


def test_workers_are_busy_with_other_activities(worker: Scripted, names: Names) -> None:
    key = worker.start(names.workflow())
    worker.on_task(schedule_activity("a", worker.queue), schedule_activity("b", worker.queue))
    worker.poll_activity()

    found = becomes("activity-backlog", key, later=30)

    assert "for its turn" in said(found)


def test_an_activity_does_not_hear_that_it_is_cancelled(
    worker: Scripted, names: Names, program: Program
) -> None:
    key = worker.start(names.workflow())
    worker.on_task(schedule_activity("a", worker.queue))
    worker.poll_activity()
    program.signal(key, "stop")
    worker.on_task(cancel_activity(5))

    found = standing(key)

    assert found.cause == "activity-ignores-cancel"
    assert said(found).startswith("Charge was asked to cancel and goes on.")


def test_a_heartbeat_is_late(worker: Scripted, names: Names) -> None:
    key = worker.start(names.workflow())
    limits = {"start_to_close_timeout": seconds(600), "heartbeat_timeout": seconds(60)}
    worker.on_task(schedule_activity("a", worker.queue, **limits))
    worker.poll_activity()

    assert standing(key).cause == "activity-runs"
    found = standing(key, later=40)
    assert found.cause == "heartbeat-late"
    assert "one is due every 1 m 00 s. This attempt is given up <when>" in said(found)


def test_an_activity_gives_no_sign(worker: Scripted, names: Names) -> None:
    key = worker.start(names.workflow())
    worker.on_task(schedule_activity("a", worker.queue, start_to_close_timeout=seconds(600)))
    worker.poll_activity()

    found = standing(key)

    assert found.cause == "activity-silent"
    assert said(found).endswith("or it waits for somebody to complete it from outside.")


def test_the_worker_of_an_activity_is_gone(worker: Scripted, names: Names) -> None:
    key = worker.start(names.workflow())
    worker.on_task(schedule_activity("a", worker.queue, start_to_close_timeout=seconds(600)))
    worker.poll_activity()

    found = standing(key, later=100)

    assert found.cause == "worker-gone"
    assert f"on scripted-{worker.queue}, which no longer polls {worker.queue}" in said(found)
    assert found.next_at


def test_it_waits_for_a_timer(worker: Scripted, names: Names) -> None:
    key = worker.start(names.workflow())
    worker.on_task(start_timer("t", 3600))

    found = standing(key)

    assert (found.cause, found.in_trouble) == ("waits-for-timer", False)
    assert said(found) == "It waits for a timer; the next timer fires <when>."


def test_it_waits_for_a_child_and_says_what_the_child_waits_for(
    worker: Scripted, other: Scripted, names: Names
) -> None:
    key, child = worker.start(names.workflow()), names.workflow("child")
    worker.on_task(start_child(child, other.queue))
    other.on_task(start_timer("t", 3600))
    worker.on_task()

    found = standing(key)

    assert found.cause == "waits-for-child"
    assert said(found).startswith(f"It waits for the child workflow {child}. There: It waits for")


def test_the_cause_is_two_children_down(
    carol: User, browser_of: Browser, worker: Scripted, other: Scripted, names: Names
) -> None:
    key = worker.start(names.workflow())
    child, leaf_id, queue = names.workflow("child"), names.workflow("leaf"), names.queue()
    worker.on_task(start_child(child, other.queue))
    other.on_task(start_child(leaf_id, queue))
    worker.on_task()
    other.on_task()

    found = standing(key)
    page = browser_of(carol).get(
        reverse("workflows:run", args=[key.namespace, key.workflow_id, key.run_id])
    )

    assert (found.cause, found.tone) == ("child-stuck", "starving")
    assert f"Its child {child} is stuck: Its child {leaf_id} is stuck: Nobody asks" in said(found)
    assert found.of
    assert found.of.workflow_id == leaf_id
    assert f"{leaf_id} is stuck: Nobody asks for workflow tasks of {queue}" in words_in(page)
    assert "Go to the cause" in words_in(page)
    assert calls_of(page) <= 16
    assert standing(key, sees=False).cause == "waits-for-child"


def test_it_was_started_with_a_delay(worker: Scripted, names: Names) -> None:
    key = worker.start(names.workflow(), workflow_start_delay=seconds(3600))

    found = standing(key)

    assert found.cause == "start-delay"
    assert said(found) == ("It has not begun: it was started with a delay. Its code begins <when>.")


def test_it_waits_for_its_cron_schedule(worker: Scripted, names: Names) -> None:
    key = worker.start(names.workflow(), cron_schedule="0 0 1 1 *")

    found = standing(key)

    assert found.cause == "cron-wait"
    assert "its cron schedule is 0 0 1 1 *." in said(found)


def test_it_failed_and_is_tried_again_later(worker: Scripted, names: Names) -> None:
    policy = RetryPolicy(initial_interval=seconds(3600), maximum_interval=seconds(3600))
    key = worker.start(names.workflow(), retry_policy=policy)
    worker.on_task(fail(failed("not yet")))

    found = standing(RunKey(key.namespace, key.workflow_id, ""))

    assert found.cause == "retry-wait"
    assert "attempt 2 of a run that failed before" in said(found)


def test_it_was_asked_to_cancel_and_goes_on(worker: Scripted, names: Names) -> None:
    key = worker.start(names.workflow())
    worker.on_task(start_timer("t", 3600))
    steering.cancel(key, "no longer wanted", "bob@example.com", names.workflow("request"))
    worker.on_task()

    found = standing(key)

    assert (found.cause, found.in_trouble) == ("cancel-not-acted-on", True)
    assert said(found).endswith("its code has not acted on it. It waits for a timer.")


def test_an_update_does_not_end(program: Program, names: Names) -> None:
    queue = names.queue()
    with running(program, queue):
        key = program.start("Stalling", names.workflow(), queue)
        handle = program.client.get_workflow_handle(key.workflow_id)
        program.wait(handle.start_update("stall", wait_for_stage=WorkflowUpdateStage.ACCEPTED))
        found = becomes("update-unfinished", key)

    assert said(found).startswith("It waits for the end of the update stall, accepted at ")


def test_it_waits_to_be_told_and_names_what(program: Program, names: Names) -> None:
    queue = names.queue()
    with running(program, queue):
        key = program.start("Waiting", names.workflow(), queue)
        program.await_status(key, "Running", events_min=4)
        found = becomes("waits-to-be-told", key)

    assert said(found) == "It waits to be told: the signal go or the updates adjust, book."


def test_nothing_can_wake_it(program: Program, names: Names) -> None:
    queue = names.queue()
    with running(program, queue):
        key = program.start("Lost", names.workflow(), queue)
        program.await_status(key, "Running", events_min=4)
        found = becomes("lost", key)

    assert (found.cause, found.in_trouble) == ("lost", True)
    assert "its code takes no signal and no update: nothing can wake it." in said(found)


def test_who_may_not_act_reads_what_would_help(
    alice: User, carol: User, browser_of: Browser, worker: Scripted, names: Names
) -> None:
    key = worker.start(names.workflow())
    worker.on_task(schedule_activity("a", worker.queue, retry_policy=retries(600)))
    worker.on_activity(failed("no answer", "CardTimeout"))
    run = [key.namespace, key.workflow_id, key.run_id]
    place = reverse("activities:try", args=[*run, "id", "a"])
    address = reverse("workflows:run", args=run)

    assert f'hx-get="{place}"' in browser_of(alice).get(address).text
    page = browser_of(carol).get(address)
    assert place not in page.text
    assert "Try now once what it calls is mended" in words_in(page)
