"""Incidents of a namespace with more causes of failure than an index counts at once."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.core.cache import cache, caches
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from temporalio.api.common.v1 import WorkflowType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import StartWorkflowExecutionRequest

from console.gateway import steering, workflows
from console.gateway.channel import GatewayError, call, workflow_service
from console.incidents import surveying, tallying
from console.incidents.models import Incident, State, Survey
from search.query.parser import GROUPS_MAX
from tests.support.apart import namespace_apart
from tests.support.eventually import eventually
from tests.support.names import Names
from tests.support.pages import words_in

pytestmark = [pytest.mark.slow, pytest.mark.one_server, pytest.mark.timeout(360)]

MANY = GROUPS_MAX + 1
#: Surveys in which each incident has its turn: one for each first letter.
TURNS = 16
Browser = Callable[..., Client]


@pytest.fixture
def many(db: None, engine: str, names: Names, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A namespace of runs that timed out, each of a type and so of a cause of its own."""
    monkeypatch.setattr(surveying, "FAILING", ("runs",))
    with namespace_apart(names.workflow("failures")) as namespace:
        timed_out(namespace, MANY)
        yield namespace


def timed_out(namespace: str, count: int, type_: str = "", first: int = 0) -> None:
    """Each of a type of its own, or all of the same."""
    for number in range(first, first + count):
        name = type_ or f"Type{number}"
        request = StartWorkflowExecutionRequest(
            namespace=namespace, workflow_id=f"of/{name}/{number}", request_id=f"{name} {number}",
            workflow_type=WorkflowType(name=name), task_queue=TaskQueue(name="nobody"),
        )  # fmt: skip
        request.workflow_run_timeout.FromSeconds(1)
        call(workflow_service().StartWorkflowExecution, request)
    running = "ExecutionStatus = 'Running'"
    eventually(lambda: workflows.count(namespace, running).total, lambda n: n == 0, within=60)


def test_they_are_counted_in_parts(many: str) -> None:
    with pytest.raises(GatewayError, match="more than 1000 groups"):
        workflows.count(many, f"{tallying.IS_FAILING} {tallying.BY_FINGERPRINT}")

    assert surveying.survey(many, timezone.now())

    assert Incident.objects.filter(namespace=many, failed=1).count() == MANY
    survey = Survey.objects.get(namespace=many)
    assert (survey.says, survey.calls) == ("", tallying.CALLS_MAX)
    assert survey.uncounted is None


@pytest.fixture
def too_many(many: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """More than four parts hold: as if of one part, and with one call for those of known names."""
    monkeypatch.setattr(tallying, "QUARTERS", ("0123456789abcdef",))
    monkeypatch.setattr(tallying, "NAMED_CALLS_MAX", 1)
    monkeypatch.setattr(tallying, "NAMED_TOGETHER", 50)
    return many


def surveyed(namespace: str) -> Survey:
    """The job once more, with nothing kept of what was counted before."""
    cache.clear()
    caches["shared"].clear()
    Survey.objects.update(begun_at=timezone.now() - timedelta(hours=1))
    assert surveying.survey(namespace, timezone.now())
    return Survey.objects.get(namespace=namespace)


def test_of_too_many_the_largest_and_the_newest_are_counted_and_the_others_in_turn(
    too_many: str, alice: User, browser_of: Browser
) -> None:
    timed_out(too_many, 1, "Often")
    timed_out(too_many, 1, "Often", first=1)
    mine = Incident.objects.filter(namespace=too_many)

    first = surveyed(too_many)
    assert first.uncounted == 0
    assert tallying.NAMED_TOGETHER <= mine.count() < MANY
    assert mine.get(failed=2).running == 0

    for _ in range(TURNS):
        survey = surveyed(too_many)
        # what was counted before, and is not now, is not taken for healed
        assert mine.filter(failed=0).count() == 0
    assert mine.count() == MANY + 1
    assert survey.uncounted
    page = browser_of(alice).get(reverse("incidents:incidents", args=[too_many]))
    assert "More causes fail here than one count tells." in words_in(page)
    assert f"the numbers of {survey.uncounted} incidents are of an earlier count" in words_in(page)

    timed_out(too_many, 1, "NeverBefore")
    before = mine.count()
    surveyed(too_many)
    assert mine.count() == before + 1


def test_of_too_many_a_fixed_one_comes_back_and_one_that_has_gone_is_gone_when_counted(
    too_many: str,
) -> None:
    mine = Incident.objects.filter(namespace=too_many)
    for _ in range(TURNS):
        surveyed(too_many)
    fixed, gone = mine.order_by("pk")[:2]
    Incident.objects.filter(pk=fixed.pk).update(
        state=State.FIXED, fixed_at=timezone.now(), floor_failed=1
    )
    surveyed(too_many)
    fixed.refresh_from_db()
    assert fixed.state == State.FIXED

    # its own type fails once more, and its first run is deleted: the count stays
    fingerprint = f"FailureFingerprint = '{fixed.fingerprint}'"
    (run,) = workflows.find(too_many, fingerprint, 10).runs
    timed_out(too_many, 1, run.type, first=1)
    steering.delete(run.key)
    (other,) = workflows.find(too_many, f"FailureFingerprint = '{gone.fingerprint}'", 10).runs
    steering.delete(other.key)
    left = f"RunId IN ('{run.key.run_id}', '{other.key.run_id}')"
    eventually(lambda: workflows.count(too_many, left).total, lambda n: n == 0, within=30)
    surveyed(too_many)
    fixed.refresh_from_db()
    assert (fixed.state, fixed.failed) == (State.OPEN, 1)
    assert fixed.reopened_at is not None

    for _ in range(TURNS):
        surveyed(too_many)
    assert [one.pk for one in mine.filter(running=0, failed=0)] == [gone.pk]
