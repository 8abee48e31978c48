"""How a program on the SDK ends."""

import os
import sys
from typing import NoReturn


def leave() -> NoReturn:
    """Everything is drained and closed by now; only the interpreter is left to take down.

    The SDK's native threads may still be about to release the interpreter's lock when it
    finalizes, which aborts the process: a clean end would now and then look like a crash.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)
