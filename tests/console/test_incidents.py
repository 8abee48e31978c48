"""Incidents: what fails, grouped by its cause, against real servers with real failures."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from console.audit.models import AuditEntry
from console.bulk.models import BulkOperation
from console.gateway import counting, namespaces, workflows
from console.gateway.channel import GatewayError
from console.gateway.runs import RunKey
from console.incidents import jobs, surveying
from console.incidents.models import Incident, Sample, State, Survey
from tests.console.conftest import NAMESPACE, indexed
from tests.support.eventually import eventually
from tests.support.names import Names
from tests.support.pages import calls_of, htmx, version_in, words_in
from tests.support.programs import Program, running

Browser = Callable[..., Client]
URL = f"/namespaces/{NAMESPACE}/incidents/"
RETRYING = "CardProcessorTimeout"
REFUSED = "AmountRefused"


@pytest.fixture
def ours(engine: str, db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of runs alone: what stands alone and fails is another file's."""
    monkeypatch.setattr(surveying, "FAILING", ("runs",))
    if not namespaces.attributes(NAMESPACE).ours:
        pytest.skip("only our server keeps what fails; the page that says so has its own test")


@pytest.fixture
def failing(ours: None, program: Program, names: Names) -> RunKey:
    """One run that fails now, and one that has failed for good."""
    queue = names.queue()
    with running(program, queue):
        key = program.start("Charging", names.workflow("retries"), queue, "never")
        gone = program.start("Charging", names.workflow("failed"), queue, "-1.00")
        program.await_status(gone, "Failed")
        indexed(f"WorkflowId = '{key.workflow_id}' AND LastFailureType = '{RETRYING}'", 1)
        indexed(f"WorkflowId = '{gone.workflow_id}' AND LastFailureType = '{REFUSED}'", 1)
    return key


def surveyed(minutes: float = 0) -> None:
    """The job, as if so many minutes later, with nothing kept of what it counted before."""
    cache.clear()
    Survey.objects.update(begun_at=timezone.now() - timedelta(hours=1))
    surveying.survey_all(timezone.now() + timedelta(minutes=minutes))


def of_type(failure: str) -> Incident:
    return Incident.objects.get(namespace=NAMESPACE, failure_type=failure)


def told(incident: Incident, **wanted: str) -> dict[str, str]:
    said = {"state": incident.state, "owner": "", "link": "", "note": "", "reason": "we know"}
    return said | wanted


def place_of(incident: Incident, name: str = "incident") -> str:
    return reverse(f"incidents:{name}", args=[NAMESPACE, incident.pk])


def test_the_survey_finds_what_retries_and_what_has_failed(failing: RunKey) -> None:
    jobs.survey()

    retrying, refused = of_type(RETRYING), of_type(REFUSED)
    assert retrying.running >= 1
    assert refused.failed >= 1
    assert retrying.activity_types == ["charge_card"]
    assert refused.workflow_types == ["Charging"]
    assert retrying.task_queues
    assert refused.message == "an amount below zero"
    assert refused.last_seen_at <= timezone.now()
    assert retrying.samples.get().running == retrying.running


def test_the_page_shows_a_row_with_count_example_queue_and_its_time(
    failing: RunKey, carol: User, browser_of: Browser
) -> None:
    surveyed()

    page = browser_of(carol).get(URL)

    said = words_in(page)
    incident = of_type(RETRYING)
    assert page.status_code == 200
    assert f"charge_card {RETRYING}" in said
    assert "no answer in <var>20</var> s" in page.text
    assert f"FailureFingerprint+%3D+%27{incident.fingerprint}" in page.text
    assert incident.example_workflow_id in said
    assert "as of" in said
    assert "Nobody" in said


def test_the_link_of_a_count_leads_to_as_many_runs(
    failing: RunKey, carol: User, browser_of: Browser
) -> None:
    surveyed()
    incident = of_type(REFUSED)

    page = browser_of(carol).get(
        f"/namespaces/{NAMESPACE}/runs/",
        {"q": surveying.query_of(incident, open_ones=False)},
    )

    assert incident.example_workflow_id in page.text
    assert (
        workflows.count(NAMESPACE, surveying.query_of(incident, open_ones=False)).total
        == incident.failed
    )


def test_the_page_is_silent_until_something_changes_and_finds_by_text(
    failing: RunKey, carol: User, browser_of: Browser
) -> None:
    surveyed()
    browser = browser_of(carol)

    part = browser.get(URL, {"text": "V2/charges"}, headers=htmx("incidents"))
    again = browser.get(
        URL, {"text": "V2/charges", "version": version_in(part)}, headers=htmx("incidents")
    )
    nothing = browser.get(URL, {"text": "no such text"})

    assert RETRYING in part.text
    assert REFUSED not in part.text
    assert "<html" not in part.text
    assert again.status_code == 204
    assert "No incident matches" in words_in(nothing)


