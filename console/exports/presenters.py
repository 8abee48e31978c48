"""Exports -> template rows; pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from console.exports.models import EXPORT_ROWS_MAX, Export, State
from console.gateway.lists import NOUNS
from console.ui.htmx import version_of

SHAPES = {
    State.WAITING: "waiting",
    State.RUNNING: "running",
    State.DONE: "completed",
    State.FAILED: "failed",
    State.CANCELED: "canceled",
}
#: The beat asks for work every two seconds; so long without an answer means that nobody works.
NOBODY_AFTER = timedelta(seconds=20)


@dataclass(frozen=True, slots=True)
class ExportRow:
    export: Export
    #: what its rows are, in a word
    of: str
    shape: str
    word: str
    percent: int
    goal: int
    nobody: bool
    may_take: bool


def row(export: Export, at: datetime) -> ExportRow:
    state = State(export.state)
    goal = max(min(export.matched, EXPORT_ROWS_MAX), export.rows)
    is_done = state is State.DONE
    waits = state is State.WAITING and at - export.asked_at > NOBODY_AFTER
    return ExportRow(
        export,
        NOUNS[export.lists][1],
        SHAPES[state],
        state.label,
        100 if is_done else 100 * export.rows // goal if goal else 0,
        export.rows if is_done else goal,
        waits,
        is_done,
    )


def version(found: ExportRow) -> str:
    it = found.export
    return version_of(it.state, it.rows, it.size, it.says, found.nobody)


def download_name(export: Export) -> str:
    """Plain letters only, since a namespace may have any."""
    namespace = "".join(one for one in export.namespace if one.isascii() and one.isalnum())
    return f"{export.lists}-{namespace}-{export.pk}.{export.form}"
