"""Commands that cannot be carried out: what the task fails with, and that the run goes on."""

from collections.abc import Callable

from temporalio.api.command.v1 import Command
from temporalio.api.common.v1 import ActivityType, RetryPolicy
from temporalio.api.enums.v1 import CommandType
from temporalio.api.taskqueue.v1 import TaskQueue

from tests.features.differential.stage import Program, Stage
from tests.support.commands import (
    cancel_activity,
    cancel_timer,
    command,
    complete,
    continue_as_new,
    schedule_activity,
    seconds,
    signal_external,
    start_child,
    start_timer,
)

LONG = "x" * 1001
RESERVED = "/_sys/queue"
PAST = seconds(-1)
STEEP = RetryPolicy(backoff_coefficient=0.5)
# What each is refused for, and the command, given the queue and another workflow's id.
BAD: dict[str, Callable[[str, str], Command]] = {
    "an activity without an id": lambda q, w: schedule_activity("", q),
    "an activity with a long id": lambda q, w: schedule_activity(LONG, q),
    "an activity without a type": lambda q, w: schedule_activity("a", q, kind=""),
    "an activity with a long type": lambda q, w: schedule_activity("a", q, kind=LONG),
    "an activity without a queue": lambda q, w: schedule_activity("a", ""),
    "an activity with a long queue": lambda q, w: schedule_activity("a", LONG),
    "an activity with a reserved queue": lambda q, w: schedule_activity("a", RESERVED),
    "an activity without an end": lambda q, w: command(
        "schedule_activity_task",
        activity_id="a",
        activity_type=ActivityType(name="A"),
        task_queue=TaskQueue(name=q),
    ),
    "an activity that ends in the past": lambda q, w: schedule_activity(
        "a", q, start_to_close_timeout=PAST
    ),
    "an activity that beats in the past": lambda q, w: schedule_activity(
        "a", q, heartbeat_timeout=PAST
    ),
    "an activity that is tried faster and faster": lambda q, w: schedule_activity(
        "a", q, retry_policy=STEEP
    ),
    "an activity that is tried less than never": lambda q, w: schedule_activity(
        "a", q, retry_policy=RetryPolicy(maximum_attempts=-1)
    ),
    "cancelling event 0": lambda q, w: cancel_activity(0),
    "cancelling what is no activity": lambda q, w: cancel_activity(1),
    "cancelling what is to come": lambda q, w: cancel_activity(100),
    "a timer without an id": lambda q, w: start_timer("", 5),
    "a timer with a long id": lambda q, w: start_timer(LONG, 5),
    "a timer in the past": lambda q, w: start_timer("t", -1),
    "cancelling a timer that is not there": lambda q, w: cancel_timer("t"),
    "cancelling a timer without an id": lambda q, w: cancel_timer(""),
    "a child without an id": lambda q, w: start_child("", q),
    "a child with a long id": lambda q, w: start_child(LONG, q),
    "a child without a type": lambda q, w: start_child(w, q, kind=""),
    "a child with a long type": lambda q, w: start_child(w, q, kind=LONG),
    "a child with a long queue": lambda q, w: start_child(w, LONG),
    "a child with a reserved queue": lambda q, w: start_child(w, RESERVED),
    "a child that ends in the past": lambda q, w: start_child(w, q, workflow_run_timeout=PAST),
    "a child without a plan": lambda q, w: start_child(w, q, cron_schedule="never"),
    "a child that is tried faster and faster": lambda q, w: start_child(w, q, retry_policy=STEEP),
    "a signal to nobody": lambda q, w: signal_external("", "s"),
    "a signal to a long id": lambda q, w: signal_external(LONG, "s"),
    "a signal without a name": lambda q, w: signal_external(w, ""),
    "a signal to what is no run": lambda q, w: signal_external(w, "s", run_id="abc"),
    "a cancellation of nobody": lambda q, w: _cancel(""),
    "a cancellation of a long id": lambda q, w: _cancel(LONG),
    "a cancellation of what is no run": lambda q, w: _cancel(w, run_id="abc"),
    "going on as a long type": lambda q, w: continue_as_new(q, kind=LONG),
    "going on in a long queue": lambda q, w: continue_as_new(LONG),
    "going on in a reserved queue": lambda q, w: continue_as_new(RESERVED),
    "going on until the past": lambda q, w: continue_as_new(q, workflow_run_timeout=PAST),
    "going on with tasks until the past": lambda q, w: continue_as_new(
        q, workflow_task_timeout=PAST
    ),
    "going on before now": lambda q, w: continue_as_new(q, backoff_start_interval=PAST),
    "going on faster and faster": lambda q, w: continue_as_new(q, retry_policy=STEEP),
    "a marker without attributes": lambda q, w: command("record_marker"),
    "a failure without a failure": lambda q, w: command("fail_workflow_execution"),
    "attributes without attributes": lambda q, w: command("upsert_workflow_search_attributes"),
    "a memo without a memo": lambda q, w: command("modify_workflow_properties"),
    "a message that did not come": lambda q, w: command("protocol_message", message_id="m"),
    "a command without attributes": lambda q, w: Command(
        command_type=CommandType.COMMAND_TYPE_SCHEDULE_ACTIVITY_TASK
    ),
}


