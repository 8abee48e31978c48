"""Programs that end with who started them, also where that one is killed."""

import shutil
import signal
import sys


def bound(*command: str) -> list[str]:
    """The command, told to end when the thread that starts it is gone; on Linux alone."""
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig=TERM", *command] if setpriv else list(command)


def end_by_signals() -> None:
    """Who is told to end leaves by the way that closes what it has opened, and only once."""
    signal.signal(signal.SIGTERM, _leave)


def _leave(number: int, _frame: object) -> None:
    signal.signal(number, signal.SIG_IGN)
    sys.exit(128 + number)
