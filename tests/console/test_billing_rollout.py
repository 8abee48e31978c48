"""A weighed cohort carried out: canary, rate, errors, pause; and the record of it for good."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.db import DatabaseError
from django.test import Client

from console.billing.models import Cohort, Member
from console.gateway.runs import RunKey
from tests.support.billing import (
    CHARGE,
    URL,
    BillingWorker,
    billing_process,
    billing_worker,
    check,
    place,
    seal_of,
)
from tests.support.cohorts import ADD, Customers, act, await_stage, customers, freeze, states
from tests.support.eventually import eventually
from tests.support.pages import words_in
from tests.support.subscriptions import providers_url, subscriptions

__all__ = ["billing_process", "billing_worker", "customers", "providers_url", "subscriptions"]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.one_server,
    pytest.mark.django_db(transaction=True),
    pytest.mark.xdist_group("examples"),
]

Browser = Callable[..., Client]
Stage = Cohort.Stage


def test_the_canary_goes_first_and_then_it_asks(
    bob: User, browser_of: Browser, customers: Customers, billing_worker: BillingWorker
) -> None:
    customers.some(3)
    browser = browser_of(bob)
    cohort = freeze(browser, "add", ADD | {"query": customers.query})

    act(browser, cohort, "launch", canary=1)
    await_stage(cohort, Stage.ASKING)
    asking = words_in(browser.get(f"{URL}cohorts/{cohort.pk}/"))
    first = states(cohort)
    act(browser, cohort, "resume")
    await_stage(cohort, Stage.FINISHED)

    assert "The canary is through: 1 done." in asking
    assert "Go on with the rest" in asking
    assert first == {"done": 1, "eligible": 2}
    assert states(cohort) == {"done": 3}


def test_it_stops_by_itself_when_too_many_fail_and_the_missed_are_weighed_anew(
    bob: User, browser_of: Browser, customers: Customers, billing_worker: BillingWorker
) -> None:
    """The first one is changed after it was weighed, and so refuses."""
    keys = customers.some(2)
    browser = browser_of(bob)
    cohort = freeze(browser, "add", ADD | {"query": customers.query})
    changed = RunKey("default", cohort.members.earliest("pk").workflow_id, "")
    key = next(key for key in keys if key.workflow_id == changed.workflow_id)
    checked = check(browser, key, "adjust-charge/", CHARGE)
    browser.post(place(key, "adjust-charge/"), seal_of(checked, CHARGE))

    act(browser, cohort, "launch", canary=1, errors_percent_max=20)
    await_stage(cohort, Stage.PAUSED)
    paused = words_in(browser.get(f"{URL}cohorts/{cohort.pk}/"))
    act(browser, cohort, "resume")
    await_stage(cohort, Stage.ASKING)
    act(browser, cohort, "stop")
    await_stage(cohort, Stage.STOPPED)
    again = browser.post(f"{URL}cohorts/{cohort.pk}/missed/")
    anew = await_stage(Cohort.objects.latest("pk"), Stage.WEIGHED)

    assert "It stopped by itself: 1 of the last 1 failed, more than 20 %." in paused
    assert states(cohort) == {"refused": 1, "left": 1}
    assert again.status_code == 303
    assert (anew.of, anew.wish, anew.reason) == (cohort, cohort.wish, cohort.reason)
    assert states(anew) == {"eligible": 2}
    act(browser, anew, "launch")
    await_stage(anew, Stage.FINISHED)
    amounts = sorted(customers.subscriptions.ledger(key).terms.charge.amount for key in keys)
    assert amounts == ["41.00", "51.00"]


def test_a_paused_one_does_nothing_until_it_is_resumed(
    bob: User, browser_of: Browser, customers: Customers, billing_worker: BillingWorker
) -> None:
    customers.some(5)
    browser = browser_of(bob)
    cohort = freeze(browser, "add", ADD | {"query": customers.query})

    act(browser, cohort, "launch", rate=1)
    eventually(lambda: states(cohort), lambda found: "done" in found, within=30)
    paused = act(browser, cohort, "pause")
    twice = act(browser, cohort, "pause")
    seen = eventually(lambda: states(cohort), lambda found: "claimed" not in found)
    act(browser, cohort, "resume")
    act(browser, cohort, "stop")
    await_stage(cohort, Stage.STOPPED)
    eventually(lambda: states(cohort), lambda found: "claimed" not in found)

    assert (paused.status_code, twice.status_code) == (303, 409)
    assert seen["eligible"] >= 1
    found = states(cohort)
    assert found["done"] + found["left"] == 5
    assert found["left"] >= 1


def test_the_record_is_for_good(
    bob: User, browser_of: Browser, customers: Customers, billing_worker: BillingWorker
) -> None:
    customers.some(1)
    browser = browser_of(bob)
    cohort = freeze(browser, "add", ADD | {"query": customers.query})
    act(browser, cohort, "launch")
    await_stage(cohort, Stage.FINISHED)
    member = cohort.members.get()

    for deed in (
        lambda: Member.objects.filter(pk=member.pk).update(state="refused"),
        lambda: Member.objects.filter(pk=member.pk).update(workflow_id="another"),
        member.delete,
        lambda: Cohort.objects.filter(pk=cohort.pk).update(rate=1),
        lambda: Cohort.objects.filter(pk=cohort.pk).update(reason="another"),
        cohort.delete,
    ):
        with pytest.raises(DatabaseError, match="append-only"):
            deed()


@pytest.mark.parametrize(
    "how", [{"canary": -1}, {"rate": 0}, {"rate": 51}, {"errors_percent_max": 101}]
)
def test_how_it_is_carried_out_has_bounds(
    bob: User, browser_of: Browser, customers: Customers, how: dict[str, int]
) -> None:
    cohort = Cohort.objects.create(
        namespace="default", query="", wish={"change": "skip"}, reason="r", person=bob, who="Bob",
        stage=Stage.WEIGHED,
    )  # fmt: skip
    Member.objects.create(cohort=cohort, workflow_id="one", run_id="1", state="eligible")

    answer = act(browser_of(bob), cohort, "launch", **how)

    assert answer.status_code == 422
    assert "than or equal to" in words_in(answer)
    cohort.refresh_from_db()
    assert cohort.stage == Stage.WEIGHED
