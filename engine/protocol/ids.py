"""What an id looks like."""

from __future__ import annotations

import re

_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def is_uuid(text: str) -> bool:
    """In its one usual form, as run ids are written and compared."""
    return _UUID.fullmatch(text) is not None
