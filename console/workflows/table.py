"""The table of runs: its columns as they were chosen, and a cell of each run in each. Pure.

A cell of a keyword leads to the same question narrowed to its value.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from console.gateway import columns as chosen
from console.gateway import indexed, masks
from console.gateway import query as queries
from console.gateway.runs import RunSummary
from console.ui.htmx import version_of
from console.workflows import presenters
from console.workflows.finding import RETRYING, Search
from console.workflows.presenters import RunRow

#: More than these, and the table is wider than the page.
COLUMNS_IN_SIGHT = 8
TEXT_LENGTH_MAX = 300
UNSORTABLE = queries.UNSORTABLE | {"Memo", "Problem", ""}
NUMBERS = frozenset({"Int", "Double"})

#: How the usual columns share the width, and what of them stays on a narrow page.
LAYOUT_OURS = {
    "ExecutionStatus": "cell-trail",
    "WorkflowId": "cell-lead cut cut-wide",
    "WorkflowType": "cut cell-late",
    chosen.PROBLEM: "clip cell-sub",
    "ActivityAttemptMax": "number cell-end",
    "NextRetryTime": "number soft",
    "ExecutionDuration": "number cell-late",
    "TaskQueue": "cut soft",
}
LAYOUT_ELSEWHERE = LAYOUT_OURS | {
    "WorkflowId": "cell-lead clip",
    "WorkflowType": "cut cell-sub",
    "StartTime": "cell-end",
}


@dataclass(frozen=True, slots=True)
class Column:
    name: str
    kind: str
    css: str
    url: str = ""
    sorted: str = ""
    arrow: str = ""

    @property
    def label(self) -> str:
        return label(self.name)

    @property
    def head(self) -> str:
        return " ".join(word for word in self.css.split() if word in {"number", "cell-late"})


@dataclass(frozen=True, slots=True)
class Cell:
    """`look` says how it is drawn; `links` are its values, each with where a click leads."""

    column: Column
    look: str
    value: Any = None
    links: tuple[tuple[str, str], ...] = ()
    title: str = ""

    @property
    def css(self) -> str:
        """An empty cell takes no line of a narrow page."""
        is_empty = self.value in (None, "", [])
        return self.column.css.replace("cell-more", "") if is_empty else self.column.css


@dataclass(frozen=True, slots=True)
class Line:
    run: RunRow
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Table:
    columns: tuple[Column, ...]
    lines: tuple[Line, ...]
    unknown: tuple[str, ...]
    version: str

    @property
    def scrolls(self) -> bool:
        return any("cell-more" in one.css for one in self.columns) and (
            len(self.columns) > COLUMNS_IN_SIGHT
        )


def label(column: str) -> str:
    if column == chosen.PROBLEM:
        return "Failing or waiting for"
    return queries.label(column.removeprefix(chosen.MEMO))


def table(search: Search) -> Table:
    wanted = chosen.parse(search.cols)
    known = [name for name in wanted if chosen.kind(name, search.attributes)]
    unknown = tuple(name for name in wanted if name not in known)
    if known and chosen.ID not in known:
        known.insert(0, chosen.ID)
    columns = tuple(_columns(search, known))
    lines = tuple(_line(search, columns, run) for run in search.page.runs)
    if not known:
        columns, lines = _without_empty(columns, lines)
    return Table(columns, lines, unknown, version_of([_facts(line) for line in lines]))


def _without_empty(
    columns: tuple[Column, ...], lines: tuple[Line, ...]
) -> tuple[tuple[Column, ...], tuple[Line, ...]]:
    """Next try takes room for nothing where nothing is tried again, unless it sorts."""
    empty = [
        number
        for number, column in enumerate(columns)
        if column.name == "NextRetryTime"
        and not column.sorted
        and all(line.cells[number].value is None for line in lines)
    ]
    kept = [number for number in range(len(columns)) if number not in empty]
    return tuple(columns[number] for number in kept), tuple(
        Line(line.run, tuple(line.cells[number] for number in kept)) for line in lines
    )


def _columns(search: Search, known: list[str]) -> Iterator[Column]:
    """The usual ones have their layout; on a narrow page chosen ones stand below each other."""
    usual = chosen.usual(search.attributes)
    layout = LAYOUT_OURS if search.ours else LAYOUT_ELSEWHERE
    for name in known or usual:
        kind = chosen.kind(name, search.attributes)
        css = _layout(name, kind, len(known)) if known else layout.get(name, "")
        column = Column(name, kind, css)
        yield _sorted(search, column) if search.ours else column


def _layout(name: str, kind: str, count: int) -> str:
    match name:
        case "ExecutionStatus":
            return "cell-trail"
        case chosen.ID:
            return "cell-lead cut cut-wide" if count > COLUMNS_IN_SIGHT else "cell-lead clip"
        case _:
            is_number = kind in NUMBERS or name == "ExecutionDuration"
            return f"cell-more {'number' if is_number else 'cut'}"


def _sorted(search: Search, column: Column) -> Column:
    if column.kind in UNSORTABLE or indexed.is_hidden(column.name):
        return column
    now = queries.sorting(search.query, column.name)
    url = presenters.address(now.turned, search.cols, search.pager.size)
    return replace(column, url=url, sorted=now.word, arrow=now.arrow)


def _line(search: Search, columns: tuple[Column, ...], run: RunSummary) -> Line:
    row = presenters.run_row(run, search.at)
    return Line(row, tuple(_cell(search, column, run, row) for column in columns))


def _cell(search: Search, column: Column, run: RunSummary, row: RunRow) -> Cell:
    if column.name == "ExecutionStatus":
        return Cell(column, "status", row.status, _links(search, column, [row.status]))
    if column.name in OF_ROW:
        return _of_row(column, row)
    found = chosen.value(run, column.name, search.at)
    if column.kind not in queries.FILTERS or _is_measured(column):
        return _plain(column, found)
    each = found if isinstance(found, list) else [] if found in (None, "") else [found]
    texts = [_text(one) for one in each]
    return Cell(column, "links", found, _links(search, column, texts), ", ".join(texts))


def _is_measured(column: Column) -> bool:
    """By the system: hardly another run has the same number."""
    return column.kind in NUMBERS and column.name in chosen.TOLD


#: columns that the row knows more of than the attribute says
OF_ROW = frozenset({chosen.ID, chosen.PROBLEM, "ActivityAttemptMax", "NextRetryTime"})


def _of_row(column: Column, row: RunRow) -> Cell:
    match column.name:
        case chosen.ID:
            return Cell(column, "id", row.workflow_id, title=row.workflow_id)
        case chosen.PROBLEM:
            told = f"{row.failing} {row.because}".strip()
            return Cell(column, "problem", told, title=told)
        case "ActivityAttemptMax":
            return Cell(column, "attempt", row.attempt or "")
        case _:
            return Cell(column, "until", row.next_try_at)


def _plain(column: Column, found: Any) -> Cell:
    match found:
        case None:
            return Cell(column, "text", "")
        case datetime():
            return Cell(column, "when", found)
        case timedelta():
            return Cell(column, "duration", found)
        case bool():
            return Cell(column, "text", _text(found))
        case int() | float():
            return Cell(column, "number", found)
        case _:
            text = _text(found)
            return Cell(column, "text", text, title=text)


def _text(found: Any) -> str:
    text = found if isinstance(found, str) else json.dumps(found, ensure_ascii=False, default=str)
    return text if len(text) <= TEXT_LENGTH_MAX else f"{text[:TEXT_LENGTH_MAX]}…"


def _links(search: Search, column: Column, texts: list[str]) -> tuple[tuple[str, str], ...]:
    """What the query asks for already leads nowhere; nor does what was cut or is masked."""
    asked = queries.conditions(search.query)
    found = []
    for text in texts:
        condition = condition_of(column, text)
        leads = condition not in asked and len(text) <= TEXT_LENGTH_MAX and not masks.is_in(text)
        url = presenters.address(
            queries.narrowed(search.query, condition), search.cols, search.pager.size
        )
        found.append((text, url if leads else ""))
    return tuple(found)


def condition_of(column: Column, text: str) -> str:
    if (column.name, text) == ("ExecutionStatus", "Retrying"):
        return RETRYING
    return queries.equal(column.name, column.kind, text)


def _facts(line: Line) -> tuple[Any, ...]:
    """What makes rows differ: not the clock, which runs in every open run's duration."""
    run = line.run
    seen = [str(cell.value) for cell in line.cells if cell.look not in {"until", "duration"}]
    return (run.run_id, run.status, run.closed_at, run.failing, run.because, run.attempt, seen)
