"""A test that nothing else ends: pytest is run in a process of its own, which is to end by itself.

What it waits for then is shortened from minutes to a second.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

REPOSITORY = Path(__file__).parents[2]
ENDS_WITHIN_SECONDS = 60
CONFTEST = """
import threading
import pytest
from tests.support import hung

hung.TEARDOWN_SECONDS_MAX = 1

def for_good():
    while True:
        try:
            threading.Event().wait()
        except BaseException:
            pass

@pytest.fixture
def that_never_ends():
    yield
    for_good()
"""
SWALLOWS_ITS_TIME_OUT = """
import pytest
from conftest import for_good

@pytest.mark.timeout(1)
def test_one():
    for_good()
"""
HANGS_AFTER_IT_FAILED = """
import pytest

@pytest.mark.timeout(30)
def test_one(that_never_ends):
    raise AssertionError("no")
"""
TAKES_ITS_TIME = """
import threading
import pytest

@pytest.mark.timeout(10)
def test_one():
    threading.Event().wait(1.5)
"""


def ran(directory: Path, test: str) -> subprocess.CompletedProcess[str]:
    (directory / "conftest.py").write_text(CONFTEST)
    (directory / "test_it.py").write_text(test)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "tests.support.hung", "test_it.py"]
    given = os.environ | {"PYTHONPATH": str(REPOSITORY)}  # noqa: TID251  a real process gets a real environment
    return subprocess.run(
        command, cwd=directory, env=given, capture_output=True, text=True,
        timeout=ENDS_WITHIN_SECONDS, check=False,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("test", "stood"),
    [(SWALLOWS_ITS_TIME_OUT, "in test_one"), (HANGS_AFTER_IT_FAILED, "in that_never_ends")],
)
def test_a_test_that_hangs_for_good_ends_its_process_which_says_where_it_stood(
    tmp_path: Path, test: str, stood: str
) -> None:
    ended = ran(tmp_path, test)

    assert ended.returncode != 0
    assert "Timeout (" in ended.stderr
    assert "in for_good" in ended.stderr
    assert stood in ended.stderr
    assert not re.search(r"passed|failed", ended.stdout), "it came to a summary"


def test_a_test_that_takes_its_time_is_let(tmp_path: Path) -> None:
    ended = ran(tmp_path, TAKES_ITS_TIME)

    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "1 passed" in ended.stdout
