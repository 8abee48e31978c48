"""`temporal activity` at standalone activities: the same words and exit codes on both servers."""

from __future__ import annotations

import asyncio

from tests.support.commands import text
from tests.support.engine import Server
from tests.support.shell import Shell
from tests.support.worker import ScriptedWorker

QUEUE = "queue of the command"
OF_PLAY = ("--query", f"TaskQueue = '{QUEUE}'")
MINE = ("--type", "Charge", "--task-queue", QUEUE, "--start-to-close-timeout", "30s")


def named(activity_id: str) -> tuple[str, str]:
    return ("--activity-id", activity_id)


async def told_by(server: Server) -> list[str]:
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
    ours, theirs = await asyncio.gather(told_by(server), told_by(official))

    assert ours == theirs
