"""The bulk worker as a real process, that can be killed."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote, urlencode

from django.conf import settings
from django.db import connection

from console.bulk.looking import worker_is_away
from tests.support.eventually import eventually

REPOSITORY = Path(__file__).parents[2]
START_SECONDS = 60
STOP_SECONDS = 20


def database_url() -> str:
    """The test database, as another process would name it."""
    given = connection.settings_dict
    options = {name: given[name.upper()] for name in ("host", "port") if given[name.upper()]}
    user = quote(given["USER"] or "", safe="")
    password = f":{quote(given['PASSWORD'], safe='')}" if given["PASSWORD"] else ""
    return f"postgresql://{user}{password}@/{given['NAME']}?{urlencode(options)}"


def own_environment() -> dict[str, str]:
    """Of another process of this console."""
    return {
        "DATABASE_URL": database_url(),
        "PERDURE_SECRET_KEY": settings.SECRET_KEY,
        "ENGINE_ADDRESS": settings.ENGINE_ADDRESS,
        "BULK_TASK_QUEUE": settings.BULK_TASK_QUEUE,
        "DJANGO_SETTINGS_MODULE": "console.settings",
    }


def start_worker() -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "manage.py", "bulk_worker"],
        cwd=REPOSITORY,
        env=os.environ | own_environment(),  # noqa: TID251  a real process gets a real environment
        stdout=subprocess.DEVNULL,
    )


def kill(worker: subprocess.Popen[bytes]) -> None:
    worker.send_signal(signal.SIGKILL)
    worker.wait(STOP_SECONDS)


@contextmanager
def bulk_worker() -> Iterator[subprocess.Popen[bytes]]:
    worker = start_worker()
    try:
        eventually(lambda: not worker_is_away(), within=START_SECONDS, every=0.2)
        yield worker
    finally:
        worker.terminate()
        try:
            worker.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            kill(worker)
