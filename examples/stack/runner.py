"""One life of the stack, from the first check to the last part's end."""

import asyncio
import fcntl
import os
import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from examples.stack import addresses, before, orphans, parts
from examples.stack.addresses import Addresses
from examples.stack.config import ROOT, CannotStart, StackConfig
from examples.stack.supervisor import Supervisor

#: make hands on a SIGTERM that the whole group has got: it comes twice, and was meant once.
ECHO_SECONDS = 1.0


def say(line: str) -> None:
    print(line, flush=True)


def up(config: StackConfig, environ: Mapping[str, str]) -> None:
    before.writable(config.run)
    with only_one(config.run):
        left = orphans.end_all(config.run)
        if left:
            say(f"ended {len(left)} programs that a killed run had left behind")
        before.check(config)
        at = addresses.choose(config)
        environment = _environment(config, at, environ)
        _write_for_people(config.run, at)
        asyncio.run(
            keep_up(parts.table(config, at, environment), config.run, _welcome(at, config.run))
        )


async def keep_up(rows: tuple[parts.Part, ...], run: Path, welcome: str) -> None:
    """Until SIGINT or SIGTERM; a second one ends all at once."""
    asked_to_end = asyncio.Event()
    supervisor = Supervisor(rows, ROOT, run, say)
    _on_signals(asked_to_end, supervisor.kill_all)
    life = asyncio.create_task(_live(supervisor, welcome))
    waiting = asyncio.create_task(asked_to_end.wait())
    try:
        await asyncio.wait({life, waiting}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        waiting.cancel()
        if not life.done():
            life.cancel()
        await supervisor.stop()
    if not life.cancelled():
        life.result()
    say("all ended; nothing is lost")


def _on_signals(asked_to_end: asyncio.Event, end_at_once: Callable[[], None]) -> None:
    loop = asyncio.get_running_loop()
    asked_at = 0.0

    def end() -> None:
        nonlocal asked_at
        if not asked_to_end.is_set():
            asked_at = loop.time()
            asked_to_end.set()
        elif loop.time() - asked_at > ECHO_SECONDS:
            end_at_once()

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, end)
    # `nohup make up` stays when its terminal goes.
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        loop.add_signal_handler(signal.SIGHUP, end)


async def _live(supervisor: Supervisor, welcome: str) -> None:
    await supervisor.start()
    say(welcome)
    await supervisor.watch()


@contextmanager
def only_one(run: Path) -> Iterator[None]:
    with (run / "lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            holder = lock.read().strip()
            raise CannotStart(
                f"it is up already in this checkout, as process {holder}: end that one first"
            ) from None
        lock.truncate(0)
        lock.write(f"{os.getpid()}\n")
        lock.flush()
        yield


def _environment(config: StackConfig, at: Addresses, environ: Mapping[str, str]) -> dict[str, str]:
    return {
        **environ,
        **at.environment(),
        orphans.MARK: str(config.run),
        "PYTHONUNBUFFERED": "1",
        "TMPDIR": str(config.run / "tmp"),
        "PROVIDERS_FILE": str(config.run / "providers.sqlite3"),
    }


def _write_for_people(run: Path, at: Addresses) -> None:
    """`. .run/environment` gives a shell the same addresses; the file has passwords in it."""
    lines = [f"export {name}='{value}'" for name, value in at.environment().items()]
    for name, text in (("environment", "\n".join(lines) + "\n"), ("password", at.password + "\n")):
        path = run / name
        path.touch(mode=0o600)
        path.write_text(text)


def _welcome(at: Addresses, run: Path) -> str:
    return f"""
Perdure is up.
  console   http://{at.console}
            sign in as alice (admin), bob (operator) or carol (viewer); password {at.password}
  engine    {at.engine}, for the official SDKs and the temporal command
  Ctrl-C ends all of it. What each part says is in {run}/logs/
"""