def test_an_incident_shows_its_runs_and_opens_a_bulk_operation_on_all_of_them(
    failing: RunKey, bob: User, browser_of: Browser
) -> None:
    surveyed()
    incident = of_type(RETRYING)
    browser = browser_of(bob)

    page = browser.get(place_of(incident))
    planned = browser.post(
        reverse("bulk:plan", args=[NAMESPACE]),
        {
            "verb": "signal",
            "all_matching": "yes",
            "query": surveying.query_of(incident, open_ones=True),
        },
    )

    assert failing.workflow_id in page.text
    assert f'action="{reverse("bulk:plan", args=[NAMESPACE])}"' in page.text
    assert 'name="verb" value="terminate"' in page.text
    operation = BulkOperation.objects.get()
    assert planned["Location"].endswith(f"/bulk/{operation.pk}/")
    assert operation.eligible == incident.running


def test_the_pages_cost_few_calls(failing: RunKey, carol: User, browser_of: Browser) -> None:
    surveyed()
    browser = browser_of(carol)
    browser.get(URL)

    rows = calls_of(browser.get(URL))
    one = calls_of(browser.get(place_of(of_type(RETRYING))))
    again = calls_of(browser.get(place_of(of_type(RETRYING))))

    # what the frame of a page asks for is kept; the rows are of the survey
    assert rows == 0
    # the count, and the newest runs of a side that has some
    assert (one, again) == (2, 1)


def test_a_viewer_sees_no_acts(failing: RunKey, carol: User, browser_of: Browser) -> None:
    surveyed()

    page = browser_of(carol).get(place_of(of_type(RETRYING)))

    assert 'name="verb"' not in page.text
    assert "State, owner, note…" not in page.text


def test_what_a_person_says_is_kept_shown_and_audited(
    failing: RunKey, bob: User, carol: User, browser_of: Browser
) -> None:
    surveyed()
    incident = of_type(RETRYING)
    wanted = told(
        incident, state="known", owner=str(carol.pk), note="eu-2 is down", link="tickets.example/7"
    )

    answer = browser_of(bob).post(place_of(incident, "change"), wanted)

    assert answer.status_code == 303
    incident.refresh_from_db()
    assert (incident.state, incident.owner) == (State.KNOWN, carol)
    assert incident.link == "https://tickets.example/7"
    entry = AuditEntry.objects.get(verb="incident.change")
    assert entry.before == {"state": "open", "owner": "nobody", "link": "none", "note": "none"}
    assert entry.outcome.after["state"] == "known"
    assert entry.reason == "we know"
    page = words_in(browser_of(bob).get(place_of(incident)))
    assert "eu-2 is down" in page
    assert "state: open → known" in page
    assert RETRYING in words_in(browser_of(bob).get(URL, {"tab": "known"}))
    assert RETRYING not in words_in(browser_of(bob).get(URL))


@pytest.mark.parametrize(
    ("wanted", "says"),
    [
        ({"reason": ""}, "This field is required."),
        ({"link": "javascript:alert(1)"}, "Enter a valid URL."),
        ({"state": "lost"}, "Select a valid choice."),
        ({"owner": "999999"}, "Select a valid choice."),
    ],
)
def test_what_cannot_be_said_is_refused_beside_the_field(
    wanted: dict[str, str], says: str, failing: RunKey, bob: User, browser_of: Browser
) -> None:
    surveyed()
    incident = of_type(RETRYING)

    page = browser_of(bob).post(place_of(incident, "change"), told(incident, **wanted))

    assert page.status_code == 422
    assert says in words_in(page)
    assert not AuditEntry.objects.filter(verb="incident.change").exists()


def test_an_incident_whose_runs_have_gone_on_is_gone_by_itself(
    failing: RunKey, carol: User, browser_of: Browser, program: Program
) -> None:
    surveyed()
    incident = of_type(RETRYING)
    for run in workflows.find(NAMESPACE, surveying.query_of(incident, open_ones=True), 100).runs:
        handle = program.client.get_workflow_handle(run.key.workflow_id, run_id=run.key.run_id)
        program.wait(handle.terminate())
    gone = surveying.query_of(incident, open_ones=True)
    eventually(lambda: workflows.count(NAMESPACE, gone).total, lambda left: left == 0, within=30)
    surveyed()

    incident.refresh_from_db()
    assert incident.is_gone
    assert list(incident.samples.order_by("at").values_list("running", flat=True))[-1] == 0
    surveyed()
    assert incident.samples.count() == 2
    assert RETRYING in words_in(browser_of(carol).get(URL, {"tab": "gone"}))
    assert "No run fails this way now" in words_in(browser_of(carol).get(place_of(incident)))


