"""Gateway dataclasses -> template rows; pure."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from console.gateway.task_queues import Poller, Queue
from console.gateway.workers import Slots, Worker
from console.ui import words
from console.workers.forms import Wanted

#: SDKs beat once a minute unless told otherwise.
SILENT_AFTER = timedelta(seconds=150)
#: A poll lasts a minute; who has not asked for longer than this has gone.
GONE_AFTER = timedelta(seconds=90)
BUSY_FROM = 0.9
ROWS_MAX = 500
_ORDER = ("starving", "retrying", "ok", "skipped")


@dataclass(frozen=True, slots=True)
class WorkerRow:
    key: str
    identity: str
    state: str
    word: str
    host: str
    queue: str
    sdk: str
    build: str
    workflow_slots: str
    activity_slots: str
    is_full: bool
    cache: str
    started_at: datetime | None
    seen_at: datetime | None


@dataclass(frozen=True, slots=True)
class Figure:
    name: str
    value: str
    about: str
    bad: bool = False


@dataclass(frozen=True, slots=True)
class BuildRow:
    """Workers, or pollers, of one build on one queue."""

    queue: str
    build: str
    sdk: str
    count: int


@dataclass(frozen=True, slots=True)
class SlotRow:
    name: str
    used: int
    all: int
    share: float
    processed: int
    failed: int
    supplier: str


def state_of(worker: Worker, now: datetime) -> tuple[str, str]:
    """(shape, word). One that beats more seldom is given more time.

    The last that an SDK says is that it shuts down.
    """
    patience = max(SILENT_AFTER, (worker.every or timedelta()) * 2.5)
    is_silent = worker.seen_at is not None and now - worker.seen_at > patience
    if worker.status == "SHUTTING_DOWN":
        return ("skipped", "Left") if is_silent else ("retrying", "Shutting down")
    if is_silent:
        return "starving", "Silent"
    return "ok", "Alive"


def rows(found: Iterable[Worker], now: datetime, wanted: Wanted) -> list[WorkerRow]:
    """The silent first."""
    every = (row(worker, now) for worker in found if wanted.text in _text(worker))
    kept = (one for one in every if wanted.state in ("", one.state))
    return sorted(kept, key=lambda one: (_ORDER.index(one.state), one.queue, one.identity))


def _text(worker: Worker) -> str:
    """What a person may look for."""
    said = (worker.identity, worker.key, worker.host, worker.queue, worker.sdk, worker.build)
    return "\n".join((*said, worker.deployment)).lower()


def row(worker: Worker, now: datetime) -> WorkerRow:
    state, word = state_of(worker, now)
    return WorkerRow(
        key=worker.key,
        identity=worker.identity,
        state=state,
        word=word,
        host=worker.host,
        queue=worker.queue,
        sdk=worker.sdk,
        build=build_of(worker),
        workflow_slots=_used(worker.slots.get("Workflow tasks")),
        activity_slots=_used(worker.slots.get("Activities")),
        is_full=any(_share(one) >= BUSY_FROM for one in worker.slots.values()),
        cache=words.number(worker.cached) if worker.slots else "",
        started_at=worker.started_at,
        seen_at=worker.seen_at,
    )


def build_of(worker: Worker) -> str:
    return ".".join(filter(None, (worker.deployment, worker.build)))


def _used(slots: Slots | None) -> str:
    return f"{slots.used} / {slots.all}" if slots else ""


def _share(slots: Slots) -> float:
    return slots.used / slots.all if slots.all else 0.0


def figures(found: Sequence[Worker], now: datetime) -> list[Figure]:
    """Of all workers that have not left, whatever the filter says."""
    found = [worker for worker in found if state_of(worker, now)[0] != "skipped"]
    states = Counter(state_of(worker, now)[0] for worker in found)
    used = sum(one.used for worker in found for one in worker.slots.values())
    room = sum(one.all for worker in found for one in worker.slots.values())
    hosts, queues = {w.host for w in found if w.host}, {w.queue for w in found if w.queue}
    return [
        Figure("Alive", words.number(states["ok"]), "beat lately"),
        Figure("Silent", words.number(states["starving"]), "and did not say goodbye",
               states["starving"] > 0),
        Figure("Shutting down", words.number(states["retrying"]), "finish what they have"),
        Figure("Slots used", words.number(used), f"of {words.number(room)}",
               bool(room) and used / room >= BUSY_FROM),
        Figure("Queues", words.number(len(queues)), f"on {words.plural(len(hosts), 'host')}"),
    ]  # fmt: skip


def builds(found: Iterable[Worker], now: datetime) -> list[BuildRow]:
    """What runs where, of those that live."""
    alive = (worker for worker in found if state_of(worker, now)[0] in ("ok", "retrying"))
    counted = Counter((one.queue, build_of(one), one.sdk) for one in alive)
    return [BuildRow(*key, count) for key, count in sorted(counted.items())]


def silent_pollers(
    queues: Iterable[Queue], found: Iterable[Worker], now: datetime
) -> list[BuildRow]:
    """Who polls, and sends no heartbeat: by queue and build."""
    known = {worker.identity for worker in found}
    counted: Counter[tuple[str, str]] = Counter()
    for queue in queues:
        pollers = {one.identity: one for one in (*queue.workflow.pollers, *queue.activity.pollers)}
        counted.update(
            (queue.name, one.build)
            for one in pollers.values()
            if one.identity not in known and _polls(one, now)
        )
    return [BuildRow(queue, build, "", count) for (queue, build), count in sorted(counted.items())]


def _polls(poller: Poller, now: datetime) -> bool:
    return poller.last_seen_at is not None and now - poller.last_seen_at < GONE_AFTER


def slot_rows(worker: Worker) -> list[SlotRow]:
    return [
        SlotRow(name, one.used, one.all, 100 * _share(one), one.processed, one.failed, one.supplier)
        for name, one in worker.slots.items()
    ]


def facts(worker: Worker) -> list[tuple[str, str]]:
    polls = [f"{name.lower()} {count}" for name, count in worker.pollers.items() if count]
    known = (
        ("Host", worker.host),
        ("Process", worker.process),
        ("Process group", worker.group),
        ("SDK", worker.sdk),
        ("Deployment", worker.deployment),
        ("Build", worker.build),
        ("Polls waiting", ", ".join(polls)),
        ("Processor of the host", f"{worker.cpu:.0%}" if worker.cpu else ""),
        ("Memory of the host", f"{worker.memory:.0%}" if worker.memory else ""),
        ("Plugins", ", ".join(worker.plugins)),
        ("Instance key", worker.key),
    )
    return [(name, value) for name, value in known if value]


def cache_word(worker: Worker) -> str:
    asked = worker.cache_hits + worker.cache_misses
    return f"{worker.cache_hits / asked:.0%} found" if asked else "not asked yet"
