"""Views -> tabs and rows; pure."""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass

from console.gateway import indexed
from console.gateway.lists import NOUNS, RUNS
from console.saved_views.models import Audience, SavedView
from console.ui import paths

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
    #: what it lists, in a word
    of: str
    belongs: str
    owner: str
    is_default: bool
    may_change: bool
    #: how many alert rules follow it
    rules: int


def address(view: SavedView) -> str:
    """Without a question the default view would open."""
    return paths.of_list(view.namespace, view.lists, indexed.told(view.query), view.columns)


@dataclass(frozen=True, slots=True)
class Asked:
    """What a page shows now."""

    namespace: str
    lists: str
    query: str
    columns: str


def tabs(
    saved: Iterable[SavedView],
    asked: Asked,
    knows_failing: bool,
    may_change: Callable[[SavedView], bool],
) -> list[Tab]:
    """Three that are always there, then what people saved.

    The third needs to know what fails now, which no index says of what stands alone.
    """
    is_failing = knows_failing and asked.lists == RUNS
    third = ("Needs attention", NEEDS_ATTENTION) if is_failing else ("Failed", FAILED)
    given = [("All runs" if asked.lists == RUNS else "All", ""), ("Running", RUNNING), third]
    now = (asked.query, asked.columns)
    always = [
        Tab(name, paths.of_list(asked.namespace, asked.lists, text), (text, "") == now)
        for name, text in given
    ]
    return always + [
        Tab(
            view.name,
            address(view),
            (view.query, view.columns) == now,
            view,
            may_change(view),
        )
        for view in saved
    ]


def rows(
    saved: Iterable[SavedView], defaults: Collection[int], may_change: Callable[[SavedView], bool]
) -> list[ViewRow]:
    return [
        ViewRow(
            view,
            address(view),
            NOUNS[view.lists][1],
            belongs(view),
            view.owner.get_full_name() or view.owner.username,
            view.pk in defaults,
            may_change(view),
            view.rules,  # type: ignore[attr-defined]
        )
        for view in saved
    ]


def about(view: SavedView) -> str:
    """What a form of it says first."""
    what = "Query, order and columns under a name, as a tab of the page."
    rules: int = view.alert_rules.count() if view.pk else 0
    if not rules:
        return what
    follow = "1 alert rule counts" if rules == 1 else f"{rules} alert rules count"
    return f"{what} {follow} what it asks, from the next look on."


def belongs(view: SavedView) -> str:
    match view.audience:
        case Audience.TEAM:
            return f"team {view.team.name}" if view.team else ""
        case Audience.NAMESPACE:
            return "everyone in the namespace"
        case _:
            return "its owner alone"
