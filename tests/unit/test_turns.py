"""Shorter turns on a processor: asked for by a process of its own, told by the kernel."""

import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

from engine import turns

RELEASE = tuple(map(int, platform.release().split(".")[:2]))
NICEST = 19

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/sched").exists(), reason="this kernel does not tell how it schedules"
)
ASK = """
import os
from pathlib import Path
from engine import turns

os.nice(2)
turns.take_short_ones()
print(Path("/proc/self/sched").read_text())
"""


@pytest.fixture(scope="module")
def told() -> dict[str, str]:
    asked = subprocess.run([sys.executable, "-c", ASK], capture_output=True, text=True, check=True)
    assert not asked.stderr
    lines = (line.split(":") for line in asked.stdout.splitlines() if ":" in line)
    return {name.strip(): value.strip() for name, value in (line[:2] for line in lines)}


@pytest.mark.skipif(RELEASE < (6, 12), reason="Linux has no turns of one's own length before 6.12")
def test_its_turns_are_as_short_as_it_asked(told: dict[str, str]) -> None:
    assert int(told["se.slice"]) == turns.TURN_NANOSECONDS


def test_its_niceness_stays_what_it_was(told: dict[str, str]) -> None:
    normal = 120
    assert int(told["prio"]) == normal + min(os.nice(0) + 2, NICEST)
