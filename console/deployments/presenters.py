"""Gateway dataclasses -> template rows; pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from console.gateway.deployments import Deployment, DeploymentDetail, Routing, Version

UNVERSIONED = "workers without a version"
STATES = {
    "CURRENT": ("running", "Current"),
    "RAMPING": ("retrying", "Ramping"),
    "DRAINING": ("waiting", "Draining"),
    "DRAINED": ("completed", "Drained"),
    "INACTIVE": ("paused", "Inactive"),
    "CREATED": ("paused", "Inactive"),
}
#: Its runs are elsewhere or ended: it may be taken down.
GONE_FROM = frozenset({"DRAINED"})


@dataclass(frozen=True, slots=True)
class Shares:
    """Where new runs go: the current version, and the ramping one if there is one."""

    current: str
    current_percent: float
    current_since: datetime | None
    ramping: str
    ramping_percent: float
    ramping_since: datetime | None


@dataclass(frozen=True, slots=True)
class DeploymentRow:
    name: str
    shares: Shares
    latest: str
    #: The newest version gets nothing yet.
    waits: bool
    created_at: datetime | None


@dataclass(frozen=True, slots=True)
class VersionRow:
    """`open_runs` is None where they were not counted."""

    build_id: str
    state: str
    word: str
    open_runs: int | None
    says: str
    created_at: datetime | None
    routed_at: datetime | None
    may_be_current: bool
    may_be_deleted: bool


def shares(routing: Routing) -> Shares:
    ramping = "" if routing.ramping is None else routing.ramping or UNVERSIONED
    percent = routing.percent if ramping else 0.0
    return Shares(
        current=routing.current or UNVERSIONED,
        current_percent=100.0 - percent,
        current_since=routing.current_since,
        ramping=ramping,
        ramping_percent=percent,
        ramping_since=routing.ramping_since,
    )


def rows(found: Iterable[Deployment]) -> list[DeploymentRow]:
    return [
        DeploymentRow(
            name=one.name,
            shares=shares(one.routing),
            latest=one.latest,
            waits=one.latest not in {one.routing.current, one.routing.ramping or ""},
            created_at=one.created_at,
        )
        for one in found
    ]


def versions(one: DeploymentDetail, counted: Mapping[str, int]) -> list[VersionRow]:
    return [_version(each, counted.get(each.build_id)) for each in one.versions]


def _version(one: Version, open_runs: int | None) -> VersionRow:
    state, word = STATES.get(one.status, ("unknown", one.status.capitalize()))
    return VersionRow(
        build_id=one.build_id,
        state=state,
        word=word,
        open_runs=open_runs,
        says=says(one.status, open_runs),
        created_at=one.created_at,
        routed_at=one.routed_at,
        may_be_current=one.status != "CURRENT",
        may_be_deleted=one.status not in {"CURRENT", "RAMPING", "DRAINING"},
    )


def says(status: str, open_runs: int | None) -> str:
    match status:
        case "CURRENT":
            return "new runs go to it"
        case "RAMPING":
            return "a share of new runs goes to it"
        case "DRAINING":
            return "no new run goes to it; keep its workers until the last one has ended"
        case "DRAINED":
            return "no run needs it any more: its workers may end"
        case _ if open_runs:
            return "it never got new runs from the deployment"
        case _:
            return "nothing goes to it yet"
