"""Views -> tabs and rows; pure."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from urllib.parse import urlencode

from django.urls import reverse

from console.saved_views.models import Audience, SavedView

RUNNING = "ExecutionStatus = 'Running'"
FAILED = "ExecutionStatus IN ('Failed', 'TimedOut')"
NEEDS_ATTENTION = "FailingActivityCount > 0 OR ExecutionStatus IN ('Failed', 'TimedOut')"


@dataclass(frozen=True, slots=True)
class Tab:
    name: str
    url: str
    current: bool
    view: SavedView | None = None
    may_change: bool = False


@dataclass(frozen=True, slots=True)
class ViewRow:
    view: SavedView
    url: str
    belongs: str
    owner: str
    is_default: bool
    may_change: bool


def address(view: SavedView) -> str:
    return runs_url(view.namespace, view.query, view.columns)


def runs_url(namespace: str, query: str, columns: str) -> str:
    """With its question even where that is empty: without one the default view opens."""
    asked = {"q": query, **({"cols": columns} if columns else {})}
    return f"{reverse('workflows:runs', args=[namespace])}?{urlencode(asked)}"


def tabs(
    saved: Iterable[SavedView],
    asked: tuple[str, str, str],
    knows_failing: bool,
    may_change: Callable[[SavedView], bool],
) -> list[Tab]:
    """Three that are always there, then what people saved. `asked`: namespace, query, columns.

    The third needs to know what fails now.
    """
    namespace, query, columns = asked
    third = ("Needs attention", NEEDS_ATTENTION) if knows_failing else ("Failed", FAILED)
    given = [("All runs", ""), ("Running", RUNNING), third]
    always = [
        Tab(name, runs_url(namespace, text, ""), (text, "") == (query, columns))
        for name, text in given
    ]
    return always + [
        Tab(
            view.name,
            address(view),
            (view.query, view.columns) == (query, columns),
            view,
            may_change(view),
        )
        for view in saved
    ]


def rows(
    saved: Iterable[SavedView], default: int | None, may_change: Callable[[SavedView], bool]
) -> list[ViewRow]:
    return [
        ViewRow(
            view,
            address(view),
            belongs(view),
            view.owner.get_full_name() or view.owner.username,
            view.pk == default,
            may_change(view),
        )
        for view in saved
    ]


def belongs(view: SavedView) -> str:
    match view.audience:
        case Audience.TEAM:
            return f"team {view.team.name}" if view.team else ""
        case Audience.NAMESPACE:
            return "everyone in the namespace"
        case _:
            return "its owner alone"
