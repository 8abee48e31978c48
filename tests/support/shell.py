"""The official command, at one server: what it says, without what differs from run to run."""

from __future__ import annotations

import asyncio
import re

from tests.support.dev_server import executable
from tests.support.engine import Server

_OWN = (
    (re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"), "<id>"),
    (re.compile(r'"\d{4}-\d\d-\d\dT[\d:.]+Z"'), "<time>"),
    (re.compile(r"(\d+|a few) (second|minute)s? ago|now"), "<then>"),
    (re.compile(r"(queue|workflow|job)/\S+-\d+-\d+"), "<name>"),
    (re.compile(r"\d+@\S+"), "<who>"),
    (
        re.compile(
            r"((?:StateTransitionCount|StateSizeBytes|LongPollToken|ExecutionDuration)\W+)[^\s,]+",
            re.IGNORECASE,
        ),
        r"\1<its own>",
    ),
    (re.compile(r" +"), " "),
)


class Shell:
    def __init__(self, server: Server) -> None:
        self.server = server
        self.said: list[str] = []

    async def run(self, *words: str, tells: bool = True) -> str:
        process = await asyncio.create_subprocess_exec(
            executable(), *words, "--address", self.server.address, "--color", "never",
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        output, _ = await process.communicate()
        text = output.decode()
        if tells:
            shown = text
            for pattern, word in _OWN:
                shown = pattern.sub(word, shown)
            self.said.append(f"{' '.join(words[:2])}: {process.returncode}\n{shown}")
        return text
