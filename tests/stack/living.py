"""A stand-in stack as a test sees it: its lines, its events, which programs live."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.eventually import eventually

REPOSITORY = Path(__file__).parents[2]


class Stack:
    def __init__(self, run: Path, which: str) -> None:
        self.run = run
        self.output = run / "output"
        with self.output.open("ab") as output:
            self.runner = subprocess.Popen(
                [sys.executable, "-m", "tests.stack.stand_in", str(run), which],
                cwd=REPOSITORY,
                stdout=output,
                stderr=output,
            )

    def lines(self) -> list[str]:
        return self.output.read_text().splitlines()

    def events(self, word: str) -> dict[str, int]:
        """Name to the last process id with that word, in the order they came."""
        seen: dict[str, int] = {}
        path = self.run / "events"
        for line in path.read_text().splitlines() if path.exists() else ():
            name, what, pid = line.split()
            if what == word:
                seen.pop(name, None)
                seen[name] = int(pid)
        return seen

    def await_up(self) -> dict[str, int]:
        eventually(self.lines, lambda lines: "all are up" in lines, within=30)
        return self.events("started")

    def interrupt(self) -> int:
        self.runner.send_signal(signal.SIGINT)
        return self.runner.wait(20)


def lives(pid: int) -> bool:
    """A zombie that nobody collects does not live."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


@contextmanager
def stack(run: Path, which: str) -> Iterator[Stack]:
    started = Stack(run, which)
    try:
        yield started
    finally:
        if started.runner.poll() is None:
            started.interrupt()
