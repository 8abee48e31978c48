"""names.workflow(), names.queue(): stable and unique per test."""

import itertools
import os
import re

# One count for the whole run: two tests may begin alike.
_numbers = itertools.count(1)


class Names:
    """Names that no other test uses, and that say which test they belong to."""

    def __init__(self, test: str) -> None:
        self._stem = re.sub(r"[^a-z0-9]+", "-", test.lower()).strip("-")[:60]

    def workflow(self, kind: str = "workflow") -> str:
        return self._next(kind)

    def queue(self) -> str:
        return self._next("queue")

    def namespace(self) -> str:
        return self._next("namespace")

    def _next(self, kind: str) -> str:
        return f"{kind}/{self._stem}-{os.getpid()}-{next(_numbers)}"
