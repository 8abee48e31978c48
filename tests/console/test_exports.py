"""Exports: asked for, written bit by bit, canceled, taken, gone in the end."""

import csv
import io
import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from console.audit.models import AuditEntry
from console.exports import claims, filling, jobs
from console.exports.models import EXPORTS_PER_PERSON_MAX, Export, State
from console.gateway import namespaces
from tests.console.conftest import NAMESPACE, indexed
from tests.support import alone
from tests.support.names import Names
from tests.support.pages import htmx, version_in, words_in
from tests.support.people import person
from tests.support.programs import Program

URL = f"/namespaces/{NAMESPACE}/exports/"
Browser = Callable[..., Client]


@pytest.fixture(autouse=True)
def directory(settings: Any, tmp_path: Path) -> Path:
    settings.EXPORT_DIRECTORY = str(tmp_path / "exports")
    return tmp_path / "exports"


@pytest.fixture
def queue(program: Program, names: Names) -> str:
    """Five runs wait in it."""
    name = names.queue()
    for number in range(5):
        program.start("Waiting", names.workflow(), name, memo={"order": number, "note": "=1+1"})
    indexed(f"TaskQueue = '{name}'", 5)
    return name


def ask(browser: Client, query: str, form: str = "csv", columns: str = "") -> Export:
    answer = browser.post(f"{URL}new/", {"query": query, "form": form, "columns": columns})
    assert answer.status_code == 303, words_in(answer)
    return Export.objects.latest("pk")


def content(browser: Client, export: Export) -> str:
    answer = browser.get(f"{URL}{export.pk}/file/")
    assert answer.status_code == 200
    return b"".join(answer.streaming_content).decode()  # type: ignore[attr-defined]


def run_ids(text: str) -> list[str]:
    return [row["RunId"] for row in csv.DictReader(io.StringIO(text))]


def act_on_it() -> AuditEntry:
    """What was done to an export after it was made."""
    return AuditEntry.objects.get(verb="export.make", before__isnull=False)


def test_the_rows_of_a_query_become_a_csv_file(
    carol: User, browser_of: Browser, queue: str
) -> None:
    browser = browser_of(carol)
    export = ask(browser, f"TaskQueue = '{queue}'", columns="WorkflowId,RunId,StartTime,memo:order")

    jobs.go_on()
    page = browser.get(f"{URL}{export.pk}/")
    rows = list(csv.DictReader(io.StringIO(content(browser, export))))

    assert "Download" in words_in(page)
    assert list(rows[0]) == ["WorkflowId", "RunId", "StartTime", "memo:order"]
    assert sorted(row["memo:order"] for row in rows) == ["0", "1", "2", "3", "4"]
    assert all(row["StartTime"].endswith("Z") for row in rows)


def test_the_rows_of_a_query_become_lines_of_json(
    carol: User, browser_of: Browser, queue: str
) -> None:
    browser = browser_of(carol)
    export = ask(
        browser, f"TaskQueue = '{queue}'", "jsonl", "WorkflowType,ExecutionDuration,memo:order"
    )

    jobs.go_on()
    rows = [json.loads(line) for line in content(browser, export).splitlines()]

    assert sorted(row["memo:order"] for row in rows) == [0, 1, 2, 3, 4]
    assert {row["WorkflowType"] for row in rows} == {"Waiting"}
    assert all(row["ExecutionDuration"] > 0 for row in rows)


def test_the_rows_of_activities_that_stand_alone_become_a_file(
    carol: User, browser_of: Browser, names: Names, engine: str
) -> None:
    browser, key = browser_of(carol), alone.waiting(names)
    asked = {"query": f"ActivityId = '{key.id}'", "form": "csv", "lists": "activities"}
    dialog = browser.get(f"{URL}new/", {"q": asked["query"], "of": "activities"})
    browser.post(f"{URL}new/", asked)
    export = Export.objects.get()

    jobs.go_on()
    [row] = csv.DictReader(io.StringIO(content(browser, export)))
    listed = words_in(browser.get(URL))

    assert 'name="lists" value="activities"' in dialog.text
    assert export.matched == 1
    assert (row["ActivityId"], row["RunId"]) == (key.id, key.run_id)
    assert (row["ActivityType"], row["ExecutionStatus"]) == ("charge_card", "Running")
    assert "standalone activities" in listed


def test_a_formula_in_a_cell_is_a_text(carol: User, browser_of: Browser, queue: str) -> None:
    browser = browser_of(carol)
    export = ask(browser, f"TaskQueue = '{queue}'", columns="memo:note,memo:=cmd")

    jobs.go_on()

    assert content(browser, export).splitlines()[:2] == ["memo:note,memo:=cmd", "'=1+1,"]


