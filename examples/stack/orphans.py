"""What a killed runner left behind: each part carries the mark of its checkout."""

import os
import select
import signal
from pathlib import Path

MARK = "PERDURE_RUN"
LEAVE_SECONDS_MAX = 15.0


def end_all(run: Path) -> list[int]:
    """End every program that carries the mark of `run`; say which there were."""
    found = {pid: os.pidfd_open(pid) for pid in _marked(run)}
    try:
        for ending in (signal.SIGTERM, signal.SIGKILL):
            _send(found, ending)
            if not _left(found):
                break
    finally:
        for watched in found.values():
            os.close(watched)
    return sorted(found)


def _marked(run: Path) -> list[int]:
    wanted = f"{MARK}={run}".encode()
    return [
        int(path.name)
        for path in Path("/proc").iterdir()
        if path.name.isdecimal() and int(path.name) != os.getpid() and _carries(path, wanted)
    ]


def _carries(program: Path, wanted: bytes) -> bool:
    try:
        return wanted in (program / "environ").read_bytes().split(b"\0")
    except OSError:
        # Gone in between, or another person's.
        return False


def _send(found: dict[int, int], ending: signal.Signals) -> None:
    for watched in found.values():
        try:
            signal.pidfd_send_signal(watched, ending)
        except ProcessLookupError:
            continue


def _left(found: dict[int, int]) -> bool:
    waiting = set(found.values())
    while waiting:
        gone = select.select(list(waiting), [], [], LEAVE_SECONDS_MAX)[0]
        if not gone:
            return True
        waiting -= set(gone)
    return False
