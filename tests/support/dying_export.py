"""`python -m tests.support.dying_export 2`: one turn at an export, by a process that is killed.

It ends by SIGKILL after the file got its second page and before that was noted.
"""

import os
import signal
import sys
from datetime import datetime

import django

django.setup()

from console.exports import claims, filling  # noqa: E402  (Django comes first)
from console.exports.models import Export  # noqa: E402

PAGE = 7
_note = claims.note
_left = int(sys.argv[1])


def _note_or_die(export: Export, at: datetime) -> bool:
    global _left  # noqa: PLW0603  the one count of this process
    _left -= 1
    if not _left:
        os.kill(os.getpid(), signal.SIGKILL)
    return _note(export, at)


filling.PAGE = PAGE
claims.note = _note_or_die
filling.take_turn()
