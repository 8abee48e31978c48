"""`temporal batch` and the commands that start batches, on both servers: the same words."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from tests.support.batches import COMPLETED, RUNNING, Batched, Cohort
from tests.support.engine import Server
from tests.support.eventually import eventually_async
from tests.support.names import Names
from tests.support.shell import Shell


async def batch(shell: Shell, *words: str) -> Batched:
    """Started by this command, and waited for."""
    started = await shell.run(*words, "--yes", "--reason", "tidy", "--output", "json", tells=False)
    job = Batched(shell.server, json.loads(started[started.index("{") :])["batchJobId"])
    told = await job.until(COMPLETED)
    counts = told.total_operation_count, told.complete_operation_count
    shell.said.append(f"{words[:2]}: {told.operation_type} {counts} {told.reason}")
    return job


async def told_by(server: Server, names: Names) -> list[str]:
    shell, cohort = Shell(server), Cohort(server, names)
    await cohort.start(2)
    query = ("--query", cohort.query)
    await batch(shell, "workflow", "signal", *query, "--name", "go", "--input", '"now"')
    await free(shell)
    await batch(shell, "workflow", "cancel", *query)
    await free(shell)
    job = await batch(shell, "workflow", "terminate", *query)
    await free(shell)
    await shell.run("batch", "describe", "--job-id", job.job_id)
    listed: list[dict[str, Any]] = json.loads(
        await shell.run("batch", "list", "--limit", "1", "--output", "json", tells=False)
    )
    shell.said.append(str([(sorted(each), each["state"]) for each in listed]))
    await shell.run("batch", "terminate", "--job-id", job.job_id, "--reason", "late")
    await shell.run("batch", "describe", "--job-id", "there is none")
    await batch(shell, "workflow", "delete", *query)
    return shell.said


async def free(shell: Shell) -> None:
    """The dev server counts one as running for a moment after its end."""
    page = Batched(shell.server, "")

    async def is_free() -> bool:
        return all(each.state != RUNNING for each in (await page.page()).operation_info)

    await eventually_async(is_free, within=20)


@pytest.mark.slow
async def test_the_official_command_says_the_same_of_both_servers(
    server: Server, official: Server, names: Names
) -> None:
    """Many short processes, each of which takes a part of a second to start."""
    ours, theirs = await asyncio.gather(told_by(server, names), told_by(official, names))

    assert ours == theirs
