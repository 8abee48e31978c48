"""A schedule written in the console: its next times, made, changed; not over another change."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from console import policies
from console.audit.models import AuditEntry
from console.gateway import schedules, scheduling
from console.gateway.channel import GatewayError, Trouble
from tests.console.conftest import NAMESPACE
from tests.support.engine import OFFICIAL
from tests.support.names import Names
from tests.support.pages import words_in
from tests.support.zones import file_of

Browser = Callable[..., Client]
NEW = f"/namespaces/{NAMESPACE}/schedules/new"
PREVIEW = f"/namespaces/{NAMESPACE}/schedules/preview"

WRITTEN = {
    "crons": "0 9 * * MON-FRI # at nine\n30 5 4 1 * * 2030",
    "intervals": "90m\n1d +9h",
    "zone": "Europe/Berlin",
    "excluded": '[{"month": [{"start": 12}], "hour": [{"end": 23}]}]',
    "jitter": "30s",
    "workflow_type": "Report",
    "workflow_id": "report",
    "task_queue": "reports",
    "arguments": '["sales", 3]',
    "overlap": "BUFFER_ONE",
    "catchup": "1h",
    "remaining": "7",
    "paused": "on",
    "note": "at first by hand",
    "reason": "the office wants it",
}


@pytest.fixture
def name(db: None, names: Names, engine: str) -> Iterator[str]:
    made = names.workflow("schedule")
    yield made
    try:
        schedules.delete(NAMESPACE, made, "test")
    except GatewayError as gone:
        assert gone.trouble is Trouble.NOT_FOUND  # noqa: PT017  of the clearing up


def change_of(name: str) -> str:
    return reverse("schedules:change", args=[NAMESPACE, name])


def form_of(page: Any) -> dict[str, Any]:
    """What the page's form would send if nothing were changed."""
    form = page.context["form"]
    values = {each: form[each].value() for each in form.fields}
    shown = {each: form.fields[each].prepare_value(value) for each, value in values.items()}
    return {each: value for each, value in shown.items() if value not in (None, False)}


def test_one_that_is_written_is_made_and_can_be_written_again(
    bob: User, browser_of: Browser, name: str
) -> None:
    browser = browser_of(bob)
    answer = browser.post(NEW, {**WRITTEN, "schedule_id": name})
    assert answer.status_code == 303, words_in(answer)

    draft, _ = scheduling.read(NAMESPACE, name)
    assert draft.when.crons == ("0 9 * * 1-5 # at nine", "30 5 4 1 * * 2030")
    assert [str(every) for every, _ in draft.when.intervals] == ["1:30:00", "1 day, 0:00:00"]
    assert draft.when.zone == "Europe/Berlin"
    assert (draft.arguments, draft.overlap, draft.remaining) == (["sales", 3], "BUFFER_ONE", 7)
    assert (draft.paused, draft.note) == (True, "at first by hand")
    entry = AuditEntry.objects.get(verb="schedule.create")
    assert (entry.target, entry.reason) == (name, "the office wants it")

    page = browser.get(change_of(name))
    again = browser.post(
        change_of(name), {**form_of(page), "note": "for the office", "reason": "it asked"}
    )
    assert again.status_code == 303, words_in(again)
    changed, _ = scheduling.read(NAMESPACE, name)
    assert changed.when == draft.when
    assert (changed.arguments, changed.note) == (["sales", 3], "for the office")
    entry = AuditEntry.objects.get(verb="schedule.change")
    assert entry.before == {"note": "at first by hand"}
    assert entry.asked == {"note": "for the office"}


def test_an_id_of_any_length_stands_whole_in_the_log(
    bob: User, browser_of: Browser, name: str
) -> None:
    long = f"{name}-{'x' * 600}"
    answer = browser_of(bob).post(NEW, {**WRITTEN, "schedule_id": long})
    schedules.delete(NAMESPACE, long, "test")

    assert answer.status_code == 303, words_in(answer)
    assert AuditEntry.objects.get(verb="schedule.create").target == long


