"""`temporal activity` on both servers, at standalone activities and at those of workflows."""

from __future__ import annotations

import asyncio

from tests.features.differential.conftest import told_alike
from tests.support.commands import retries, schedule_activity, text
from tests.support.engine import Server
from tests.support.names import Names
from tests.support.shell import Shell
from tests.support.worker import ScriptedWorker

QUEUE = "queue of the command"
OF_PLAY = ("--query", f"TaskQueue = '{QUEUE}'")
MINE = ("--type", "Charge", "--task-queue", QUEUE, "--start-to-close-timeout", "30s")
OPTIONS = (
    "--start-to-close-timeout 1m --schedule-to-close-timeout 2m --schedule-to-start-timeout 30s"
    " --heartbeat-timeout 10s --retry-maximum-attempts 5 --retry-initial-interval 2s"
    " --retry-backoff-coefficient 3 --retry-maximum-interval 1m"
)


def named(activity_id: str) -> tuple[str, str]:
    return ("--activity-id", activity_id)


async def told_of_standalone(server: Server) -> list[str]:
    shell = Shell(server)
    worker = ScriptedWorker(server, QUEUE)

    async def run(command: str, activity_id: str = "", *words: str) -> None:
        meant = named(activity_id) if activity_id else ()
        await shell.run("activity", command, *meant, *words)

    await run("start", "one", *MINE, "--input", '"x"', "--static-summary", "what it is")
    await run("start", "one", *MINE)
    await run("start", "none", "--type", "Charge", "--task-queue", QUEUE)
    await run("describe", "one", "--output", "json")
    await run("pause", "one", "--reason", "a bad deploy")
    await run("pause", "one")
    await run("unpause", "one")
    await run("reset", "one")
    await run("update-options", "one", "--heartbeat-timeout", "5s")
    await worker.on_activity(result=text("paid"))
    await run("result", "one")
    await run("result", "one", "--output", "json")
    await run("describe", "one")
    await run("cancel", "one")
    for ended in ("cancel", "terminate", "complete", "fail"):
        await run("start", ended, *MINE)
    await run("cancel", "cancel", "--reason", "enough")
    await run("result", "cancel")
    await run("terminate", "terminate", "--reason", "enough")
    await run("result", "terminate")
    await run("complete", "complete", "--result", '"by hand"')
    await run("result", "complete")
    await worker.poll_activity()
    await run("fail", "fail", "--reason", "by hand")
    await run("terminate", "fail")
    await asyncio.gather(
        shell.run("activity", "execute", *named("two"), *MINE), worker.on_activity(text("paid"))
    )
    await run("list", "", *OF_PLAY, "--limit", "1")
    await run("count", "", *OF_PLAY)
    await run("delete", "one")
    for command in ("describe", "result", "delete", "cancel", "terminate"):
        await run(command, "nobody")
    for activity_id in ("cancel", "terminate", "complete", "fail", "two"):
        await shell.run("activity", "delete", *named(activity_id), tells=False)
    return shell.said


async def test_both_servers_keep_standalone_activities_alike(
    server: Server, official: Server
) -> None:
    ours, theirs = await asyncio.gather(told_of_standalone(server), told_of_standalone(official))

    assert ours == theirs


async def told_of_workflows(server: Server, name: str) -> list[str]:
    queue = f"queue-of-{name}"
    shell, worker = Shell(server, run=name, queue=queue), ScriptedWorker(server, queue)
    await server.start(name, queue)
    kinds = [
        schedule_activity(each, queue, retry_policy=retries(600))
        for each in ("done", "failed", "kept")
    ]
    await worker.on_task(*kinds)
    tasks = [await worker.poll_activity() for _ in kinds]
    kept = next(task for task in tasks if task.activity_id == "kept")
    at = "--workflow-id $run --activity-id"
    await shell.play(f"""
        activity complete {at} done --result '{{"a":1}}'
        activity complete {at} done --result 1
        activity complete --workflow-id nobody --activity-id done --result 1
        activity fail {at} failed --reason broken --detail '{{"a":1}}'
        activity fail {at} failed
        activity fail {at} nobody
        activity pause {at} kept --reason tired --identity me
        activity pause {at} kept
        activity pause {at} nobody
        activity pause --workflow-id nobody --activity-id kept
        workflow describe --workflow-id $run
        workflow describe --workflow-id $run --output json
        activity unpause {at} kept
        activity unpause {at} kept --jitter 1s
        activity unpause {at} nobody
        activity unpause --workflow-id nobody --activity-id kept
    """)
    await worker.fail_activity(kept)
    await shell.play(f"""
        activity pause {at} kept
        workflow describe --workflow-id $run
        activity reset {at} kept --keep-paused
        activity reset {at} kept --clear-heartbeat-details --restore-original-options
        workflow describe --workflow-id $run
        activity reset {at} nobody
        activity reset --workflow-id nobody --activity-id kept
        activity update-options {at} kept {OPTIONS} --task-queue other
        activity update-options {at} kept --heartbeat-timeout 20s --output json
        activity update-options {at} kept --restore-original-options
        activity update-options {at} kept
        activity update-options {at} kept --start-to-close-timeout -1m
        activity update-options {at} kept --retry-maximum-attempts -1
        activity update-options {at} kept --retry-backoff-coefficient 0.5
        activity update-options {at} nobody --start-to-close-timeout 1m
        activity update-options --workflow-id nobody --activity-id kept --heartbeat-timeout 1m
        workflow show --workflow-id $run --output json
        workflow terminate --workflow-id $run
        activity complete {at} kept --result 1
        activity fail {at} kept
        activity pause {at} kept
        activity unpause {at} kept
        activity reset {at} kept
        activity update-options {at} kept --start-to-close-timeout 1m
    """)
    return shell.said


async def test_both_servers_say_the_same_of_a_workflow_s(
    server: Server, official: Server, names: Names
) -> None:
    await told_alike(told_of_workflows, server, official, names.workflow())