def test_a_survey_costs_a_count_of_each_list_and_a_look_at_each_that_is_new(
    failing: RunKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    find, count = workflows.find, workflows.count
    monkeypatch.setattr(workflows, "find", lambda *a: (asked.append("find"), find(*a))[1])
    monkeypatch.setattr(workflows, "count", lambda *a: (asked.append("count"), count(*a))[1])

    surveying.survey(NAMESPACE, timezone.now())
    new = Incident.objects.filter(namespace=NAMESPACE).count()
    assert sorted(asked) == ["count"] + ["find"] * new
    assert Survey.objects.get(namespace=NAMESPACE).calls == 1 + new

    asked.clear()
    surveyed()
    assert asked.count("find") == 0


def test_a_survey_keeps_to_its_budget_and_goes_on_where_it_stopped(
    failing: RunKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(surveying.Budget, "__init__", lambda self: (
        setattr(self, "left", 2), setattr(self, "spent", 0), None)[2])  # fmt: skip
    unseen = Incident.objects.filter(namespace=NAMESPACE, looked_at=None)

    surveying.survey(NAMESPACE, timezone.now())
    left = unseen.count()
    surveyed()

    assert left == Incident.objects.filter(namespace=NAMESPACE).count() - 1
    assert unseen.count() == left - 1


def test_a_survey_that_comes_twice_is_done_once(failing: RunKey) -> None:
    now = timezone.now()

    assert surveying.survey(NAMESPACE, now)
    assert not surveying.survey(NAMESPACE, now + timedelta(seconds=5))


def test_the_page_says_when_the_jobs_are_away_and_when_the_index_refused(
    ours: None, carol: User, browser_of: Browser, settings: Any
) -> None:
    before = words_in(browser_of(carol).get(URL))
    Survey.objects.create(
        namespace=NAMESPACE, begun_at=timezone.now(), says="more than 1000 groups"
    )
    refused = words_in(browser_of(carol).get(URL))

    assert "Nothing was counted here yet" in before
    assert "The newest count did not come through: more than 1000 groups" in refused


def test_a_server_that_is_away_is_written_down(
    ours: None, settings: Any, carol: User, browser_of: Browser
) -> None:
    there = settings.ENGINE_ADDRESS
    settings.ENGINE_ADDRESS = "127.0.0.1:1"
    assert not surveying.survey(NAMESPACE, timezone.now())
    settings.ENGINE_ADDRESS = there

    assert "The engine at 127.0.0.1:1 does not answer" in words_in(browser_of(carol).get(URL))


@pytest.mark.one_server
def test_samples_are_bounded_by_age_and_number_and_what_is_gone_is_forgotten(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = timezone.now()
    long_ago = now - surveying.FORGOTTEN_AFTER - timedelta(days=1)
    seen = {"namespace": NAMESPACE, "first_seen_at": long_ago, "last_seen_at": long_ago}
    forgotten = Incident.objects.create(fingerprint="a", **seen)
    noted = Incident.objects.create(fingerprint="b", note="ask Leo", **seen)
    monkeypatch.setattr(surveying, "SAMPLES_MAX", 3)
    for minutes in (*range(5), 60 * 25):
        at = now - timedelta(minutes=minutes)
        Sample.objects.create(incident=noted, at=at, running=1, failed=0)

    surveying.forget(NAMESPACE, now)

    assert not Incident.objects.filter(pk=forgotten.pk).exists()
    assert noted.samples.count() == 3
    assert min(noted.samples.values_list("at", flat=True)) > now - surveying.SAMPLES_KEPT


def test_another_server_says_that_it_keeps_no_failures(carol: User, browser_of: Browser) -> None:
    if namespaces.attributes(NAMESPACE).ours:
        pytest.skip("ours does")
    jobs.survey()

    page = words_in(browser_of(carol).get(URL))

    assert "This server does not index what fails" in page
    assert not Incident.objects.exists()


def test_identical_counts_are_one_call_and_a_spent_budget_shows_the_old_answer(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counting, "CALLS_A_MINUTE_MAX", 2)
    asked: list[str] = []
    count = workflows.count
    monkeypatch.setattr(workflows, "count", lambda *a: (asked.append(a[1]), count(*a))[1])
    by_status = "GROUP BY ExecutionStatus"

    first = counting.count(NAMESPACE, by_status)
    second = counting.count(NAMESPACE, by_status)
    assert (second, asked) == (first, [by_status])

    monkeypatch.setattr(counting, "KEEP_SECONDS", 0)
    counting.count(NAMESPACE, "WorkflowType = 'Nobody'")
    assert counting.count(NAMESPACE, by_status) == first
    assert len(asked) == 2
    with pytest.raises(GatewayError, match="of default 2 times within this minute"):
        counting.count(NAMESPACE, "WorkflowType = 'Another'")
