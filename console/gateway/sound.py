"""What comes from a workflow or a person, as PostgreSQL can keep it. Pure.

Its texts hold no NUL and no half of a surrogate pair, its JSON no infinite number; what workflows
write and the protocol brings may have any of them.
"""

import re
from math import isfinite
from typing import Any

UNKEPT = re.compile("[\0\ud800-\udfff]")
INSTEAD = "\N{REPLACEMENT CHARACTER}"


def text(given: str) -> str:
    return UNKEPT.sub(INSTEAD, given)


def json(given: Any) -> Any:
    """Raises RecursionError."""
    match given:
        case str():
            return text(given)
        case dict():
            return {json(key): json(value) for key, value in given.items()}
        case float() if not isfinite(given):
            return str(given)
        case list() | tuple():
            return [json(one) for one in given]
        case _:
            return given
