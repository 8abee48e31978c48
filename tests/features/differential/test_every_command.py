"""Each sub-command of the official command is in a program that both servers are asked by."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.support.dev_server import executable

GROUPS = (
    "workflow", "activity", "batch", "schedule", "task-queue", "operator namespace",
    "operator search-attribute", "operator cluster", "operator nexus", "worker",
)  # fmt: skip
_LISTED = re.compile(r"^  ([a-z][a-z-]*) {2,}", re.MULTILINE)


def _leaves(words: str) -> Iterator[str]:
    command = [executable(), *words.split(), "--help"]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    _, _, listed = said.partition("Available Commands:\n")
    below = _LISTED.findall(listed.partition("\n\n")[0])
    if not below:
        yield words
    for name in below:
        yield from _leaves(f"{words} {name}")


def _programs() -> str:
    """What they say, with tuples of words and lines of a play written alike."""
    here = Path(__file__).parent
    text = "\n".join(path.read_text() for path in sorted(here.glob("test_*_command.py")))
    text = text.replace("*ENDPOINT", "operator nexus endpoint").replace("await run(", "activity ")
    return re.sub(r'["(), ]+', " ", text)


@pytest.fixture(scope="module")
def driven() -> str:
    return _programs()


def test_every_sub_command_is_in_a_program(driven: str) -> None:
    with ThreadPoolExecutor(2) as pool:
        every = [leaf for leaves in pool.map(lambda g: list(_leaves(g)), GROUPS) for leaf in leaves]

    assert len(every) > len(GROUPS)
    assert [leaf for leaf in every if not re.search(rf"(?<!\S){leaf}(?![\w-])", driven)] == []
