"""`make up` with the real parts, small: no example data, search in PostgreSQL."""

import os
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from time import monotonic

import pytest
from temporalio.client import Client
from temporalio.service import RPCError

from examples.stack.addresses import free_ports
from tests.stack.living import REPOSITORY, lives
from tests.support.eventually import eventually, eventually_async

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

FIRST_START_SECONDS_MAX = 60
NEXT_START_SECONDS_MAX = 15


class Up:
    def __init__(self, run: Path) -> None:
        self.run = run
        self.console_port, self.engine_port = free_ports(2)
        self.output = run.parent / "output"

    def start(self, within: float) -> float:
        """The seconds until a page could be read."""
        began = monotonic()
        given = {
            "RUN_DIRECTORY": str(self.run),
            "CONSOLE_PORT": str(self.console_port),
            "ENGINE_PORT": str(self.engine_port),
            "EXAMPLES": "no",
        }
        with self.output.open("wb") as output:
            self.runner = subprocess.Popen(
                [sys.executable, "-m", "examples.stack"],
                cwd=REPOSITORY,
                env={**_environment(), **given},
                stdout=output,
                stderr=output,
            )
        eventually(self.has_welcomed, within=within)
        assert self.page().status == 200
        return monotonic() - began

    def has_welcomed(self) -> bool:
        said = self.output.read_text()
        assert self.runner.poll() is None, said
        return "Perdure is up." in said

    def says(self, line: str) -> bool:
        return line in self.output.read_text().splitlines()

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
        """The program of a part, by the words of its command line."""
        found = [pid for pid in self.programs() if words in _command(pid)]
        assert found, f"{name} is not running"
        return min(found)

    def programs(self) -> list[int]:
        mark = f"PERDURE_RUN={self.run}".encode()
        pids = [int(path.name) for path in Path("/proc").iterdir() if path.name.isdecimal()]
        return [pid for pid in pids if lives(pid) and mark in _read(pid, "environ").split(b"\0")]


def _environment() -> dict[str, str]:
    """As a person's shell has it: without what the console's test settings have put there."""
    ours = ("DATABASE_URL", "ENGINE_ADDRESS", "ELASTICSEARCH_URL", "BROKER_URL")
    given = dict(os.environ)  # noqa: TID251 (handed to the command under test)
    return {name: value for name, value in given.items() if name not in ours}


def _command(pid: int) -> str:
    return _read(pid, "cmdline").replace(b"\0", b" ").decode()


def _read(pid: int, name: str) -> bytes:
    try:
        return Path(f"/proc/{pid}/{name}").read_bytes()
    except OSError:
        return b""


@pytest.fixture
def up(tmp_path: Path) -> Iterator[Up]:
    tmp_path.chmod(0o755)
    stack = Up(tmp_path / "run")
    yield stack
    if stack.runner.poll() is None:
        stack.end()


async def test_what_was_started_is_there_after_an_end_and_the_next_start_is_fast(up: Up) -> None:
    up.start(within=FIRST_START_SECONDS_MAX)
    client = await Client.connect(f"127.0.0.1:{up.engine_port}")
    handle = await client.start_workflow("Anything", id="kept", task_queue="nobody")

    assert up.end() == 0
    assert up.programs() == []
    took = up.start(within=NEXT_START_SECONDS_MAX)

    client = await Client.connect(f"127.0.0.1:{up.engine_port}")
    described = await client.get_workflow_handle("kept").describe()
    assert described.run_id == handle.first_execution_run_id
    assert took < NEXT_START_SECONDS_MAX


async def test_each_killed_part_comes_back_and_nothing_is_lost(up: Up) -> None:
    up.start(within=FIRST_START_SECONDS_MAX)
    client = await Client.connect(f"127.0.0.1:{up.engine_port}")
    await client.start_workflow("Anything", id="kept", task_queue="nobody")

    for name, words in (
        ("valkey", "valkey-server"),
        ("engine", "-m engine serve"),
        ("console", "-m gunicorn"),
        ("bulk-worker", "manage.py bulk_worker"),
        ("postgres", "-m engine postgres"),
    ):
        os.kill(up.pid_of(name, words), signal.SIGKILL)
        eventually(partial(up.says, f"{name} is back"), within=40)
        await eventually_async(partial(up.starts_a_workflow, name), within=30)
        assert eventually(lambda: up.page().status, within=30) == 200

    client = await Client.connect(f"127.0.0.1:{up.engine_port}")
    assert (await client.get_workflow_handle("kept").describe()).id == "kept"


def test_a_killed_runner_s_parts_end_and_the_next_start_goes_on(up: Up) -> None:
    up.start(within=FIRST_START_SECONDS_MAX)

    up.runner.kill()
    up.runner.wait()

    eventually(lambda: up.programs() == [], within=40)
    up.start(within=NEXT_START_SECONDS_MAX)


def test_everything_killed_at_once_starts_again(up: Up) -> None:
    up.start(within=FIRST_START_SECONDS_MAX)

    for pid in (up.runner.pid, *up.programs()):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    up.runner.wait()

    up.start(within=NEXT_START_SECONDS_MAX)


def test_a_taken_console_port_ends_the_start_with_one_line(tmp_path: Path) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        given = {"RUN_DIRECTORY": str(tmp_path / "run"), "CONSOLE_PORT": str(port)}
        ended = subprocess.run(
            [sys.executable, "-m", "examples.stack"],
            cwd=REPOSITORY,
            env={**_environment(), **given},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    assert ended.returncode == 1
    assert ended.stderr.startswith(f"make up: port {port} cannot be used")
    assert len(ended.stderr.splitlines()) == 1
