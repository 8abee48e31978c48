"""The servers that are compared, each a process of its own on a free port."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from engine.embedded import free_ports
from tests.support.bound import bound
from tests.support.processor import cpu_of

REPOSITORY = Path(__file__).parents[2]
TEMPORAL = Path(sys.executable).parent / "temporal"
STARTED_WITHIN_SECONDS = 60


@dataclass
class Server:
    name: str
    address: str
    process: subprocess.Popen[str]
    database: str = ""
    directory: Path = field(default_factory=Path)

    def cpu_seconds(self) -> float:
        """Of the server and all its children: the database it runs is part of its cost."""
        return sum(cpu_of(pid) for pid in family(self.process.pid))


def family(root: int) -> set[int]:
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parent = int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1])
            except OSError:
                continue
            children.setdefault(parent, []).append(int(entry.name))
    found, waiting = set(), [root]
    while waiting:
        pid = waiting.pop()
        found.add(pid)
        waiting += children.get(pid, [])
    return found


@contextmanager
def dev_server(name: str, *, in_file: bool) -> Iterator[Server]:
    (port,) = free_ports(1)
    directory = Path(tempfile.mkdtemp(prefix="bench-"))
    command = [
        str(TEMPORAL), "server", "start-dev", "--headless", "--ip", "127.0.0.1",
        "--port", str(port), "--log-level", "error",
    ]  # fmt: skip
    if in_file:
        command += ["--db-filename", str(directory / "dev.db")]
    process = subprocess.Popen(bound(*command), stdout=subprocess.DEVNULL, text=True)
    try:
        yield Server(name, f"127.0.0.1:{port}", process, directory=directory)
    finally:
        _end(process, directory)


@contextmanager
def perdure() -> Iterator[Server]:
    """On an embedded PostgreSQL of its own, with fsync on."""
    directory = Path(tempfile.mkdtemp(prefix="bench-"))
    (port,) = free_ports(1)
    process = subprocess.Popen(
        bound(sys.executable, "-m", "engine", "serve", "--port", str(port), "--embedded",
              str(directory / "data")),
        stdout=subprocess.PIPE, text=True, cwd=REPOSITORY,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith("serving on "):
                break
        yield Server("Perdure", f"127.0.0.1:{port}", process, directory=directory / "data")
    finally:
        _end(process, directory)


def _end(process: subprocess.Popen[str], directory: Path) -> None:
    process.terminate()
    try:
        process.wait(STARTED_WITHIN_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
    shutil.rmtree(directory, ignore_errors=True)
