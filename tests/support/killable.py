"""An engine in a process of its own, to be killed."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from engine.embedded import free_ports

REPOSITORY = Path(__file__).parents[2]


class KillableEngine:
    """`start` returns when it answers; `kill` is kill -9."""

    def __init__(self, database: str, **settings: str) -> None:
        (self.port,) = free_ports(1)
        self.address = f"127.0.0.1:{self.port}"
        self._environment = {**os.environ, "DATABASE_URL": database, **settings}  # noqa: TID251  it is handed on
        self._process: subprocess.Popen[str] | None = None

    def migrate(self) -> None:
        subprocess.run(
            [sys.executable, "-m", "engine", "migrate"],
            env=self._environment, cwd=REPOSITORY, check=True, stdout=subprocess.DEVNULL,
        )  # fmt: skip

    def start(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "engine", "serve", "--port", str(self.port)],
            env=self._environment, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if line.startswith("serving on "):
                return
        code = self.stop()
        raise AssertionError(f"the engine ended with {code} before it served")

    def kill(self) -> None:
        self._end(self._process.kill if self._process else None)

    def stop(self) -> int:
        """SIGTERM; its exit code."""
        return self._end(self._process.terminate if self._process else None)

    def _end(self, how: object) -> int:
        process = self._process
        if process is None or not callable(how):
            return 0
        how()
        code = process.wait(30)
        if process.stdout is not None:
            process.stdout.close()
        self._process = None
        return code


@asynccontextmanager
async def killable(database: str, **settings: str) -> AsyncIterator[KillableEngine]:
    """On an empty database; it serves."""
    process = KillableEngine(database, ENGINE_SHARDS="8", **settings)
    process.migrate()
    await asyncio.to_thread(process.start)
    try:
        yield process
    finally:
        await asyncio.to_thread(process.kill)
