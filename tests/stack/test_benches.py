"""What measures on a whole stack, told to end or killed: nothing is left of what it began."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.bench.servers import family
from tests.stack.living import REPOSITORY, lives
from tests.stack.whole import a_shell_s_environment
from tests.support.eventually import eventually

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]

UP_SECONDS_MAX, ENDED_SECONDS_MAX = 200, 60


@pytest.fixture
def bench() -> Iterator[subprocess.Popen[bytes]]:
    # A shell's job in the background hears no SIGINT, and neither would what it starts.
    held = signal.signal(signal.SIGINT, signal.default_int_handler)
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.bench", "exports"],
        cwd=REPOSITORY, env=a_shell_s_environment(), stdout=subprocess.DEVNULL,
    )  # fmt: skip
    signal.signal(signal.SIGINT, held)
    yield process
    process.terminate()
    process.wait(ENDED_SECONDS_MAX)


def commands(pids: set[int]) -> str:
    found = []
    for pid in pids:
        with suppress(OSError):
            found.append(Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode())
    return "\n".join(found)


def begun(bench: subprocess.Popen[bytes]) -> set[int]:
    """All that it has started, once its console is there as well."""

    def look() -> str:
        assert bench.poll() is None
        return commands(family(bench.pid))

    eventually(look, lambda found: "gunicorn" in found, within=UP_SECONDS_MAX)
    return family(bench.pid) - {bench.pid}


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_a_bench_that_is_ended_leaves_nothing_running(
    bench: subprocess.Popen[bytes], how: signal.Signals
) -> None:
    programs = begun(bench)

    bench.send_signal(how)

    assert bench.wait(ENDED_SECONDS_MAX) != 0
    eventually(lambda: not any(map(lives, programs)), within=ENDED_SECONDS_MAX)
