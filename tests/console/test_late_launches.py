"""A launch whose answer does not come in time: it may have begun or not, and is not said to have
failed. Whoever looks again finds out, and goes on."""

from collections.abc import Callable
from decimal import Decimal

import pytest
from django.contrib.auth.models import User
from django.test import Client
from temporalio.api.workflowservice.v1 import StartWorkflowExecutionRequest

from console.billing import orders
from console.billing.models import Cohort, Proposal, Spending
from console.billing.orders import Decision
from console.bulk.models import Stage
from console.gateway import system
from tests.console.test_bulk_worker import counts, signals_of, worker, worker_queue
from tests.support import bulk
from tests.support.billing import URL as BILLING
from tests.support.billing import BillingWorker, billing_process, billing_worker, limit
from tests.support.cohorts import ADD, Customers, act, await_stage, customers, freeze, states
from tests.support.late import Late, late, through
from tests.support.names import Names
from tests.support.pages import words_in
from tests.support.programs import Program
from tests.support.subscriptions import providers_url, subscriptions

__all__ = [
    "billing_process", "billing_worker", "customers", "late", "providers_url", "subscriptions",
    "through", "worker", "worker_queue",
]  # fmt: skip

pytestmark = [
    pytest.mark.slow,
    pytest.mark.django_db(transaction=True),
    pytest.mark.xdist_group("examples"),
]

Browser = Callable[..., Client]
START = "StartWorkflowExecution"


@pytest.mark.parametrize(("way", "status"), [("late_at", 504), ("broken", 503)])
def test_an_operation_whose_launch_was_not_answered_has_begun_and_ends(
    bob: User,
    browser_of: Browser,
    program: Program,
    names: Names,
    worker: None,
    through: Callable[..., None],
    way: str,
    status: int,
) -> None:
    queue, browser = names.queue(), browser_of(bob)
    keys = bulk.start_many(program, names, 3, queue)
    operation = bulk.freeze(browser, "signal", f"TaskQueue = '{queue}'")

    through(**{way: {START}})
    launched = bulk.launch(browser, operation, name="go")
    through()

    assert launched.status_code == status
    assert "look before you repeat it" in words_in(launched)
    operation = bulk.await_stage(operation, "finished")
    assert counts(operation) == {"done": 3}
    assert [signals_of(key) for key in keys] == [1] * 3
    assert bulk.launch(browser, operation, name="go").status_code == 409


def test_an_operation_whose_launch_was_lost_is_begun_by_who_resumes_it(
    bob: User,
    browser_of: Browser,
    program: Program,
    names: Names,
    worker: None,
    through: Callable[..., None],
) -> None:
    queue, browser = names.queue(), browser_of(bob)
    keys = bulk.start_many(program, names, 2, queue)
    operation = bulk.freeze(browser, "signal", f"TaskQueue = '{queue}'")

    through(lost={START})
    launched = bulk.launch(browser, operation, name="go")
    through()
    operation.refresh_from_db()
    page = words_in(browser.get(f"{bulk.URL}{operation.pk}/"))
    resumed = browser.post(f"{bulk.URL}{operation.pk}/resume/")

    assert (launched.status_code, operation.stage) == (504, Stage.RUNNING)
    assert "Carry on" in page
    assert resumed.status_code == 303
    assert counts(bulk.await_stage(operation, "finished")) == {"done": 2}
    assert [signals_of(key) for key in keys] == [1] * 2


@pytest.mark.one_server
@pytest.mark.parametrize(("way", "status"), [("late_at", 504), ("lost", 504), ("broken", 503)])
def test_a_cohort_whose_launch_was_not_answered_is_carried_out_once(
    bob: User,
    browser_of: Browser,
    customers: Customers,
    billing_worker: BillingWorker,
    through: Callable[..., None],
    way: str,
    status: int,
) -> None:
    keys, browser = customers.some(2), browser_of(bob)
    cohort = freeze(browser, "add", ADD | {"query": customers.query})

    through(**{way: {START}})
    launched = act(browser, cohort, "launch")
    through()
    cohort.refresh_from_db()
    again = act(browser, cohort, "launch")
    if way == "lost":
        assert cohort.stage == Cohort.Stage.RUNNING
        assert "Go on" in words_in(browser.get(f"{BILLING}cohorts/{cohort.pk}/"))
        assert act(browser, cohort, "go-on").status_code == 303
    await_stage(cohort, Cohort.Stage.FINISHED)

    assert (launched.status_code, again.status_code) == (status, 409)
    assert states(cohort) == {"done": 2}
    charges = [customers.subscriptions.ledger(key).terms.charge.amount for key in keys]
    assert charges == ["51.00"] * 2
    assert list(Spending.objects.values_list("amount", flat=True)) == [Decimal("132.00")]


@pytest.mark.one_server
@pytest.mark.parametrize("way", ["late_at", "lost"])
def test_of_a_proposal_that_was_not_answered_nothing_comes_and_it_can_be_made_again(
    bob: User,
    browser_of: Browser,
    customers: Customers,
    billing_worker: BillingWorker,
    late: Late,
    through: Callable[..., None],
    server_address: str,
    way: str,
) -> None:
    """Its approval may be there: a decision by another door finds no proposal, and ends it."""
    limit("cohort", "10.00")
    customers.some(1)
    browser = browser_of(bob)
    cohort = freeze(browser, "add", ADD | {"query": customers.query})

    through(**{way: {START}})
    proposed = act(browser, cohort, "propose")
    through()

    assert proposed.status_code == 504
    assert not Proposal.objects.exists()
    await_stage(cohort, Cohort.Stage.WEIGHED)
    if way == "late_at":
        (start,) = map(StartWorkflowExecutionRequest.FromString, late.asked)
        assert decided(server_address, start.workflow_id) == Proposal.Stage.VOID
    assert act(browser, cohort, "propose").status_code == 303
    assert Proposal.objects.get().stage == Proposal.Stage.OPEN
    assert states(cohort) == {"eligible": 1}


def decided(address: str, approval: str) -> str:
    """Approved by somebody who reaches the server; how its run ends."""
    said = Decision(orders.APPROVE, "Eve", 0, "", "")
    program = Program(address, system.NAMESPACE)
    try:
        handle = program.client.get_workflow_handle(approval)
        program.wait(handle.execute_update(orders.DECIDE, said))
        return str(program.wait(handle.result()))
    finally:
        program.close()
