"""The official command, at one server: what it says, without what differs from run to run.

shell = Shell(server, run="workflow/1")
await shell.play("workflow terminate --workflow-id $run")
await shell.during("workflow query --workflow-id $run --name state", answer(worker))
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import shlex
from collections.abc import Awaitable
from string import Template
from typing import Any

from tests.support.dev_server import executable
from tests.support.engine import Server

_TIME = r"\d{4}-\d\d-\d\dT[\d:.]+Z"
_UNIT = r"(second|minute|hour|day|week|month|year)s?"
_ID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
#: Ids, times and lengths of time: they are each run's own.
_OWN = (
    (_ID, "<id>"),
    (rf'"?{_TIME}"?', "<time>"),
    (rf"(\d+|a few) {_UNIT} (ago|from now)|\bnow\b", "<then>"),
    (r"(RunTime|\() *[\d.]+(ms|s)\b", r"\1 <length>"),
    (r"(queue|workflow|job)/\S+-\d+-\d+", "<name>"),
    (r"\d+@\S+", "<who>"),
    (r"(LongPollToken|ExecutionDuration) +\S+", r"\1 <its own>"),
)
#: What we keep on purpose of the words, and why.
_KEPT = (
    # Each server counts its own steps, and the bytes that it stores.
    (r"(StateTransitionCount|HistorySize|StateSizeBytes) +\d+", r"\1 <count>"),
    (r"^(taskId|historySizeBytes): .*\n", ""),
    # A run without a version is in no index of versions.
    (r'BuildIds:metadata:\{[^}]*\} metadata:\{[^}]*\} data:"\[\\"unversioned\\"\]" ?', ""),
    (r"^ *SearchAttributes +map\[\]\n", ""),
    # The official server tells of the workflow that a schedule, or a version, is there.
    (r"workflow not found for ID: temporal-sys-scheduler:\S+", "<no such schedule>"),
    (
        r"workflow not found for ID: temporal-sys-worker-deployment-version:\S+",
        "Worker Deployment Version not found",
    ),
    (r"schedule not found(: \S+)?", "<no such schedule>"),
    # There is one cluster: no other is looked for, where the official server dials.
    (r"(unable to upsert cluster): .*", r"\1"),
    # Each has its own parser, and so its own words behind the colon; ours say where, and how to
    # say it better.
    (r"(invalid query|malformed query): .*", r"\1"),
)
#: The same of answers in JSON: each key, and why it is left out.
_LEFT_OUT = {
    "durationMillis": "a length of time",
    "executionDuration": "a length of time",
    "firstWorkflowTaskBackoff": "the official server lets no run of a chain be under a second",
    "firstRunId": "the official server tells it of one run, and not in lists",
    "historySizeBytes": "each server counts the bytes that it stores",
    "longPollToken": "each server's own",
    "prevAutoResetPoints": "where an earlier run can be reset to, that run tells",
    "runExpirationTime": "never, which the official server says as the year 1",
    "stateSizeBytes": "each server counts the bytes that it stores",
    "stateTransitionCount": "each server counts its own steps",
    "taskId": "the official server's numbering of what it stores",
    "BuildIds": "a run without a version is in no index of versions",
}
#: Whose rows come in the order in which the official server happens to hold them.
_IN_NO_ORDER = {("worker", "list")}
#: So many lines up, and everything from there on is gone.
_REDRAWN = re.compile(r"\x1b\[(\d+)A\x1b\[0G\x1b\[0J")
_SPACES = ((r" +", " "), (r" +$", ""))
_SHOWN = [(re.compile(pattern, re.MULTILINE), word) for pattern, word in (*_OWN, *_SPACES, *_KEPT)]


class Shell:
    """`places` are the words that the lines of a play have with a dollar."""

    def __init__(self, server: Server, **places: str) -> None:
        self.server = server
        self.places = places
        self.said: list[str] = []

    async def play(self, lines: str) -> None:
        """One command a line, one after the other."""
        for line in filter(None, map(str.strip, lines.splitlines())):
            await self.run(*shlex.split(Template(line).substitute(self.places)))

    async def during(self, line: str, *steps: Awaitable[object]) -> None:
        """One that waits for these, which are done one after the other."""

        async def done() -> None:
            for step in steps:
                await step

        await asyncio.gather(self.play(line), done())

    async def run(self, *words: str, tells: bool = True) -> str:
        process = await asyncio.create_subprocess_exec(
            executable(), *words, "--address", self.server.address, "--color", "never",
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        output, _ = await process.communicate()
        text = output.decode()
        if tells:
            said = shown(text)
            if words[:2] in _IN_NO_ORDER:
                said = "\n".join(sorted(said.split("\n")))
            self.said.append(f"{shown(shlex.join(words))}: {process.returncode}\n{said}")
        return text


def shown(text: str) -> str:
    text = _as_it_stands(text)
    with contextlib.suppress(ValueError):
        told, end = json.JSONDecoder().raw_decode(text)
        text = json.dumps(_without(told), indent=1, sort_keys=True) + text[end:]
    for pattern, word in _SHOWN:
        text = pattern.sub(word, text)
    return text


def _as_it_stands(text: str) -> str:
    """At the end: a slow answer is written in parts, each over the one before."""
    while redrawn := _REDRAWN.search(text):
        lines = text[: redrawn.start()].split("\n")
        kept = lines[: len(lines) - 1 - int(redrawn[1])]
        text = "\n".join([*kept, text[redrawn.end() :]])
    return text


def _without(told: Any) -> Any:
    """Without what is left out, nor what has nothing else in it; what ids name is in no order."""
    if isinstance(told, list):
        return [_without(each) for each in told]
    if not isinstance(told, dict):
        return told
    if told and all(re.fullmatch(_ID, key) for key in told):
        return sorted((_without(each) for each in told.values()), key=json.dumps)
    return {
        key: _without(value)
        for key, value in told.items()
        if key not in _LEFT_OUT and not _is_left_out_whole(value)
    }


def _is_left_out_whole(told: Any) -> bool:
    return isinstance(told, dict) and bool(told) and all(key in _LEFT_OUT for key in told)
