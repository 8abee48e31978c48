"""Which of the lists a page is about: runs, or a kind of what stands alone.

The address says so, as `of`. Looking at what stands alone has a right of its own.
"""

from typing import Any

from console.access.decorators import demand
from console.access.policy import can
from console.gateway import lists
from console.gateway.lists import NOUNS, RUNS
from console.ui import paths
from console.ui.htmx import HtmxRequest

RIGHT = "standalone.view"


def asked(request: HtmxRequest, namespace: str) -> str:
    """Raises PermissionDenied."""
    of = lists.known(request.GET.get("of", ""))
    if of != RUNS:
        demand(request.user, RIGHT, namespace)
    return of


def context(request: HtmxRequest, namespace: str, of: str) -> dict[str, Any]:
    """What a page of one of them says: its words, the way to its rows and to the others' page."""
    one, many = NOUNS[of]
    may = [RUNS, *(NOUNS if can(request.user, RIGHT, namespace) else ())]
    return {
        "of": of,
        "one": one,
        "many": many,
        "nouns": f"{one},{many}",
        "list_url": paths.page_of(namespace, of),
        "lists": [(name, NOUNS[name][1], name == of) for name in dict.fromkeys(may)],
    }