def test_a_change_is_not_made_over_anothers(bob: User, browser_of: Browser, name: str) -> None:
    browser = browser_of(bob)
    browser.post(NEW, {**WRITTEN, "schedule_id": name})
    mine = form_of(browser.get(change_of(name)))
    theirs = {**mine, "note": "theirs", "reason": "first"}
    assert browser.post(change_of(name), theirs).status_code == 303

    late = browser.post(change_of(name), {**mine, "note": "mine", "reason": "second"})

    assert late.status_code == 422
    assert "Somebody else has changed this schedule since" in words_in(late)
    assert scheduling.read(NAMESPACE, name)[0].note == "theirs"


def made_with_its_own_zone(name: str, zone: str = "Mars/Base") -> scheduling.When:
    """A zone that only its file knows, between times that are not of whole minutes."""
    when = scheduling.When(
        crons=("0 9 1 1 *",),
        excluded=[],
        zone=zone,
        zone_file=file_of("Asia/Tokyo"),
        starts_at=datetime(2026, 1, 31, 9, 0, 37, 250_000, UTC),
        ends_at=datetime(2126, 1, 31, 9, 0, 30, tzinfo=UTC),
    )
    told = {"workflow_type": "Report", "workflow_id": "report", "task_queue": "reports"}
    made = scheduling.Draft(
        name, when, **told, arguments=[], overlap="SKIP", catchup=None, pauses_on_failure=False,
        remaining=None, paused=True, note="",
    )  # fmt: skip
    scheduling.create(NAMESPACE, made, "test", name)
    return when


def test_a_zone_that_was_brought_along_is_kept_by_a_change_and_told_by_the_preview(
    bob: User, browser_of: Browser, name: str, server_kind: str
) -> None:
    when = made_with_its_own_zone(name)
    browser = browser_of(bob)
    written = form_of(browser.get(change_of(name)))

    preview = browser.post(PREVIEW, {**written, "schedule_id": name})
    answer = browser.post(change_of(name), {**written, "note": "kept", "reason": "a note"})

    assert answer.status_code == 303, words_in(answer)
    changed, _ = scheduling.read(NAMESPACE, name)
    assert (changed.when, changed.note) == (when, "kept")
    if server_kind != OFFICIAL:
        assert preview.text.count("00:00:00 UTC") == 10
        assert "told in UTC" in words_in(preview)


@pytest.mark.one_server
@pytest.mark.parametrize(
    ("zone", "of_person", "headed"),
    [
        ("", "UTC", ["UTC"]),
        ("Europe/Berlin", "UTC", ["Europe/Berlin", "UTC"]),
        ("Europe/Berlin", "Europe/Berlin", ["Europe/Berlin"]),
        ("", "Asia/Kolkata", ["UTC", "Asia/Kolkata"]),
    ],
)
def test_next_times_stand_in_the_zone_of_the_schedule_and_in_that_of_who_looks(
    zone: str, of_person: str, headed: list[str], bob: User, browser_of: Browser, engine: str
) -> None:
    browser = browser_of(bob)
    browser.cookies["zone"] = of_person

    preview = browser.post(PREVIEW, {"crons": "0 9 * * *", "zone": zone})

    assert re.findall(r'<th scope="col">([^<]+)</th>', preview.text) == headed
    assert words_in(preview).count("09:00:00") == 10
    assert words_in(preview).count("14:30:00") == 10 * headed.count("Asia/Kolkata")


def test_another_zone_takes_the_place_of_one_that_was_brought_along(
    bob: User, browser_of: Browser, name: str, server_kind: str
) -> None:
    when = made_with_its_own_zone(name)
    browser = browser_of(bob)
    written = {**form_of(browser.get(change_of(name))), "zone": "Europe/Berlin", "reason": "moved"}

    preview = browser.post(PREVIEW, {**written, "schedule_id": name})
    unknown = browser.post(change_of(name), {**written, "zone": "Mars/Camp"})
    answer = browser.post(change_of(name), written)

    assert "There is no such time zone." in words_in(unknown)
    assert answer.status_code == 303, words_in(answer)
    changed, _ = scheduling.read(NAMESPACE, name)
    assert changed.when == replace(when, zone="Europe/Berlin", zone_file=b"")
    if server_kind != OFFICIAL:
        assert preview.text.count("09:00:00 CET") == 10


