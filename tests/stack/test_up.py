"""`make up` with the real parts, small: no example data, search in PostgreSQL."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest
from temporalio.client import Client

from tests.stack.living import REPOSITORY
from tests.stack.whole import Up, a_shell_s_environment
from tests.support.eventually import eventually, eventually_async

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

FIRST_START_SECONDS_MAX = 60
NEXT_START_SECONDS_MAX = 15
GOES_ON_SECONDS_MAX = 60


@pytest.fixture
def up(tmp_path: Path) -> Iterator[Up]:
    tmp_path.chmod(0o755)
    stack = Up(tmp_path / "run", EXAMPLES="no")
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
        ("relay", "-m search.relay $"),
        ("console-jobs", "-m search.relay jobs"),
        ("postgres", "-m engine postgres"),
    ):
        os.kill(eventually(partial(up.pid_of, name, words), within=30), signal.SIGKILL)
        eventually(partial(up.says, f"{name} is back"), within=40)
        await eventually_async(partial(up.starts_a_workflow, name), within=30)
        assert eventually(lambda: up.page().status, within=30) == 200

    client = await Client.connect(f"127.0.0.1:{up.engine_port}")
    assert (await client.get_workflow_handle("kept").describe()).id == "kept"


def test_a_killed_runner_s_parts_end_and_the_next_start_goes_on(up: Up) -> None:
    up.start(within=FIRST_START_SECONDS_MAX)

    up.runner.kill()
    up.runner.wait()

    eventually(up.commands, lambda running: running == [], within=40)
    up.start(within=GOES_ON_SECONDS_MAX)


def test_everything_killed_at_once_starts_again(up: Up) -> None:
    up.start(within=FIRST_START_SECONDS_MAX)

    for pid in (up.runner.pid, *up.programs()):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    up.runner.wait()

    up.start(within=GOES_ON_SECONDS_MAX)


def test_a_taken_console_port_ends_the_start_with_one_line(tmp_path: Path) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        given = {"RUN_DIRECTORY": str(tmp_path / "run"), "CONSOLE_PORT": str(port)}
        ended = subprocess.run(
            [sys.executable, "-m", "examples.stack"],
            cwd=REPOSITORY,
            env={**a_shell_s_environment(), **given},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    assert ended.returncode == 1
    assert ended.stderr.startswith(f"make up: port {port} cannot be used")
    assert len(ended.stderr.splitlines()) == 1
