"""The workers pages, against workers that say that they live, and ones that only poll."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from temporalio.api.enums.v1 import WorkerStatus
from temporalio.api.worker.v1 import WorkerHeartbeat
from temporalio.api.workflowservice.v1 import RecordWorkerHeartbeatRequest

from console.gateway.channel import call, workflow_service
from console.gateway.task_queues import Poller, Queue, Side
from console.gateway.workers import Slots, Worker
from console.workers import presenters
from console.workers.forms import Wanted
from tests.console.conftest import NAMESPACE
from tests.support.eventually import eventually
from tests.support.names import Names
from tests.support.pages import htmx, version_in
from tests.support.workers import beat

URL = f"/namespaces/{NAMESPACE}/workers/"
NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)

Browser = Callable[..., Client]


def says(*beats: WorkerHeartbeat) -> None:
    request = RecordWorkerHeartbeatRequest(
        namespace=NAMESPACE, identity="the process", worker_heartbeat=beats
    )
    call(workflow_service().RecordWorkerHeartbeat, request)


def now() -> int:
    return int(datetime.now(UTC).timestamp())  # noqa: TID251  as workers do


def test_the_page_tells_who_lives_who_is_silent_and_how_busy_they_are(
    carol: User, browser_of: Browser, names: Names
) -> None:
    queue = names.queue()
    says(
        beat(f"alive on {queue}", at=now(), task_queue=queue, build="2026.11.2"),
        beat(f"silent on {queue}", at=now() - 900, task_queue=queue),
    )
    browser = browser_of(carol)

    page = browser.get(URL, {"text": queue})
    assert page.text.count('class="in-trouble"') == 1
    assert "Silent" in page.text
    assert "orders.2026.11.2" in page.text
    assert "3 / 100" in page.text
    only = browser.get(URL, {"text": f"ALIVE on {queue.upper()}", "state": "ok"})
    assert "1 worker," in only.text

    def is_same() -> bool:
        """Unless a worker of another test fell silent in between."""
        known = version_in(browser.get(URL, {"text": queue}))
        asked = {"text": queue, "version": known}
        return browser.get(URL, asked, headers=htmx("workers")).status_code == 204

    eventually(is_same)


def test_a_worker_has_a_page_until_it_leaves(
    carol: User, browser_of: Browser, names: Names
) -> None:
    key, browser = names.workflow("worker"), browser_of(carol)
    address = reverse("workers:worker", args=[NAMESPACE, key])
    says(beat(key, at=now(), task_queue="orders", current_sticky_cache_size=7))

    page = browser.get(address)
    assert "identity of" in page.text
    assert "Fixed" in page.text
    assert ">7<" in page.text
    says(beat(key, at=now(), status=WorkerStatus.WORKER_STATUS_SHUTDOWN))
    gone = eventually(lambda: browser.get(address), lambda page: page.status_code == 404)
    assert "does not know it" in gone.text


def test_one_that_beats_seldom_is_given_time() -> None:
    assert presenters.state_of(worker(seen=170, every=60), NOON) == ("starving", "Silent")
    assert presenters.state_of(worker(seen=170, every=600), NOON) == ("ok", "Alive")


def test_one_that_said_goodbye_has_left() -> None:
    leaving = replace(worker(seen=3), status="SHUTTING_DOWN")
    left = replace(worker(seen=999), status="SHUTTING_DOWN")

    assert presenters.state_of(leaving, NOON) == ("retrying", "Shutting down")
    assert presenters.state_of(left, NOON) == ("skipped", "Left")
    assert presenters.builds([left], NOON) == []


def test_the_silent_come_first_and_the_full_are_marked() -> None:
    found = [worker(seen=1), worker(seen=1, used=95), worker(seen=999)]

    rows = presenters.rows(found, NOON, Wanted())

    assert [row.state for row in rows] == ["starving", "ok", "ok"]
    assert [row.is_full for row in rows] == [False, False, True]
    assert [row.state for row in presenters.rows(found, NOON, Wanted(state="starving"))] == [
        "starving"
    ]
    figures = {each.name: (each.value, each.bad) for each in presenters.figures(found, NOON)}
    assert figures["Silent"] == ("1", True)
    assert figures["Slots used"] == ("95", False)


def test_who_polls_without_a_heartbeat_is_counted_by_build() -> None:
    pollers = tuple(Poller(name, NOON, "b-1") for name in ("old", "older", "known"))
    gone = Poller("gone", NOON - timedelta(minutes=5), "b-0")
    empty = Side((), 0, None, 0.0, 0.0)
    queue = Queue("orders", Side((*pollers, gone), 0, None, 0.0, 0.0), empty)

    found = presenters.silent_pollers([queue], [worker(seen=1, identity="known")], NOON)

    assert found == [presenters.BuildRow("orders", "b-1", "", 2)]


def worker(seen: int, every: int = 60, used: int = 0, identity: str = "worker") -> Worker:
    return Worker(
        key="key", identity=identity, status="RUNNING", queue="orders", deployment="", build="b-1",
        sdk="python 1", host="host", process="1", group="", started_at=NOON,
        seen_at=NOON - timedelta(seconds=seen), every=timedelta(seconds=every),
        slots={"Workflow tasks": Slots(used, 100 - used, 0, 0, "Fixed")}, pollers={}, cached=0,
        cache_hits=0, cache_misses=0, cpu=0.0, memory=0.0, plugins=(),
    )  # fmt: skip
