"""The schedules' pages, against a real server with real schedules."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from temporalio.client import Client as SdkClient
from temporalio.client import (
    Schedule,
    ScheduleActionStartWorkflow,
    ScheduleIntervalSpec,
    ScheduleSpec,
    ScheduleState,
)

from console.audit.models import AuditEntry
from console.gateway import schedules
from console.gateway.channel import GatewayError, Trouble
from console.gateway.schedules import Calendar, Interval, ScheduleDetail, Spec
from console.schedules import wording
from tests.console.conftest import NAMESPACE
from tests.support.eventually import eventually
from tests.support.names import Names
from tests.support.pages import htmx, version_in, words_in

Browser = Callable[..., Client]
PAGE = f"/namespaces/{NAMESPACE}/schedules/"
WITHIN = 20.0


@pytest.fixture
def hourly(db: None, server_address: str, names: Names) -> Iterator[str]:
    """The id of a schedule that acts every hour, and has not yet."""
    name = names.workflow("schedule")

    async def make() -> None:
        client = await SdkClient.connect(server_address)
        action = ScheduleActionStartWorkflow(
            "Waiting", id=names.workflow("report"), task_queue=names.queue()
        )
        spec = ScheduleSpec(intervals=[ScheduleIntervalSpec(every=timedelta(hours=1))])
        await client.create_schedule(
            name, Schedule(action=action, spec=spec, state=ScheduleState(note="made by a test"))
        )

    asyncio.run(make())
    eventually(lambda: listed(name), lambda ids: ids == [name], within=WITHIN)
    yield name
    try:
        schedules.delete(NAMESPACE, name, "test")
    except GatewayError as gone:
        assert gone.trouble is Trouble.NOT_FOUND  # noqa: PT017  of the clearing up


def listed(name: str) -> list[str]:
    found = schedules.find(NAMESPACE, f"ScheduleId = '{name}'", 10)
    return [one.id for one in found.schedules]


def path(schedule_id: str, act: str = "") -> str:
    return f"{PAGE}{schedule_id.replace('/', '~2F')}/{act}"


def until(name: str, wanted: Callable[[ScheduleDetail], object]) -> ScheduleDetail:
    return eventually(lambda: schedules.describe(NAMESPACE, name), wanted, within=WITHIN)


def test_the_list_says_what_it_starts_and_when(
    carol: User, browser_of: Browser, hourly: str
) -> None:
    page = browser_of(carol).get(PAGE, {"name": hourly})

    assert page.status_code == 200
    assert f"Active {hourly} Waiting Every hour next" in words_in(page)


def test_the_list_can_be_of_the_paused_alone(carol: User, browser_of: Browser, hourly: str) -> None:
    asked = {"name": hourly, "paused": "on"}
    assert hourly not in words_in(browser_of(carol).get(PAGE, asked))

    schedules.pause(NAMESPACE, hourly, "asleep", "test", "pause it")

    eventually(
        lambda: words_in(browser_of(carol).get(PAGE, asked)),
        lambda words: f"Paused {hourly}" in words,
        within=WITHIN,
    )


def test_htmx_gets_the_part_alone_and_nothing_when_nothing_changed(
    carol: User, browser_of: Browser, hourly: str
) -> None:
    browser = browser_of(carol)

    part = browser.get(path(hourly), headers=htmx("live"))
    again = browser.get(path(hourly), {"version": version_in(part)}, headers=htmx("live"))

    assert "<html" not in part.text
    assert again.status_code == 204


def test_a_schedule_shows_its_coming_times_and_what_it_says_of_itself(
    carol: User, browser_of: Browser, hourly: str
) -> None:
    page = browser_of(carol).get(path(hourly))
    words = words_in(page)

    assert "made by a test" in words
    assert "Acts Every hour" in words
    assert "If a run is under way Skip it while another runs" in words
    coming = schedules.describe(NAMESPACE, hourly).summary.coming
    assert len(coming) == 10
    assert page.text.count(f"{coming[1]:%H:%M:%S}") >= 1


def test_a_viewer_sees_and_does_nothing(carol: User, browser_of: Browser, hourly: str) -> None:
    browser = browser_of(carol)

    assert "Start now" not in words_in(browser.get(path(hourly)))
    for act in ("pause", "resume", "trigger", "backfill", "delete"):
        assert browser.post(path(hourly, f"{act}/"), {"reason": "x"}).status_code == 403
    assert not AuditEntry.objects.exists()


def test_an_operator_pauses_and_resumes_with_a_note_and_it_is_written_down(
    bob: User, browser_of: Browser, hourly: str
) -> None:
    browser = browser_of(bob)

    answer = browser.post(path(hourly, "pause/"), {"reason": "for the audit"})

    assert (answer.status_code, answer["Location"]) == (303, path(hourly))
    paused = until(hourly, lambda one: one.summary.paused)
    assert paused.summary.note == "for the audit"
    entry = AuditEntry.objects.get()
    assert (entry.verb, entry.target, entry.reason) == ("schedule.pause", hourly, "for the audit")
    assert entry.before == {"paused": False, "note": "made by a test"}
    assert entry.outcome.after == {"paused": True, "note": "for the audit"}

    browser.post(path(hourly, "resume/"), {"reason": "audited"})
    resumed = until(hourly, lambda one: not one.summary.paused)
    assert resumed.summary.note == "audited"


def test_a_trigger_starts_a_run_and_the_page_leads_to_it(
    bob: User, browser_of: Browser, hourly: str
) -> None:
    asked = {"overlap": "UNSPECIFIED", "reason": "a customer asked"}

    answer = browser_of(bob).post(path(hourly, "trigger/"), asked)

    assert answer.status_code == 303
    found = until(hourly, lambda one: one.actions == 1)
    page = browser_of(bob).get(path(hourly))
    assert found.running[0].workflow_id in page.text
    assert f"/runs/{found.running[0].workflow_id.replace('/', '~2F')}/" in page.text
    assert AuditEntry.objects.get().verb == "schedule.trigger"


def test_a_backfill_starts_a_run_for_each_time(bob: User, browser_of: Browser, hourly: str) -> None:
    asked = {
        "start": "2026-01-01 00:00",
        "end": "2026-01-01 02:00",
        "overlap": "ALLOW_ALL",
        "reason": "the outage",
    }

    answer = browser_of(bob).post(path(hourly, "backfill/"), asked)

    assert answer.status_code == 303
    until(hourly, lambda one: one.actions == 3)
    entry = AuditEntry.objects.get()
    assert entry.asked["from"] == "2026-01-01T00:00:00+00:00"


@pytest.mark.parametrize("given", [{}, {"verb": "pause"}, {"verb": "x", "schedule": "y"}])
def test_several_need_an_act_and_a_selection(
    given: dict[str, str], bob: User, browser_of: Browser
) -> None:
    assert browser_of(bob).post(f"{PAGE}several", given).status_code == 400


def test_several_are_paused_and_triggered_with_an_outcome_for_each(
    bob: User, carol: User, alice: User, browser_of: Browser, hourly: str
) -> None:
    asked = {"verb": "pause", "schedule": [hourly, "no such schedule"]}
    browser = browser_of(bob)

    assert "bulk-bar" in browser.get(PAGE).text
    assert "bulk-bar" not in browser_of(carol).get(PAGE).text
    assert browser_of(carol).post(f"{PAGE}several", asked).status_code == 403
    form = browser.post(f"{PAGE}several", asked)
    nameless = browser.post(f"{PAGE}several", asked | {"step": "act"})
    done = browser.post(f"{PAGE}several", asked | {"step": "act", "reason": "the bank is away"})

    assert "Pause: 2 schedules" in words_in(form)
    assert nameless.status_code == 422
    assert f"Paused {hourly}" in words_in(done)
    assert "The engine does not know it" in words_in(done)
    assert until(hourly, lambda one: one.summary.paused).summary.note == "the bank is away"
    assert [one.target for one in AuditEntry.objects.all()] == [hourly]
    again = browser.post(f"{PAGE}several", asked | {"step": "act", "reason": "once more"})
    assert f"Paused already {hourly}" in words_in(again)

    delete = {"verb": "delete", "schedule": [hourly], "step": "act", "reason": "of no use"}
    assert browser.post(f"{PAGE}several", delete).status_code == 403
    assert browser_of(alice).post(f"{PAGE}several", delete | {"count": "2"}).status_code == 422
    gone = browser_of(alice).post(f"{PAGE}several", delete | {"count": "1"})
    assert f"Deleted {hourly}" in words_in(gone)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"start": "yesterday"}, "Write it as in 2026-01-31 09:00."),
        ({"start": "2026-01-02 00:00"}, "It ends before it begins."),
        ({"start": "2020-01-02 00:00"}, "At most 366 days at once."),
        ({"reason": ""}, "This field is required."),
    ],
)
def test_a_backfill_that_cannot_be_is_refused_beside_the_field(
    bob: User, browser_of: Browser, hourly: str, given: dict[str, Any], says: str
) -> None:
    asked = {
        "start": "2026-01-01 00:00",
        "end": "2026-01-01 02:00",
        "overlap": "ALLOW_ALL",
        "reason": "the outage",
        **given,
    }

    answer = browser_of(bob).post(path(hourly, "backfill/"), asked)

    assert answer.status_code == 422
    assert says in words_in(answer)
    assert not AuditEntry.objects.exists()


def test_an_admin_deletes_it_and_an_operator_does_not(
    alice: User, bob: User, browser_of: Browser, hourly: str
) -> None:
    asked = {"reason": "of no use any more"}
    assert browser_of(bob).post(path(hourly, "delete/"), asked).status_code == 403

    answer = browser_of(alice).post(path(hourly, "delete/"), asked)

    assert (answer.status_code, answer["Location"]) == (303, PAGE)
    eventually(lambda: listed(hourly), lambda ids: ids == [], within=WITHIN)
    assert browser_of(alice).get(path(hourly)).status_code == 404
    assert AuditEntry.objects.get().before["workflow_type"] == "Waiting"


ALL_DAYS, ALL_MONTHS = tuple(range(1, 32)), tuple(range(1, 13))
ALL_YEARS, ALL_WEEKDAYS = tuple(range(2000, 2101)), tuple(range(7))


def calendar(**given: Any) -> Calendar:
    fields: dict[str, Any] = {
        "second": (0,), "minute": (0,), "hour": (0,), "day_of_month": ALL_DAYS,
        "month": ALL_MONTHS, "year": ALL_YEARS, "day_of_week": ALL_WEEKDAYS, **given,
    }  # fmt: skip
    return Calendar(**fields)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (calendar(), "At 00:00 every day"),
        (calendar(hour=(9,), day_of_week=(1, 2, 3, 4, 5)), "At 09:00 on weekdays"),
        (calendar(hour=(3, 5), minute=(30,)), "At 03:30 and 05:30 every day"),
        (calendar(hour=tuple(range(24)), minute=(5,)), "Every hour at minute 5 every day"),
        (calendar(hour=tuple(range(24)), minute=tuple(range(0, 60, 20))),
         "Every 20 minutes every day"),
        (calendar(hour=tuple(range(8, 18)), minute=tuple(range(0, 60, 15)), day_of_week=(0, 6)),
         "Every 15 minutes from 08 to 17 o'clock on weekends"),
        (calendar(day_of_month=(1,), month=(1, 7), comment="half-year"),
         "At 00:00 on day 1 of the month in January and July (half-year)"),
        (calendar(year=(2028,), month=(2,), day_of_month=(29,)),
         "At 00:00 on day 29 of the month in February in 2028"),
    ],
)  # fmt: skip
def test_a_calendar_in_words(given: Calendar, says: str) -> None:
    assert wording.calendar(given) == says


def test_what_limits_the_times_is_said_too() -> None:
    spec = Spec(
        calendars=(calendar(hour=(9,)),),
        intervals=(Interval(timedelta(minutes=90), timedelta(minutes=5)),),
        excluded=(calendar(month=(12,), day_of_month=(25,)),),
        zone="Europe/Berlin",
        jitter=timedelta(seconds=30),
        starts_at=datetime(2026, 1, 1, tzinfo=UTC),
        ends_at=None,
    )

    assert wording.sentences(spec) == [
        "Every 90 minutes, 5 minutes later",
        "At 09:00 every day",
        "by the clock of Europe/Berlin",
        "not at 00:00 on day 25 of the month in December",
        "each up to 30 seconds late, by chance",
        "from 2026-01-01 00:00 UTC",
    ]
