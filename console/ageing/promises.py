"""What was promised for a time: the Datetime attribute `due_at`, where the namespace has it."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from console.ageing.looking import LISTED_MAX, OLDEST_SHOWN, borne, rounded
from console.gateway import ages, counting, lists, namespaces
from console.gateway.ages import OpenRun
from console.gateway.channel import GatewayError
from console.gateway.conditions import before, narrowed

DUE = "due_at"
SOON = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Promises:
    """`kind` is the type that the attribute has here, empty where it is not registered."""

    kind: str
    says: str = ""
    overdue: int = 0
    overdue_query: str = ""
    soon: int = 0
    soon_query: str = ""
    runs: tuple[OpenRun, ...] = ()
    #: False: the runs are the longest overdue of the newest LISTED_MAX
    whole: bool = True
    at: datetime | None = None


def promises(namespace: str, of: str, query: str, now: datetime) -> Promises:
    """Two counts and a list; nothing where there is no such attribute."""
    attributes = namespaces.attributes(namespace)
    kind = attributes.custom.get(DUE, "")
    if kind != "Datetime":
        return Promises(kind)
    try:
        return _promises(namespace, of, query, rounded(now), sorts=attributes.ours)
    except GatewayError as error:
        return Promises(kind, borne(error))


def _promises(namespace: str, of: str, query: str, now: datetime, *, sorts: bool) -> Promises:
    are_open = lists.are_open(namespace, of)
    overdue = narrowed(query, f"{are_open} AND {before(DUE, now)}")
    soon = narrowed(query, f"{are_open} AND NOT {before(DUE, now)} AND {before(DUE, now + SOON)}")
    late, coming = (lists.count(namespace, of, one) for one in (overdue, soon))
    in_order = f"{overdue} ORDER BY {DUE} ASC" if sorts else overdue
    most = OLDEST_SHOWN if sorts else LISTED_MAX
    listed = counting.once(
        namespace,
        f"overdue {of}, {most}: {in_order}",
        lambda: ages.opened(namespace, of, in_order, most, DUE),
    )
    runs = sorted(listed.found.runs, key=lambda run: run.due_at or run.started_at)[:OLDEST_SHOWN]
    return Promises(
        "Datetime",
        overdue=late.counts.total,
        overdue_query=in_order,
        soon=coming.counts.total,
        soon_query=soon,
        runs=tuple(runs),
        whole=sorts or listed.found.whole,
        at=late.at,
    )
