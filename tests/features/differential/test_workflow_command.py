"""`temporal workflow` on both servers: the same words and the same exit codes."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from temporalio.api.protocol.v1 import Message
from temporalio.api.workflowservice.v1 import CountWorkflowExecutionsRequest

from tests.features.differential.conftest import told_alike
from tests.support.commands import (
    command,
    complete,
    continue_as_new,
    fail,
    failed,
    start_child,
    start_timer,
    text,
)
from tests.support.engine import Server
from tests.support.eventually import eventually_async
from tests.support.names import Names
from tests.support.shell import Shell
from tests.support.update_messages import acceptance, completion, rejection
from tests.support.worker import ScriptedWorker

Story = Callable[[Shell, ScriptedWorker], Awaitable[None]]

START = "workflow start --type Scripted --task-queue $queue --workflow-id"
EXECUTE = "workflow execute --type Scripted --task-queue $queue --workflow-id"
METADATA = {
    "currentDetails": "counting",
    "definition": {
        "type": "Scripted",
        "queryDefinitions": [{"name": "state", "description": "how it stands"}],
        "signalDefinitions": [{"name": "go"}],
        "updateDefinitions": [{"name": "charge"}],
    },
}


async def asked(worker: ScriptedWorker, **given: object) -> None:
    task = await worker.poll()
    assert task.HasField("query"), f"no question came to {worker.queue}"
    await worker.answer_query(task, **given)  # type: ignore[arg-type]


async def updated(worker: ScriptedWorker, *answers: Callable[[Message], Message]) -> None:
    """The next task carries an update; it is answered so, one message after the other."""
    task = await worker.poll()
    (request,) = task.messages
    messages = [answer(request) for answer in answers]
    said = [
        command("protocol_message", message_id=message.id)
        for message in messages
        if not message.id.endswith("reject")
    ]
    await worker.answer(task, *said, messages=messages)


def done(request: Message) -> Message:
    return completion(request, "done")


def refused(request: Message) -> Message:
    return rejection(request, "no such card")


async def starts(shell: Shell, worker: ScriptedWorker) -> None:
    await shell.play(f"""
        {START} $run --input 1 --input '"two"' --memo k='"v"' --execution-timeout 2h --run-timeout 1h --task-timeout 5s --static-summary short --static-details long --priority-key 2 --fairness-key fk --fairness-weight 2 --headers h='"x"'
        {START} $run
        {START} $run --fail-existing
        {START} $run --id-conflict-policy UseExisting --output json
        {START} $run --id-conflict-policy TerminateExisting --id-reuse-policy RejectDuplicate
        {START} $run-2 --start-delay 1h --output json
        {START} $run-3 --cron "@every 1h"
        {START} $run-4 --cron bad
        {START} $run-4 --search-attribute Nobody=1
        {START} $run-4 --search-attribute 'BuildIds="red"'
        {START} $run-4 --search-attribute 'BuildIds=[1.5,{{"a":true}}]'
        {START} $run-4 --search-attribute 'WorkflowId="w"'
        {START} $run-4 --priority-key -1
        {START} $run-4 --fairness-weight -1
        {START} $run-4 --fairness-key {"k" * 65}
        {START} $run-4 --run-timeout -1s
        {START} $run-4 --start-delay 1h --cron "@every 1h"
        {START} $run-4 --namespace nobody
        workflow start --type "" --task-queue $queue --workflow-id $run-4
        workflow start --type Scripted --task-queue /_sys/x --workflow-id $run-4
        workflow signal-with-start --type Scripted --task-queue $queue --workflow-id $run --signal-name go --signal-input 1
        workflow signal-with-start --type Scripted --task-queue $queue --workflow-id $run-5 --signal-name go --output json
        workflow describe --workflow-id $run
        workflow describe --workflow-id $run --output json
        workflow describe --workflow-id $run-2 --output json
        workflow describe --workflow-id $run-3 --output json
        workflow describe --workflow-id nobody
        workflow describe --workflow-id $run --run-id nobody
        workflow show --workflow-id $run --output json
        workflow show --workflow-id nobody
    """)  # noqa: E501  a command is one line


async def ends(shell: Shell, worker: ScriptedWorker) -> None:
    await shell.during(f"{EXECUTE} $run-1", worker.on_task(complete(text("done"))))
    await shell.during(f"{EXECUTE} $run-2 --output json", worker.on_task(complete(text([1]))))
    broken = fail(failed("broken", "Broken"))
    await shell.during(f"{EXECUTE} $run-3", worker.on_task(broken))
    canceled = command("cancel_workflow_execution")
    await shell.during(f"{EXECUTE} $run-4", worker.on_task(canceled))
    await shell.during(
        f"{EXECUTE} $run-5 --detailed",
        worker.on_task(continue_as_new(worker.queue)),
        worker.on_task(complete()),
    )
    await shell.play(f"""
        {EXECUTE} $run-1 --id-reuse-policy RejectDuplicate
        {START} $run-1 --id-reuse-policy AllowDuplicateFailedOnly
        workflow result --workflow-id $run-1
        workflow result --workflow-id $run-2 --output json
        workflow result --workflow-id $run-3
        workflow result --workflow-id $run-3 --output json
        workflow result --workflow-id $run-4
        workflow result --workflow-id $run-5
        workflow result --workflow-id nobody
        workflow describe --workflow-id $run-1
        workflow describe --workflow-id $run-3 --output json
        workflow describe --workflow-id $run-4 --raw
        workflow describe --workflow-id $run-1 --reset-points
        workflow show --workflow-id $run-3 --follow
        workflow show --workflow-id $run-3 --reverse
        workflow show --workflow-id $run-5 --output json
        workflow trace --workflow-id $run-3
        workflow trace --workflow-id nobody
        {START} $run-6 --run-timeout 1s
        workflow result --workflow-id $run-6
    """)


async def family(shell: Shell, worker: ScriptedWorker) -> None:
    run = shell.places["run"]
    kid = ScriptedWorker(worker.server, f"{worker.queue}-kid")
    await shell.play(f"{START} $run")
    await worker.on_task(start_child(f"{run}-kid", kid.queue, input=text(1)))
    await worker.on_task()
    await kid.on_task(complete(text("done")))
    await worker.on_task(complete())
    await shell.play("""
        workflow trace --workflow-id $run --no-fold
        workflow show --workflow-id $run --output json
        workflow show --workflow-id $run-kid --output json
    """)


async def questions(shell: Shell, worker: ScriptedWorker) -> None:
    await shell.play(f"{START} $run")
    await worker.on_task()
    query = "workflow query --workflow-id $run --name state"
    await shell.during(f"{query} --input 1", asked(worker, result=text("on")))
    await shell.during(f"{query} --output json", asked(worker, result=text({"a": 1})))
    await shell.during(query, asked(worker, refusal="unknown query state"))
    await shell.during("workflow stack --workflow-id $run", asked(worker, result=text("line 1")))
    metadata = "workflow metadata --workflow-id $run"
    await shell.during(metadata, asked(worker, result=text(METADATA)))
    await shell.during(f"{metadata} --output json", asked(worker, result=text(METADATA)))
    await shell.play(f"""
        workflow terminate --workflow-id $run
        {query} --reject-condition not_open
        workflow query --workflow-id nobody --name state
        workflow stack --workflow-id nobody
        workflow metadata --workflow-id nobody
    """)


async def updates(shell: Shell, worker: ScriptedWorker) -> None:
    await shell.play(f"{START} $run")
    await worker.on_task()
    update = "--workflow-id $run --name charge --update-id"
    execute, start = f"workflow update execute {update}", f"workflow update start {update}"
    await shell.during(f"{execute} u1 --input 1", updated(worker, acceptance, done))
    await shell.during(f"{execute} u2 --output json", updated(worker, acceptance, done))
    await shell.during(f"{execute} u3", updated(worker, refused))
    await shell.during(f"{start} u4 --wait-for-stage accepted", updated(worker, acceptance))
    await shell.play(f"""
        {execute} u1
        workflow update describe --workflow-id $run --update-id u1
        workflow update describe --workflow-id $run --update-id u4 --output json
        workflow update result --workflow-id $run --update-id u1
        workflow update result --workflow-id $run --update-id u2 --output json
        workflow update result --workflow-id $run --update-id nobody
        workflow update describe --workflow-id $run --update-id nobody
        workflow update execute --workflow-id nobody --name charge
        workflow terminate --workflow-id $run
        workflow update execute --workflow-id $run --name charge
        workflow update result --workflow-id $run --update-id u4
    """)


async def updates_with_start(shell: Shell, worker: ScriptedWorker) -> None:
    given = "--type Scripted --task-queue $queue --workflow-id $run --update-name charge"
    start = f"workflow start-update-with-start --update-wait-for-stage accepted {given}"
    execute = f"workflow execute-update-with-start {given}"
    use, only = "--id-conflict-policy UseExisting", "--id-conflict-policy Fail"
    await shell.during(f"{start} {use} --update-id u1", updated(worker, acceptance))
    await shell.during(f"{execute} {use} --update-id u2", updated(worker, acceptance, done))
    await shell.during(
        f"{execute} {use} --update-id u3 --output json", updated(worker, acceptance, done)
    )
    await shell.during(f"{execute} {use} --update-id u4", updated(worker, refused))
    await shell.play(f"""
        {execute} {only} --update-id u5
        {start} {only} --update-id u5 --output json
        {execute} {use} --update-id u5 --namespace nobody
        {execute} {use} --workflow-id $run-2 --update-id u5 --search-attribute Nobody=1
    """)


async def resets(shell: Shell, worker: ScriptedWorker) -> None:
    reset = "workflow reset --workflow-id $run --reason again"
    auto = "--versioning-override-behavior auto_upgrade"
    pinned = (
        "--versioning-override-behavior pinned --versioning-override-deployment-name nobody"
        " --versioning-override-build-id b"
    )
    with_options = (
        "workflow reset with-workflow-update-options --workflow-id $run --reason again --event-id 4"
    )
    await shell.play(f"{START} $run")
    await worker.on_task(start_timer("t", 600))
    await shell.play("workflow signal --workflow-id $run --name go --input 1")
    await worker.on_task()
    await shell.play(f"""
        {reset} --type FirstWorkflowTask
        workflow describe --workflow-id $run
    """)
    await worker.on_task()
    await shell.play(f"""
        {reset} --type LastWorkflowTask --output json
        workflow show --workflow-id $run
        {reset} --event-id 4 --reapply-exclude All
        workflow show --workflow-id $run
        {reset} --event-id 99
        {reset} --type LastContinuedAsNew
        {reset} --workflow-id nobody --type FirstWorkflowTask
        {reset} --workflow-id nobody --event-id 4
        {with_options} {pinned}
        {with_options} {auto}
        workflow show --workflow-id $run --detailed
        workflow update-options --workflow-id $run {pinned}
        workflow update-options --workflow-id $run {auto}
        workflow update-options --workflow-id $run --versioning-override-behavior unspecified
        workflow update-options --workflow-id nobody {auto}
        workflow terminate --workflow-id $run
        workflow update-options --workflow-id $run {auto}
    """)


async def steering(shell: Shell, worker: ScriptedWorker) -> None:
    other = "--run-id 4ab7f1a0-0000-4000-8000-000000000000"
    await shell.play(f"""
        {START} $run
        workflow signal --workflow-id $run --name go --input 1
        workflow signal --workflow-id $run {other} --name go
        workflow signal --workflow-id nobody --name go
        workflow pause --workflow-id $run --reason tired
        workflow unpause --workflow-id $run
        workflow unpause --workflow-id nobody
        workflow cancel --workflow-id $run
        workflow cancel --workflow-id $run
        workflow describe --workflow-id $run
        workflow terminate --workflow-id $run --reason enough
        workflow show --workflow-id $run
        workflow result --workflow-id $run --output json
        workflow terminate --workflow-id $run
        workflow cancel --workflow-id $run
        workflow signal --workflow-id $run --name go
        workflow cancel --workflow-id nobody
        workflow terminate --workflow-id nobody
        workflow delete --workflow-id $run
        workflow delete --workflow-id nobody --yes
        workflow delete --workflow-id $run --yes
    """)


async def lists(shell: Shell, worker: ScriptedWorker) -> None:
    run, workflows = shell.places["run"], shell.server.workflows
    await shell.play(f"{START} $run")
    request = CountWorkflowExecutionsRequest(
        namespace=shell.server.namespace, query=f"WorkflowId = '{run}'"
    )
    await eventually_async(
        lambda: workflows.CountWorkflowExecutions(request), lambda found: found.count == 1
    )
    await shell.play("""
        workflow list --query "WorkflowId = '$run'"
        workflow list --query "WorkflowId = '$run'" --output json
        workflow list --query "ExecutionStatus = 'Completed' AND WorkflowId = '$run'"
        workflow list --query "bad bad"
        workflow list --query "Colour = 'red'"
        workflow list --query "CloseTime = 'never'"
        workflow list --query "ExecutionStatus = 'Bad'"
        workflow list --namespace nobody
        workflow list --archived
        workflow count --query "WorkflowId = '$run'"
        workflow count --query "WorkflowId = '$run'" --output json
        workflow count --query "WorkflowId = '$run' GROUP BY ExecutionStatus"
        workflow count --query "bad bad"
        workflow count --namespace nobody
    """)


STORIES: tuple[Story, ...] = (
    starts,
    ends,
    family,
    questions,
    updates,
    updates_with_start,
    resets,
    steering,
    lists,
)


async def told(server: Server, name: str) -> list[list[str]]:
    """All stories at once: each mostly waits for one process or the other."""

    async def one(story: Story) -> list[str]:
        run = f"{name}-{story.__name__}"
        shell = Shell(server, run=run, queue=f"queue-of-{run}")
        await story(shell, ScriptedWorker(server, shell.places["queue"]))
        return shell.said

    return await asyncio.gather(*map(one, STORIES))


async def test_both_servers_say_the_same(server: Server, official: Server, names: Names) -> None:
    await told_alike(told, server, official, names.workflow())
