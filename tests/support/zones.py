"""The files of time zones, as the system keeps them."""

from pathlib import Path
from zoneinfo import TZPATH


def file_of(zone: str) -> bytes:
    return next(path.read_bytes() for path in (Path(at, zone) for at in TZPATH) if path.is_file())
