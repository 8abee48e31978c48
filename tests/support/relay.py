"""`python -m search.relay` as a process, which can be killed and started again."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from search.config import SearchConfig

REPOSITORY = Path(__file__).parents[2]


class Relay:
    """One of its commands: the relay itself, or `jobs`."""

    def __init__(self, config: SearchConfig, output: Path, *command: str) -> None:
        self.config = config
        self.output = output
        self.command = command
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        given = {
            **os.environ,  # noqa: TID251 (a process inherits its path)
            "DATABASE_URL": ",".join(self.config.databases),
            "ELASTICSEARCH_URL": self.config.elasticsearch_url or "",
            "BROKER_URL": str(self.config.broker_url),
            "SEARCH_INDEX": self.config.index_alias,
            "RELAY_INCLUDE": ",".join(self.config.relay_include),
        }
        with self.output.open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "search.relay", *self.command],
                cwd=REPOSITORY,
                env=given,
                stdout=output,
                stderr=output,
            )

    def says(self, word: str) -> bool:
        return word in self.output.read_text()

    def end(self, by: signal.Signals) -> int:
        assert self.process is not None
        self.process.send_signal(by)
        return self.process.wait(30)


@contextmanager
def running(config: SearchConfig, output: Path, *command: str) -> Iterator[Relay]:
    made = Relay(config, output, *command)
    made.start()
    try:
        yield made
    finally:
        if made.process is not None and made.process.poll() is None:
            made.end(signal.SIGKILL)
