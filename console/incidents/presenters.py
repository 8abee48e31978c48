"""Incidents -> rows and charts; pure."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.urls import reverse

from console.gateway.lists import NOUNS, RUNS, Listed
from console.gateway.payloads import words_seen
from console.gateway.runs import RunKey
from console.gateway.standalone import Execution
from console.incidents.models import Incident, Sample, State, Survey
from console.incidents.surveying import query_of
from console.ui import paths, words

BARS = 48
#: Numbers of one survey are no further apart.
SURVEY_TAKES = timedelta(seconds=30)
#: What the chart of a row covers, and that of an incident's own page.
ROW_SPAN, PAGE_SPAN = timedelta(hours=8), timedelta(hours=24)
SPARK_HEIGHT = 20.0
BAR_LEAST = 1.0
NAMES_SHOWN = 2
PARTICULARS = re.compile(
    r"('[^']*'|\"[^\"]*\"|`[^`]*`|\b[0-9a-fA-F]{8}-[0-9a-fA-F-]{27}\b|\b\w*\d[\w.:/-]*\b)"
)
SHAPES = {State.OPEN: "retrying", State.KNOWN: "waiting", State.FIXED: "ok"}


@dataclass(frozen=True, slots=True)
class Bar:
    x: float
    y: float
    height: float


@dataclass(frozen=True, slots=True)
class Chart:
    bars: tuple[Bar, ...]
    says: str


@dataclass(frozen=True, slots=True)
class Piece:
    text: str
    varies: bool


@dataclass(frozen=True, slots=True)
class Row:
    number: int
    where: str
    type: str
    fingerprint: str
    message: tuple[Piece, ...]
    running: int
    failed: int
    first_seen_at: datetime
    last_seen_at: datetime
    chart: Chart
    example: RunKey | None
    example_url: str
    types: str
    queues: str
    owner: str
    link: str
    state: str
    shape: str
    reopened_at: datetime | None
    running_url: str
    failed_url: str
    #: what fails so, in a word
    of: str
    #: when it was counted, where the newest survey did not
    counted_at: datetime | None


def row(
    incident: Incident, samples: Sequence[Sample], now: datetime, survey: Survey | None = None
) -> Row:
    owner = incident.owner
    return Row(
        number=incident.pk,
        where=incident.where,
        type=incident.failure_type,
        fingerprint=incident.fingerprint,
        message=pieces(words_seen(incident.message)),
        running=incident.running,
        failed=incident.failed,
        first_seen_at=incident.first_seen_at,
        last_seen_at=incident.last_seen_at,
        chart=chart(samples, now, ROW_SPAN),
        example=incident.example,
        example_url=url_of(incident.lists, incident.example) if incident.example else "",
        types=several(incident.workflow_types),
        queues=several(incident.task_queues),
        owner=(owner.get_full_name() or owner.get_username()) if owner else "",
        link=incident.link,
        state=State(incident.state).label,
        shape=SHAPES[State(incident.state)],
        reopened_at=incident.reopened_at,
        running_url=list_url(incident, query_of(incident, open_ones=True)),
        failed_url=list_url(incident, query_of(incident, open_ones=False)),
        of=NOUNS[incident.lists][1],
        counted_at=_earlier(incident, survey),
    )


def _earlier(incident: Incident, survey: Survey | None) -> datetime | None:
    """A survey counts its lists one after the other, and may be under way."""
    at = incident.counted_at
    if at is None or survey is None or survey.at is None or survey.uncounted is None:
        return None
    return at if survey.at - at > SURVEY_TAKES else None


def list_url(incident: Incident, query: str) -> str:
    return paths.of_list(incident.namespace, incident.lists, query)


def url_of(of: str, key: RunKey) -> str:
    """Of what stands alone, its id is in the place of the workflow's."""
    if of == RUNS:
        return reverse("workflows:run", args=[key.namespace, key.workflow_id, key.run_id])
    return reverse("standalone:one", args=[key.namespace, of, key.workflow_id, key.run_id])


def pieces(message: str) -> tuple[Piece, ...]:
    """What differs from run to run is marked: the fingerprint leaves it out."""
    parts = PARTICULARS.split(message)
    return tuple(Piece(part, bool(index % 2)) for index, part in enumerate(parts) if part)


def several(names: Sequence[str]) -> str:
    more = len(names) - NAMES_SHOWN
    return ", ".join(names[:NAMES_SHOWN]) + (f" and {more} more" if more > 0 else "")


def chart(samples: Iterable[Sample], now: datetime, span: timedelta) -> Chart:
    """The most in each part of the span; a part without a sample has no bar."""
    begin = now - span
    most: dict[int, int] = {}
    for sample in samples:
        place = (sample.at - begin) // (span / BARS)
        if 0 <= place < BARS:
            most[place] = max(most.get(place, 0), sample.running + sample.failed)
    top = max(most.values(), default=0)
    bars = tuple(_bar(place, count, top) for place, count in sorted(most.items()) if count)
    length = f"the last {span // timedelta(hours=1)} h"
    says = f"at most {words.plural(top, 'run')} in {length}" if most else f"no count in {length}"
    return Chart(bars, says)


def _bar(place: int, count: int, top: int) -> Bar:
    height = max(count / top * SPARK_HEIGHT, BAR_LEAST)
    return Bar(place * 2.0, round(SPARK_HEIGHT - height, 1), round(height, 1))


@dataclass(frozen=True, slots=True)
class RunRow:
    id: str
    url: str
    status: str
    type: str
    queue: str
    attempt: int
    message: str
    started_at: datetime | None
    closed_at: datetime | None


def run_row(run: Listed) -> RunRow:
    if isinstance(run, Execution):
        return _alone_row(run)
    problem = run.problem
    return RunRow(
        id=run.key.workflow_id,
        url=url_of(RUNS, run.key),
        status="Retrying" if run.is_open else run.status,
        type=run.type,
        queue=run.task_queue,
        attempt=problem.attempt_max if problem else 0,
        message=problem.failure_message if problem else "",
        started_at=run.started_at,
        closed_at=run.closed_at,
    )


def _alone_row(one: Execution) -> RunRow:
    """A list of activities does not say which attempt it is, nor how it failed."""
    key = one.key
    return RunRow(
        id=key.id,
        url=url_of(key.kind.name, RunKey(key.namespace, key.id, key.run_id)),
        status=one.status if one.closed_at else "Retrying",
        type=one.does,
        queue=one.at,
        attempt=0,
        message="",
        started_at=one.started_at,
        closed_at=one.closed_at,
    )
