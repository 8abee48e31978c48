"""One turn at one export: pages of rows from the engine to its file, until the turn is over.

The file is written first and noted after. Whoever comes after a kill cuts off what was not noted
and goes on at the noted page: no row is missing, and none is there twice.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter
from typing import BinaryIO

from django.conf import settings
from django.utils import timezone

from console.access import sights
from console.exports import claims, lines
from console.exports.models import EXPORT_ROWS_MAX, Export, State
from console.gateway import lists, sight
from console.gateway.channel import GatewayError, Trouble

PAGE = 1_000
#: Other jobs get their turn in between.
TURN_SECONDS = 20.0
LATER = frozenset({Trouble.BUSY, Trouble.SLOW, Trouble.AWAY, Trouble.UNSEARCHED})
CUT = f"These are the first {EXPORT_ROWS_MAX:,}; more match. Narrow the query for the rest."


GONE = (
    "What was written of the file is gone, or lies in the EXPORT_DIRECTORY of another machine. "
    "Export it again."
)


class AnothersTurn(Exception):
    """A worker that was given up still has the file open."""


class FileGone(Exception):
    """Less lies there than was noted: cut to that length it would begin with NULs."""


def take_turn() -> bool:
    """False: there was nothing to do."""
    export = claims.take(timezone.now())
    if export is None:
        return False
    try:
        _fill(export)
    except GatewayError as error:
        if error.trouble in LATER:
            claims.leave(export, timezone.now(), str(error))
        else:
            claims.conclude(export, State.FAILED, timezone.now(), str(error))
    except OSError as error:
        says = f"The file cannot be written: {error.strerror}."
        claims.conclude(export, State.FAILED, timezone.now(), says)
    except AnothersTurn:
        claims.leave(export, timezone.now(), "Another worker is at it.")
    except FileGone:
        claims.conclude(export, State.FAILED, timezone.now(), GONE)
    return True


def path(export: Export) -> Path:
    return Path(settings.EXPORT_DIRECTORY) / export.file_name


def _fill(export: Export) -> None:
    until = perf_counter() + TURN_SECONDS
    its = sights.of_nobody(export.person, export.namespace)
    with sight.through(its), _opened(export) as file:
        while True:
            more = _page(export, file)
            if not claims.note(export, timezone.now()):
                return
            if not more:
                says = CUT if export.page_token else ""
                claims.conclude(export, State.DONE, timezone.now(), says)
                return
            if perf_counter() > until:
                claims.leave(export, timezone.now())
                return


def _page(export: Export, file: BinaryIO) -> bool:
    """Writes it; says whether there is more to write."""
    names = lines.columns(export.columns)
    most = min(PAGE, EXPORT_ROWS_MAX - export.rows)
    token = bytes(export.page_token)
    found, more = lists.find(export.namespace, export.lists, export.asked, most, token)
    at = timezone.now()
    written = b"" if export.size else lines.head(export.form, names)
    written += b"".join(lines.line(export.form, names, one, at) for one in found)
    file.write(written)
    file.flush()
    os.fsync(file.fileno())
    export.rows += len(found)
    export.size += len(written)
    export.page_token = more
    return bool(more) and export.rows < EXPORT_ROWS_MAX


@contextmanager
def _opened(export: Export) -> Iterator[BinaryIO]:
    """At the end of what was noted, and nobody else's as long as it is open."""
    where = path(export)
    where.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with os.fdopen(os.open(where, os.O_RDWR | os.O_CREAT, 0o600), "r+b") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AnothersTurn from None
        if os.fstat(file.fileno()).st_size < export.size:
            raise FileGone
        file.truncate(export.size)
        file.seek(export.size)
        yield file
