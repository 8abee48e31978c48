"""Views -> tabs; pure."""

from collections.abc import Iterable
from dataclasses import dataclass

from console.saved_views.models import SavedView

RUNNING = "ExecutionStatus = 'Running'"
FAILED = "ExecutionStatus IN ('Failed', 'TimedOut')"
NEEDS_ATTENTION = "FailingActivityCount > 0 OR ExecutionStatus IN ('Failed', 'TimedOut')"


@dataclass(frozen=True, slots=True)
class Tab:
    name: str
    query: str
    current: bool
    view_id: int | None = None


def tabs(saved: Iterable[SavedView], query: str, knows_failing: bool) -> list[Tab]:
    """Three that are always there, then what people saved.

    The third needs to know what fails now.
    """
    third = ("Needs attention", NEEDS_ATTENTION) if knows_failing else ("Failed", FAILED)
    given = [("All runs", ""), ("Running", RUNNING), third]
    return [Tab(name, text, text == query) for name, text in given] + [
        Tab(view.name, view.query, view.query == query, view.pk) for view in saved
    ]