def test_a_file_is_given_up_for_the_zone_of_the_same_name(
    bob: User, browser_of: Browser, name: str, server_kind: str
) -> None:
    """The file says Tokyo, whatever it is called."""
    when = made_with_its_own_zone(name, "Europe/Berlin")
    browser = browser_of(bob)
    written = {**form_of(browser.get(change_of(name))), "reason": "the file is out of date"}
    del written["keeps_file"]

    preview = browser.post(PREVIEW, {**written, "schedule_id": name})
    answer = browser.post(change_of(name), written)
    again = form_of(browser.get(change_of(name)))

    assert answer.status_code == 303, words_in(answer)
    assert scheduling.read(NAMESPACE, name)[0].when == replace(when, zone_file=b"")
    assert "keeps_file" not in again
    if server_kind != OFFICIAL:
        assert preview.text.count("09:00:00 CET") == 10


def test_a_zone_that_only_a_file_knows_is_none_without_it(
    bob: User, browser_of: Browser, name: str
) -> None:
    when = made_with_its_own_zone(name)
    browser = browser_of(bob)
    written = {**form_of(browser.get(change_of(name))), "reason": "the file is out of date"}
    del written["keeps_file"]

    answer = browser.post(change_of(name), written)

    assert answer.status_code == 422
    assert "There is no such time zone." in words_in(answer)
    assert scheduling.read(NAMESPACE, name)[0].when == when


def test_arguments_that_are_masked_are_neither_shown_nor_written_over(
    alice: User, bob: User, browser_of: Browser, name: str, settings: Any
) -> None:
    secret = '[{"customer": "Ada", "iban": "DE02-1203"}]'
    browser_of(bob).post(NEW, {**WRITTEN, "schedule_id": name, "arguments": secret})
    masks = {"namespace": {NAMESPACE: {"masked": {"iban": "admin"}}}}
    settings.PAYLOADS = policies.parse(masks, lambda _: "")

    page = browser_of(bob).get(change_of(name))
    answer = browser_of(bob).post(
        change_of(name), {**form_of(page), "note": "by Bob", "reason": "a note"}
    )

    assert "DE02-1203" not in page.text
    assert answer.status_code == 303, words_in(answer)
    assert "DE02-1203" in browser_of(alice).get(change_of(name)).text


@pytest.mark.parametrize(
    ("field", "text", "says"),
    [
        ("zone", "Europe/Nowhere", "There is no such time zone."),
        ("intervals", "often", "is no interval"),
        ("excluded", '[{"month": 12}]', "no calendar of the protocol"),
        ("arguments", '{"a": 1}', "Arguments are a JSON list"),
        ("crons", "every day", "The engine refused it"),
        ("reason", "", "This field is required."),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_made(
    bob: User, browser_of: Browser, name: str, field: str, text: str, says: str
) -> None:
    answer = browser_of(bob).post(NEW, {**WRITTEN, "schedule_id": name, field: text})

    assert answer.status_code == 422
    assert says in words_in(answer)


def test_the_next_ten_times_are_told_in_the_zone_that_is_chosen(
    carol: User, browser_of: Browser, server_kind: str
) -> None:
    written = {"crons": "0 9 1 1 *", "zone": "Europe/Berlin"}
    page = browser_of(carol).post(PREVIEW, written)

    if server_kind == OFFICIAL:
        assert "only once it is made" in words_in(page)
        return
    assert page.text.count("09:00:00 CET") == 10
    assert page.text.count("08:00:00</time>") == 10
    never = browser_of(carol).post(PREVIEW, {"crons": "0 9 30 2 *"})
    assert "No time is left." in words_in(never)
    bad = browser_of(carol).post(PREVIEW, {"crons": "at nine"})
    assert "Invalid schedule spec" in words_in(bad)
