"""Gateway dataclasses -> template rows; pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from console.gateway.batches import BatchDetail, BatchSummary
from console.ui import words

STATES = {
    "RUNNING": ("running", "Running"),
    "COMPLETED": ("completed", "Completed"),
    # One that was stopped ends as failed, too: the protocol does not tell them apart.
    "FAILED": ("failed", "Failed or stopped"),
}
#: What is done, by the protocol's older and newer word for it.
KINDS = {
    "TERMINATE": "Terminate runs",
    "TERMINATE_WORKFLOW": "Terminate runs",
    "CANCEL": "Cancel runs",
    "CANCEL_WORKFLOW": "Cancel runs",
    "SIGNAL": "Signal runs",
    "SIGNAL_WORKFLOW": "Signal runs",
    "DELETE": "Delete runs",
    "DELETE_WORKFLOW": "Delete runs",
    "RESET": "Reset runs",
    "RESET_WORKFLOW": "Reset runs",
    "UPDATE_EXECUTION_OPTIONS": "Change options of runs",
    "UPDATE_WORKFLOW_EXECUTION_OPTIONS": "Change options of runs",
    "UNPAUSE_ACTIVITY": "Resume activities",
    "RESET_ACTIVITY": "Reset activities",
    "UPDATE_ACTIVITY_OPTIONS": "Change options of activities",
    "TERMINATE_ACTIVITY": "Terminate activities",
    "CANCEL_ACTIVITY": "Cancel activities",
    "DELETE_ACTIVITY": "Delete activities",
}
RUNS_SHOWN_MAX = 200


@dataclass(frozen=True, slots=True)
class BatchRow:
    """`share` is None where the server has not said how many there are. `progress` is of those that
    are through, whether it was done to them or refused."""

    id: str
    kind: str
    state: str
    word: str
    started_at: datetime | None
    closed_at: datetime | None
    took: timedelta | None
    progress: str
    share: float | None
    done: str
    refused: str
    running: bool


def rows(found: Iterable[BatchSummary], details: Mapping[str, BatchDetail]) -> list[BatchRow]:
    return [row(one, details.get(one.id)) for one in found]


def row(one: BatchSummary, detail: BatchDetail | None) -> BatchRow:
    state, word = STATES.get(one.state, ("unknown", one.state.capitalize()))
    took = None
    if one.started_at and one.closed_at:
        took = one.closed_at - one.started_at
    return BatchRow(
        id=one.id,
        kind=KINDS.get(one.kind, one.kind.replace("_", " ").capitalize()),
        state=state,
        word=word,
        started_at=one.started_at,
        closed_at=one.closed_at,
        took=took,
        progress=_progress(detail),
        share=_share(detail),
        done=_done(detail),
        refused=words.number(detail.failed) if detail and detail.total else "",
        running=one.state == "RUNNING",
    )


def _progress(detail: BatchDetail | None) -> str:
    if detail is None:
        return ""
    if not detail.total:
        return "being counted"
    settled = detail.done + detail.failed
    return f"{words.number(settled)} of {words.number(detail.total)}"


def _done(detail: BatchDetail | None) -> str:
    """A server that ended one by force has forgotten how far it came."""
    if detail is None:
        return ""
    if detail.total or detail.summary.state == "COMPLETED":
        return f"{words.number(detail.done)} of {words.number(detail.total)}"
    return "being counted" if detail.summary.state == "RUNNING" else "not said"


def _share(detail: BatchDetail | None) -> float | None:
    if detail is None or not detail.total:
        return None
    return min(100.0, 100 * (detail.done + detail.failed) / detail.total)
