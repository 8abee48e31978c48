"""One running program of the stack, with all that it starts."""

import asyncio
import os
import shutil
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from examples.stack.logs import PartLog

READ_BYTES = 65536


class Child:
    """In a process group of its own: Ctrl-C reaches the runner alone, which ends all in order.

    And in no session of its own. Linux weighs sessions before it weighs what runs in them: of so
    many that start at once, each would count as much as all else that their starter does.

    Watched by its pidfd and not by asyncio's own subprocess, whose `wait` also waits for whatever
    else still holds the output open.
    """

    def __init__(
        self, command: Sequence[str], environment: Mapping[str, str], root: Path, log: PartLog
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._log = log
        self._running = subprocess.Popen(  # noqa: S603 (a row of the table)
            [*_dies_with_us(), *command],
            cwd=root,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            process_group=0,
        )
        assert self._running.stdout is not None
        self._output = self._running.stdout.fileno()
        os.set_blocking(self._output, False)
        self._loop.add_reader(self._output, self._read)
        self._watched = os.pidfd_open(self._running.pid)
        self._ended: asyncio.Future[int] = self._loop.create_future()
        self._loop.add_reader(self._watched, self._has_ended)

    async def wait(self) -> int:
        """Its exit code, negative for a signal."""
        return await asyncio.shield(self._ended)

    async def end(self, seconds_max: float) -> None:
        if not self._ended.done():
            self._running.send_signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(self.wait(), seconds_max)
        except TimeoutError:
            self.kill()
            await self.wait()

    def kill(self) -> None:
        try:
            os.killpg(self._running.pid, signal.SIGKILL)
        except ProcessLookupError:
            return

    def _has_ended(self) -> None:
        """What it leaves in its group ends with it, before its number is free for another."""
        self.kill()
        self._loop.remove_reader(self._watched)
        os.close(self._watched)
        self._read()
        self._close_output()
        self._ended.set_result(self._running.wait())

    def _read(self) -> None:
        """All that is there now; the end of the output closes it."""
        while self._output >= 0:
            try:
                chunk = os.read(self._output, READ_BYTES)
            except BlockingIOError:
                return
            if chunk:
                self._log.write(chunk)
            else:
                self._close_output()

    def _close_output(self) -> None:
        if self._output >= 0:
            self._loop.remove_reader(self._output)
            assert self._running.stdout is not None
            self._running.stdout.close()
            self._output = -1


def _dies_with_us() -> list[str]:
    """`kill -9` of the runner is the end of its parts: the kernel kills them.

    Not SIGTERM: asked all at once, a worker would wait for the engine that has gone already. Each
    part survives a kill, and the embedded PostgreSQL is stopped by its own bond to its owner.
    """
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig=KILL"] if setpriv else []
