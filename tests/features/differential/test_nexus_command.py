"""`temporal operator nexus endpoint` on both servers: the same words and the same exit codes."""

from __future__ import annotations

import asyncio
import json

from tests.support.engine import Server
from tests.support.shell import Shell, shown

ENDPOINT = ("operator", "nexus", "endpoint")


async def told_by(server: Server) -> list[str]:
    shell = Shell(server)
    bank = ("--name", "bank-of-the-command")
    target = ("--target-namespace", "default", "--target-task-queue", "handlers")
    await shell.run(*ENDPOINT, "create", *bank, *target, "--description", "the bank")
    await shell.run(*ENDPOINT, "get", *bank)
    await shell.run(*ENDPOINT, "create", *bank, *target)
    await shell.run(*ENDPOINT, "get", *bank, "--output", "json")
    # Others on the same servers have theirs.
    listed = json.loads(await shell.run(*ENDPOINT, "list", "--output", "json", tells=False))
    (ours,) = [each for each in listed if each["spec"]["name"] == bank[1]]
    shell.said.append(shown(json.dumps(ours)))
    # From here on the official server has forgotten when it was made.
    await shell.run(*ENDPOINT, "update", *bank, "--target-task-queue", "others")
    await shell.run(*ENDPOINT, "update", "--name", "nobody", "--target-task-queue", "others")
    await shell.run(*ENDPOINT, "create", "--name", "2 words", *target)
    await shell.run(*ENDPOINT, "delete", *bank)
    await shell.run(*ENDPOINT, "delete", *bank)
    return shell.said


async def test_both_servers_keep_endpoints_alike(server: Server, official: Server) -> None:
    ours, theirs = await asyncio.gather(told_by(server), told_by(official))

    assert ours == theirs