def test_a_killed_worker_leaves_no_gap_and_nothing_twice(
    carol: User, browser_of: Browser, queue: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It had written more than it noted: as after a kill between the two."""
    monkeypatch.setattr(filling, "PAGE", 2)
    monkeypatch.setattr(filling, "TURN_SECONDS", 0.0)
    browser = browser_of(carol)
    export = ask(browser, f"TaskQueue = '{queue}'", columns="RunId")
    jobs.go_on()
    export.refresh_from_db()
    assert (export.rows, export.state) == (2, State.RUNNING)
    with filling.path(export).open("ab") as file:
        file.write(b"half a row that nobody no")
    dead = claims.take(timezone.now())
    assert dead is not None
    later = timezone.now() + timedelta(seconds=claims.CLAIM_SECONDS + 1)
    assert claims.take(timezone.now()) is None
    alive = claims.take(later)
    assert alive is not None
    assert not claims.note(dead, timezone.now())
    claims.leave(alive, timezone.now())

    while Export.objects.get(pk=export.pk).is_active:
        jobs.go_on()

    found = run_ids(content(browser, export))
    assert len(found) == len(set(found)) == 5


def test_two_workers_never_write_into_one_file(
    carol: User, browser_of: Browser, queue: str
) -> None:
    export = ask(browser_of(carol), f"TaskQueue = '{queue}'")

    with filling._opened(export):
        jobs.go_on()

    export.refresh_from_db()
    assert (export.state, export.rows) == (State.RUNNING, 0)
    assert export.says == "Another worker is at it."


def test_beyond_the_most_rows_the_file_ends_and_says_so(
    carol: User, browser_of: Browser, queue: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(filling, "EXPORT_ROWS_MAX", 3)
    monkeypatch.setattr(filling, "PAGE", 2)
    browser = browser_of(carol)
    export = ask(browser, f"TaskQueue = '{queue}'", columns="RunId")

    jobs.go_on()
    page = browser.get(f"{URL}{export.pk}/")

    assert len(run_ids(content(browser, export))) == 3
    assert "more match" in words_in(page)


def test_a_time_from_now_means_the_moment_of_asking(
    carol: User, browser_of: Browser, queue: str
) -> None:
    export = ask(browser_of(carol), f"TaskQueue = '{queue}' AND StartTime > now() - '1h'")

    assert "now()" in export.query
    assert "now()" not in export.asked
    assert export.matched == 5
    if namespaces.attributes(NAMESPACE).ours:
        assert export.asked.endswith("ORDER BY StartTime DESC")


def test_a_query_that_the_engine_refuses_is_no_export(carol: User, browser_of: Browser) -> None:
    answer = browser_of(carol).post(f"{URL}new/", {"query": "Nothing = ", "form": "csv"})

    assert answer.status_code == 422
    assert not Export.objects.exists()
    assert AuditEntry.objects.get().outcome.result == "refused"


def test_a_person_has_only_so_many_until_one_is_removed(
    carol: User, browser_of: Browser, server_address: str
) -> None:
    browser = browser_of(carol)
    made = [ask(browser, "") for _ in range(EXPORTS_PER_PERSON_MAX)]

    full = browser.post(f"{URL}new/", {"query": "", "form": "csv"})
    browser.post(f"{URL}{made[0].pk}/cancel/")
    again = browser.post(f"{URL}new/", {"query": "", "form": "csv"})

    assert full.status_code == 409
    assert f"You have {EXPORTS_PER_PERSON_MAX} exports already" in words_in(full)
    assert again.status_code == 303


def test_the_page_polls_until_it_is_done(carol: User, browser_of: Browser, queue: str) -> None:
    browser = browser_of(carol)
    export = ask(browser, f"TaskQueue = '{queue}'")
    page = browser.get(f"{URL}{export.pk}/")
    asked = {"version": version_in(page)}

    same = browser.get(f"{URL}{export.pk}/", asked, headers=htmx("progress"))
    jobs.go_on()
    done = browser.get(f"{URL}{export.pk}/", asked, headers=htmx("progress"))

    assert same.status_code == 204
    assert "5 rows" in words_in(done)
    assert "hx-trigger" not in done.text


def test_a_canceled_one_is_not_gone_on_with(
    carol: User, browser_of: Browser, queue: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(filling, "PAGE", 2)
    monkeypatch.setattr(filling, "TURN_SECONDS", 0.0)
    browser = browser_of(carol)
    export = ask(browser, f"TaskQueue = '{queue}'")
    jobs.go_on()

    browser.post(f"{URL}{export.pk}/cancel/")
    jobs.go_on()

    export.refresh_from_db()
    assert (export.state, export.rows) == (State.CANCELED, 2)
    assert act_on_it().outcome.after == {"state": State.CANCELED}
    assert browser.get(f"{URL}{export.pk}/file/").status_code == 409


def test_only_its_owner_and_admins_see_and_take_it(
    alice: User, bob: User, carol: User, browser_of: Browser, queue: str
) -> None:
    export = ask(browser_of(carol), f"TaskQueue = '{queue}'", columns="RunId")
    jobs.go_on()
    dora = person("Dora", None)

    assert browser_of(bob).get(f"{URL}{export.pk}/file/").status_code == 404
    assert str(export) not in words_in(browser_of(bob).get(URL))
    assert browser_of(dora).get(f"{URL}{export.pk}/file/").status_code == 403
    assert len(run_ids(content(browser_of(alice), export))) == 5
    taken = AuditEntry.objects.get(verb="export.take")
    assert (taken.person, taken.outcome.after["rows"]) == (alice, 5)


def test_file_and_row_go_when_their_time_is_over(
    carol: User, browser_of: Browser, queue: str
) -> None:
    browser = browser_of(carol)
    kept, old = (ask(browser, f"TaskQueue = '{queue}'") for _ in range(2))
    jobs.go_on()
    jobs.go_on()
    Export.objects.filter(pk=old.pk).update(expires_at=timezone.now())

    assert browser.get(f"{URL}{old.pk}/").status_code == 404
    jobs.clear_expired()

    assert [export.pk for export in Export.objects.all()] == [kept.pk]
    assert (filling.path(kept).exists(), filling.path(old).exists()) == (True, False)


def test_a_removed_one_is_out_of_reach_at_once(
    carol: User, browser_of: Browser, queue: str
) -> None:
    browser = browser_of(carol)
    export = ask(browser, f"TaskQueue = '{queue}'")
    early = browser.post(f"{URL}{export.pk}/remove/")
    jobs.go_on()

    browser.post(f"{URL}{export.pk}/remove/")

    assert early.status_code == 409
    assert browser.get(f"{URL}{export.pk}/file/").status_code == 404
    assert act_on_it().before == {"rows": 5, "state": State.DONE}


def test_an_engine_that_is_away_is_asked_again_later(
    carol: User, browser_of: Browser, queue: str, settings: Any
) -> None:
    export = ask(browser_of(carol), f"TaskQueue = '{queue}'")
    there = settings.ENGINE_ADDRESS
    settings.ENGINE_ADDRESS = "127.0.0.1:1"
    jobs.go_on()
    export.refresh_from_db()
    assert export.state == State.RUNNING
    assert "does not answer" in export.says
    settings.ENGINE_ADDRESS = there
    Export.objects.filter(pk=export.pk).update(claimed_until=timezone.now())

    jobs.go_on()

    export.refresh_from_db()
    assert (export.state, export.says, export.rows) == (State.DONE, "", 5)


def test_a_directory_that_cannot_be_written_is_said(
    carol: User, browser_of: Browser, queue: str, directory: Path
) -> None:
    directory.parent.mkdir(exist_ok=True)
    directory.write_text("a file where the directory should be")
    export = ask(browser_of(carol), f"TaskQueue = '{queue}'")

    jobs.go_on()

    export.refresh_from_db()
    assert (export.state, export.says[:26]) == (State.FAILED, "The file cannot be written")


def test_a_file_that_is_lost_between_two_turns_is_said(
    carol: User, browser_of: Browser, queue: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = browser_of(carol)
    monkeypatch.setattr(filling, "PAGE", 2)
    monkeypatch.setattr(filling, "TURN_SECONDS", 0.0)
    export = ask(browser, f"TaskQueue = '{queue}'", columns="RunId")
    assert filling.take_turn()
    filling.path(export).unlink()

    assert filling.take_turn()

    export.refresh_from_db()
    assert export.state == State.FAILED
    assert "is gone" in words_in(browser.get(f"{URL}{export.pk}/"))


def test_nobody_working_is_said(carol: User, browser_of: Browser, queue: str) -> None:
    browser = browser_of(carol)
    export = ask(browser, f"TaskQueue = '{queue}'")
    Export.objects.update(asked_at=timezone.now() - timedelta(minutes=1))

    page = browser.get(f"{URL}{export.pk}/")

    assert "No worker of background jobs has taken it yet." in words_in(page)


def test_what_stands_in_one_cell_of_the_page_has_columns_of_its_own(
    carol: User, browser_of: Browser, queue: str
) -> None:
    browser = browser_of(carol)
    export = ask(browser, f"TaskQueue = '{queue}'", columns="RunId,is:stuck")

    jobs.go_on()

    head = content(browser, export).splitlines()[0]
    assert head == "RunId,FailingActivityTypes,WaitingOn,LastFailureType,LastFailureMessage"
