"""What the writer of a query may have meant."""

import difflib
from collections.abc import Iterable


def nearest(given: str, known: Iterable[str]) -> str:
    """A hint with the name most like the given one; empty where none is."""
    by_folded = {name.casefold(): name for name in known}
    found = difflib.get_close_matches(given[:100].casefold(), by_folded, n=1, cutoff=0.6)
    return f"did you mean {by_folded[found[0]]}?" if found else ""
