"""Workers at an export are killed at the worst moment: every row is in the file, once."""

import csv
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from console.exports import filling
from console.exports.models import Export, State
from tests.console.conftest import NAMESPACE, indexed
from tests.support.bulk_workers import REPOSITORY, own_environment
from tests.support.names import Names
from tests.support.programs import Program

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(300),
    pytest.mark.django_db(transaction=True),
]

Browser = Callable[..., Client]
RUNS = 40
#: Of the killed process too.
PAGE = 7


def killed_turn(settings: Any, at_note: int) -> int:
    """What it wrote and did not note lies in the file. Its exit code."""
    Export.objects.update(claimed_until=timezone.now())
    own = own_environment() | {"EXPORT_DIRECTORY": settings.EXPORT_DIRECTORY}
    return subprocess.run(
        [sys.executable, "-m", "tests.support.dying_export", str(at_note)],
        cwd=REPOSITORY,
        env=os.environ | own,  # noqa: TID251  a real process gets a real environment
        check=False,
    ).returncode


def test_killed_again_and_again_the_file_has_no_gap_and_nothing_twice(
    carol: User,
    browser_of: Browser,
    program: Program,
    names: Names,
    settings: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings.EXPORT_DIRECTORY = str(tmp_path)
    queue = names.queue()
    started = {program.start("Waiting", names.workflow(), queue).run_id for _ in range(RUNS)}
    indexed(f"TaskQueue = '{queue}'", RUNS)
    asked = {"query": f"TaskQueue = '{queue}'", "columns": "RunId", "form": "csv"}
    browser_of(carol).post(f"/namespaces/{NAMESPACE}/exports/new/", asked)
    monkeypatch.setattr(filling, "PAGE", PAGE)

    ended = [killed_turn(settings, at_note) for at_note in (1, 2, 3)]
    export = Export.objects.get()
    assert ended == [-signal.SIGKILL] * 3
    assert export.rows == 3 * PAGE
    assert filling.path(export).stat().st_size > export.size
    Export.objects.update(claimed_until=timezone.now())
    assert filling.take_turn()

    export.refresh_from_db()
    with filling.path(export).open(newline="") as file:
        found = [row["RunId"] for row in csv.DictReader(file)]
    assert export.state == State.DONE
    assert len(found) == export.rows == RUNS
    assert set(found) == started
