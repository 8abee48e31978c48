"""A stack of small stand-in programs: `python -m tests.stack.stand_in RUN WHICH`.

Each program writes what happens to it into RUN/events, so that a test can read the order.
"""

import asyncio
import sys
from pathlib import Path

from examples.stack import orphans
from examples.stack.config import CannotStart
from examples.stack.parts import Part
from examples.stack.runner import keep_up, only_one, say

PROGRAM = """
import os, signal, subprocess, sys
name, events, manner = sys.argv[1:]
def note(word):
    with open(events, "a") as file:
        file.write(f"{name} {word} {os.getpid()}\\n")
def end(*_):
    note("ended")
    raise SystemExit(0)
signal.signal(signal.SIGTERM, end)
if manner in ("parent", "deaf"):
    deaf = "signal.signal(signal.SIGTERM, signal.SIG_IGN);" if manner == "deaf" else ""
    child = subprocess.Popen(
        [sys.executable, "-c", f"import signal; {deaf} signal.pause()"],
        start_new_session=manner == "deaf",
    )
    with open(events, "a") as file:
        file.write(f"grandchild started {child.pid}\\n")
if manner == "broken":
    sys.exit("the moon is in the wrong quarter")
note("started")
print("hello from", name, flush=True)
while True:
    signal.pause()
"""
WHICH = {
    "three": {"database": "plain", "server": "plain", "client": "plain"},
    "parent": {"server": "parent"},
    "deaf": {"server": "deaf"},
    "broken": {"database": "plain", "server": "broken"},
}


def rows(run: Path, manners: dict[str, str]) -> tuple[Part, ...]:
    made: list[Part] = []
    for name, manner in manners.items():
        command = (sys.executable, "-c", PROGRAM, name, str(run / "events"), manner)
        before = tuple(part.name for part in made)
        made.append(Part(name, command, {orphans.MARK: str(run)}, after=before, end_seconds_max=2))
    return tuple(made)


def main() -> int:
    run, which = Path(sys.argv[1]), sys.argv[2]
    try:
        with only_one(run):
            orphans.end_all(run)
            asyncio.run(keep_up(rows(run, WHICH[which]), run, "all are up"))
    except CannotStart as refusal:
        say(str(refusal))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
