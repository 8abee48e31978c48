"""Why a run stands where it stands, as its page would say it.

`later`: the same facts, looked at so many seconds later; nobody waits for them.
"""

from datetime import datetime, timedelta

from django.utils import timezone

from console.gateway.runs import RunKey
from console.gateway.workflows import describe
from console.workflows.causes import leaf
from console.workflows.causes.standing import Standing
from console.workflows.groups import grouped
from console.workflows.reading import read
from tests.support.eventually import eventually


def standing(
    key: RunKey, later: float = 0, *, sees: bool = True, at: datetime | None = None
) -> Standing:
    run = describe(key)
    known = read(run.summary.key, run.summary.history_length)
    walk = leaf.Walk(lambda _: sees, (at or timezone.now()) + timedelta(seconds=later))
    return leaf.look(run, grouped(known.events, run.activities), known.events, walk)


def becomes(cause: str, key: RunKey, later: float = 0, at: datetime | None = None) -> Standing:
    """A server tells of its pollers a moment later."""
    return eventually(lambda: standing(key, later, at=at), lambda found: found.cause == cause)


def said(found: Standing) -> str:
    return found.subject + found.says + ("<when>" if found.next_at else "") + found.after
