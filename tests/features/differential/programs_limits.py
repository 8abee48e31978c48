"""What is too large or too much: how it is refused, or what becomes of the run."""

import asyncio
from collections.abc import Callable

from temporalio.api.command.v1 import Command
from temporalio.api.common.v1 import Header, Memo
from temporalio.api.failure.v1 import Failure

from tests.features.differential.programs_updates import update
from tests.features.differential.stage import Program, Stage
from tests.support.commands import (
    command,
    complete,
    continue_as_new,
    fail,
    failed,
    schedule_activity,
    seconds,
    signal_external,
    start_child,
    start_timer,
    text,
)

_AGE_SECONDS = 31_500_000_000
# More than a payload may have, less than a message.
LARGE = text("x" * 2_200_000)
ONE = LARGE.payloads[0]
MEMO = Memo(fields={"large": ONE})
HEADER = Header(fields={"large": ONE})


def _large_failure() -> Failure:
    failure = failed("too much said")
    failure.application_failure_info.details.CopyFrom(LARGE)
    return failure


# Given the queue and another workflow's id. A large result is not among them: the official server
# fails the task with the cause that is for activities.
TOO_LARGE: dict[str, Callable[[str, str], Command]] = {
    "a large failure": lambda q, w: fail(_large_failure()),
    "a failure of many words": lambda q, w: fail(failed("x" * 2_200_000)),
    "large last words": lambda q, w: command("cancel_workflow_execution", details=LARGE),
    "a large input of an activity": lambda q, w: schedule_activity("a", q, input=LARGE),
    "a large header of an activity": lambda q, w: schedule_activity("a", q, header=HEADER),
    "a large marker": lambda q, w: command(
        "record_marker", marker_name="m", details={"large": LARGE}
    ),
    "a large header of a marker": lambda q, w: command(
        "record_marker", marker_name="m", header=HEADER
    ),
    "a large failure of a marker": lambda q, w: command(
        "record_marker", marker_name="m", failure=_large_failure()
    ),
    "a large input of a child": lambda q, w: start_child(w, q, input=LARGE),
    "a large header of a child": lambda q, w: start_child(w, q, header=HEADER),
    "a large memo of a child": lambda q, w: start_child(w, q, memo=MEMO),
    "a large signal": lambda q, w: signal_external(w, "s", input=LARGE),
    "a large header of a signal": lambda q, w: signal_external(
        w, "s", header=HEADER, namespace="default"
    ),
    "a large input of the next run": lambda q, w: continue_as_new(q, input=LARGE),
    "a large header of the next run": lambda q, w: continue_as_new(q, header=HEADER),
    "a large memo of the next run": lambda q, w: continue_as_new(q, memo=MEMO),
    "a large memo": lambda q, w: command("modify_workflow_properties", upserted_memo=MEMO),
}


#: Not too large after all, and what comes of it is in the history a moment later.
FOLLOWED_BY = {
    "a large header of a child": "ChildWorkflowExecutionStarted",
    "a large header of a signal": "SignalExternalWorkflowExecutionFailed",
}


def _given(made: Callable[[str, str], Command], followed_by: str | None) -> Program:
    async def program(stage: Stage) -> None:
        run = await stage.start()
        task = await stage.worker.poll()
        answer = stage.worker.answer(task, made(stage.queue, stage.workflow_id("other")))
        stage.note(await stage.refused(answer))
        if followed_by is not None:
            await stage.until_seen(run, followed_by)

    return program


LARGE_COMMANDS = {
    f"is given {name}": _given(made, FOLLOWED_BY.get(name)) for name, made in TOO_LARGE.items()
}


async def hears_too_much_while_a_task_runs(stage: Stage) -> None:
    run = await stage.start()
    task = await stage.worker.poll()
    for number in range(102):
        await stage.signal(run, f"s{number}")
    stage.note(await stage.refused(stage.worker.answer(task)))
    await stage.worker.on_task(complete())


async def hears_much_at_length_while_a_task_runs(stage: Stage) -> None:
    run = await stage.start()
    task = await stage.worker.poll()
    for number in range(4):
        await stage.signal(run, f"s{number}", input=text("x" * 700_000))
    stage.note(await stage.refused(stage.worker.answer(task)))
    await stage.worker.on_task(complete())


async def hears_too_much_while_a_second_attempt_runs(stage: Stage) -> None:
    run = await stage.start()
    await stage.worker.fail_task(await stage.worker.poll())
    task = await stage.worker.poll()
    for number in range(102):
        await stage.signal(run, f"s{number}")
    stage.note(await stage.refused(stage.worker.answer(task)))
    await stage.worker.on_task(complete())


PENDING_MAX = 2000
# Each once more than may be pending; given a number, the queue and another workflow's id.
TOO_MANY: dict[str, Callable[[int, str, str], Command]] = {
    "activities": lambda n, q, w: schedule_activity(f"a{n}", q),
    "children": lambda n, q, w: start_child(f"{w}/{n}", q),
    "signals": lambda n, q, w: signal_external(w, "s"),
    "cancellations": lambda n, q, w: command(
        "request_cancel_external_workflow_execution", workflow_id=w
    ),
}


def _too_many(made: Callable[[int, str, str], Command]) -> Program:
    async def program(stage: Stage) -> None:
        await stage.start()
        task = await stage.worker.poll()
        other = stage.workflow_id("other")
        commands = [made(number, stage.queue, other) for number in range(PENDING_MAX + 1)]
        stage.note(await stage.refused(stage.worker.answer(task, *commands)))
        await stage.worker.on_task(complete())

    return program


MANY_COMMANDS = {f"is given too many {name}": _too_many(made) for name, made in TOO_MANY.items()}


async def is_asked_for_too_many_updates_at_once(stage: Stage) -> None:
    run = await stage.start()
    waiting = [update(stage, run, f"u{number}") for number in range(10)]
    await asyncio.sleep(0.5)
    await stage.hear(update(stage, run, "one more"))
    for asked in waiting:
        asked.cancel()
    await stage.worker.on_task(complete())


async def has_much_time_for_a_task(stage: Stage) -> None:
    await stage.start(workflow_task_timeout=seconds(600))
    await stage.worker.on_task(complete())


async def what_is_waited_for_is_a_thousand_years_away(stage: Stage) -> None:
    """More nanoseconds than go into the 63 bits that a server counts them in."""
    ages = {
        f"workflow_{which}_timeout": seconds(_AGE_SECONDS) for which in ("execution", "run", "task")
    }
    run = await stage.start(**ages)
    await stage.worker.on_task(
        start_timer("t", _AGE_SECONDS),
        schedule_activity(
            "a", stage.queue, start_to_close_timeout=seconds(_AGE_SECONDS),
            heartbeat_timeout=seconds(_AGE_SECONDS),
        ),
    )  # fmt: skip
    await stage.worker.on_activity(text("done"))
    await stage.worker.on_task()
    await stage.signal(run)
    await stage.worker.on_task(complete())


async def a_run_begins_in_a_thousand_years(stage: Stage) -> None:
    run = await stage.start(workflow_start_delay=seconds(_AGE_SECONDS))
    await stage.terminate(run)