def _cancel(workflow_id: str, run_id: str = "") -> Command:
    return command(
        "request_cancel_external_workflow_execution", workflow_id=workflow_id, run_id=run_id
    )


def _refused(made: Callable[[str, str], Command]) -> Program:
    async def program(stage: Stage) -> None:
        await stage.start()
        await _is_refused(stage, made(stage.queue, stage.workflow_id("other")))
        await stage.worker.on_task(complete())

    return program


async def _is_refused(stage: Stage, *commands: Command) -> None:
    task = await stage.worker.poll()
    stage.note(await stage.refused(stage.worker.answer(task, *commands)))


REFUSED = {f"refuses {name}": _refused(made) for name, made in BAD.items()}


async def refuses_two_activities_of_one_id(stage: Stage) -> None:
    await stage.start()
    activity = schedule_activity("a", stage.queue)
    await _is_refused(stage, activity, activity)
    await stage.worker.on_task(complete())


async def refuses_two_timers_of_one_id(stage: Stage) -> None:
    await stage.start()
    await _is_refused(stage, start_timer("a", 5), start_timer("a", 6))
    await stage.worker.on_task(complete())


async def refuses_what_comes_after_the_end(stage: Stage) -> None:
    run = await stage.start()
    await _is_refused(stage, complete(), start_timer("t", 5))
    await stage.terminate(run)


async def refuses_to_end_twice(stage: Stage) -> None:
    run = await stage.start()
    await _is_refused(stage, complete(), complete())
    await stage.terminate(run)


async def refuses_to_cancel_an_activity_that_is_over(stage: Stage) -> None:
    await stage.start()
    await stage.worker.on_task(schedule_activity("a", stage.queue))
    await stage.worker.on_activity()
    await _is_refused(stage, cancel_activity(5))
    await stage.worker.on_task(complete())


async def refuses_to_cancel_an_activity_twice(stage: Stage) -> None:
    run = await stage.start()
    await stage.worker.on_task(schedule_activity("a", stage.queue))
    await stage.worker.poll_activity()
    for _ in range(2):
        await stage.signal(run)
        await _is_refused(stage, cancel_activity(5))
    await stage.worker.on_task(complete())


async def cancels_an_activity_that_ended_meanwhile(stage: Stage) -> None:
    run = await stage.start()
    await stage.worker.on_task(schedule_activity("a", stage.queue))
    activity = await stage.worker.poll_activity()
    await stage.signal(run)
    task = await stage.worker.poll()
    await stage.worker.complete_activity(activity)
    await stage.worker.answer(task, cancel_activity(5))
    await stage.worker.on_task(complete())


async def cancels_an_activity_that_it_just_scheduled(stage: Stage) -> None:
    await stage.start()
    await stage.worker.on_task(schedule_activity("a", stage.queue), cancel_activity(5))
    await stage.worker.on_task(complete())


async def starts_a_timer_without_a_length(stage: Stage) -> None:
    await stage.start()
    await stage.worker.on_task(command("start_timer", timer_id="t"))
    await stage.worker.on_task(complete())
