"""`make engine`, told to end in every way: nothing is left, and its data is as it was."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from temporalio.client import Client

from engine.embedded import free_ports
from tests.stack.living import REPOSITORY, lives
from tests.support.eventually import eventually

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

START_SECONDS_MAX = 60


class MakeEngine:
    """The command in a process group of its own, as a shell gives it one."""

    def __init__(self, directory: Path) -> None:
        self.data = directory / "data"
        self.output = directory / "output"
        (self.port,) = free_ports(1)
        with self.output.open("w") as output:
            self.make = subprocess.Popen(
                ["make", "engine", f"PORT={self.port}", f"DATA={self.data}"],
                cwd=REPOSITORY,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def await_serving(self) -> None:
        def says_so() -> bool:
            said = self.output.read_text()
            assert self.make.poll() is None, said
            return f"serving on 127.0.0.1:{self.port}\n" in said

        eventually(says_so, within=START_SECONDS_MAX)

    def programs(self) -> list[int]:
        """All that make started, and what that started."""
        found = [self.make.pid]
        for pid in found:
            found += _children(pid)
        return found[1:]


def _children(pid: int) -> list[int]:
    threads = Path(f"/proc/{pid}/task").iterdir()
    return [int(child) for task in threads for child in (task / "children").read_text().split()]


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Each test finds the data that the one before left."""
    made = tmp_path_factory.mktemp("alone")
    made.chmod(0o755)
    return made


@pytest.mark.parametrize(
    ("to", "number"),
    [
        ("make", signal.SIGTERM),
        ("group", signal.SIGTERM),
        ("group", signal.SIGINT),
        ("make", signal.SIGKILL),
        ("group", signal.SIGKILL),
    ],
)
async def test_it_leaves_nothing_running_and_its_data_usable(
    directory: Path, to: str, number: signal.Signals
) -> None:
    engine = MakeEngine(directory)
    engine.await_serving()
    client = await Client.connect(f"127.0.0.1:{engine.port}")
    name = f"before {to} {number.name}"
    await client.start_workflow("Anything", id=name, task_queue="nobody")
    programs = engine.programs()
    assert len(programs) > 1

    (os.kill if to == "make" else os.killpg)(engine.make.pid, number)

    # How its engine ended (0) where make could still wait for it, else how make was told to end.
    assert engine.make.wait(60) in {0, -number, 128 + number, 2}
    eventually(lambda: not any(lives(pid) for pid in programs), within=30)
    again = MakeEngine(directory)
    again.await_serving()
    client = await Client.connect(f"127.0.0.1:{again.port}")
    assert (await client.get_workflow_handle(name).describe()).id == name
    os.kill(again.make.pid, signal.SIGTERM)
    again.make.wait(60)


@pytest.mark.parametrize("times", [1, 2])
def test_the_engine_itself_ends_with_code_0_and_stops_its_database_first(
    directory: Path, times: int
) -> None:
    (port,) = free_ports(1)
    serve = [sys.executable, "-m", "engine", "serve", "--port", str(port)]
    output = directory / "serve"
    with output.open("w") as written:
        engine = subprocess.Popen(
            [*serve, "--embedded", str(directory / "data")],
            cwd=REPOSITORY,
            stdout=written,
            stderr=written,
        )
    eventually(lambda: "serving on" in output.read_text(), within=START_SECONDS_MAX)
    database = int((directory / "data/data/postmaster.pid").read_text().split()[0])

    for _ in range(times):
        engine.send_signal(signal.SIGTERM)

    assert engine.wait(60) == 0
    assert not lives(database)


def test_told_before_it_serves_it_ends_as_cleanly(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    engine = MakeEngine(tmp_path)
    written = tmp_path / "data/data/postmaster.pid"
    text = eventually(
        lambda: written.read_text() if written.exists() else "",
        lambda text: re.match(r"\d+\n", text),
        within=START_SECONDS_MAX,
    )

    os.kill(engine.make.pid, signal.SIGTERM)

    engine.make.wait(60)
    assert not lives(int(text.split()[0]))
