"""The official command, at one server: what it says, without what differs from run to run."""

from __future__ import annotations

import asyncio
import re
import shlex
from string import Template

from tests.support.dev_server import executable
from tests.support.engine import Server

_OWN = (
    (re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"), "<id>"),
    (re.compile(r'"\d{4}-\d\d-\d\dT[\d:.]+Z"'), "<time>"),
    (re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z"), "<time>"),
    (re.compile(r"(\d+|a few) (second|minute)s? ago|\bnow\b"), "<then>"),
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
    (re.compile(r" +$", re.MULTILINE), ""),
)


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

    async def run(self, *words: str, tells: bool = True) -> str:
        process = await asyncio.create_subprocess_exec(
            executable(), *words, "--address", self.server.address, "--color", "never",
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        output, _ = await process.communicate()
        text = output.decode()
        if tells:
            self.said.append(f"{shlex.join(words)}: {process.returncode}\n{_shown(text)}")
        return text


def _shown(text: str) -> str:
    for pattern, word in _OWN:
        text = pattern.sub(word, text)
    return text
