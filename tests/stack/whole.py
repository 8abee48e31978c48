"""`make up` as a person runs it: a stack of real parts, with a directory and ports of its own."""

import os
import re
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic

from temporalio.client import Client
from temporalio.service import RPCError

from engine.embedded import free_ports
from tests.stack.living import REPOSITORY, lives
from tests.support.bound import bound
from tests.support.eventually import eventually
from tests.support.processor import cpu_of
from tests.support.visitor import Visitor


class Up:
    def __init__(self, run: Path, **given: str) -> None:
        self.run = run
        self.given = given
        self.console_port, self.engine_port = free_ports(2)
        self.output = run.parent / "output"

    def start(self, within: float) -> float:
        """The seconds until a page could be read."""
        began = monotonic()
        given = {
            "RUN_DIRECTORY": str(self.run),
            "CONSOLE_PORT": str(self.console_port),
            "ENGINE_PORT": str(self.engine_port),
            **self.given,
        }
        with self.output.open("wb") as output:
            self.runner = subprocess.Popen(
                bound(sys.executable, "-m", "examples.stack"),
                cwd=REPOSITORY,
                env={**a_shell_s_environment(), **given},
                stdout=output,
                stderr=output,
            )
        eventually(self.has_welcomed, within=within)
        assert self.page().status == 200
        return monotonic() - began

    def has_welcomed(self) -> bool:
        said = self.output.read_text()
        assert self.lives, said
        return "Perdure is up." in said

    @property
    def lives(self) -> bool:
        return self.runner.poll() is None

    def says(self, line: str) -> bool:
        return line in self.output.read_text().splitlines()

    def signs_in(self) -> Visitor:
        """As the welcome says."""
        said = self.output.read_text()
        found = re.search(r"console +(\S+)\n +sign in as (\w+) .*; password (\S+)", said)
        assert found, said
        address, person, password = found.groups()
        return Visitor(address, person, password)

    def page(self) -> "urllib.request._UrlopenRet":
        return urllib.request.urlopen(f"http://127.0.0.1:{self.console_port}/", timeout=10)

    async def starts_a_workflow(self, name: str) -> bool:
        try:
            client = await Client.connect(f"127.0.0.1:{self.engine_port}")
            await client.start_workflow("Anything", id=f"after-{name}", task_queue="nobody")
        except (RPCError, RuntimeError) as refused:
            raise AssertionError(str(refused)) from None
        return True

    def end(self) -> int:
        self.runner.send_signal(signal.SIGINT)
        return self.runner.wait(60)

    def pid_of(self, name: str, words: str) -> int:
        """The program of a part, by a pattern in its command line: the first of its family."""
        found = [pid for pid in self.programs() if re.search(words, _command(pid))]
        assert found, f"{name} is not running"
        return next(pid for pid in found if _parent(pid) not in found)

    def runs(self, words: str) -> bool:
        return any(words in command for command in self.commands())

    def address_of(self, variable: str) -> str:
        """As `.run/environment` gives it to a shell."""
        text = (self.run / "environment").read_text()
        found = re.search(rf"^export {variable}='(.*)'$", text, re.MULTILINE)
        assert found, text
        return found[1]

    def commands(self) -> list[str]:
        return [_command(pid) for pid in self.programs()]

    def processor_seconds(self) -> float:
        """What all its programs have used, and those that they have waited for."""
        return sum(cpu_of(pid) for pid in (self.runner.pid, *self.programs()))

    def programs(self) -> list[int]:
        mark = f"PERDURE_RUN={self.run}".encode()
        pids = [int(path.name) for path in Path("/proc").iterdir() if path.name.isdecimal()]
        return [pid for pid in pids if lives(pid) and mark in _read(pid, "environ").split(b"\0")]


@contextmanager
def standing(run: Path, within: float, **given: str) -> Iterator[Up]:
    """One that ends with the block, whatever becomes of its start."""
    up = Up(run, **given)
    try:
        up.start(within)
        yield up
    finally:
        if up.lives:
            up.end()


def a_shell_s_environment() -> dict[str, str]:
    """As a person's shell has it: without what the console's test settings have put there."""
    ours = ("DATABASE_URL", "ENGINE_ADDRESS", "ELASTICSEARCH_URL", "BROKER_URL")
    given = dict(os.environ)  # noqa: TID251 (handed to the command under test)
    return {name: value for name, value in given.items() if name not in ours}


def _command(pid: int) -> str:
    return _read(pid, "cmdline").replace(b"\0", b" ").decode()


def _parent(pid: int) -> int:
    found = re.search(rb"^PPid:\s+(\d+)$", _read(pid, "status"), re.MULTILINE)
    return int(found[1]) if found else 0


def _read(pid: int, name: str) -> bytes:
    try:
        return Path(f"/proc/{pid}/{name}").read_bytes()
    except OSError:
        return b""
