"""`.run/logs/NAME.log`: what a part says, bounded in size; one older file is kept beside it."""

from collections import deque
from pathlib import Path

LOG_BYTES_MAX = 5_000_000
LAST_LINES_MAX = 20


class PartLog:
    def __init__(self, directory: Path, name: str, bytes_max: int = LOG_BYTES_MAX) -> None:
        self.path = directory / f"{name}.log"
        self._bytes_max = bytes_max
        self._last: deque[str] = deque(maxlen=LAST_LINES_MAX)

    def write(self, chunk: bytes) -> None:
        if self.path.exists() and self.path.stat().st_size + len(chunk) > self._bytes_max:
            self.path.replace(self.path.with_suffix(".log.1"))
        with self.path.open("ab") as log:
            log.write(chunk)
        self._last.extend(filter(None, chunk.decode(errors="replace").splitlines()))

    def last_line(self) -> str:
        return self._last[-1].strip() if self._last else "it said nothing"
