"""A subscription that runs for years keeps its history short and forgets nothing."""

from dataclasses import replace

import pytest
from temporalio.client import WorkflowUpdateStage

from console.billing.contract import EntryKind, Phase
from examples.subscription import mails
from tests.examples.shop import Shop, Subscriber, eur
from tests.examples.test_subscription_updates import CHARGE, REFUND
from tests.support.eventually import eventually_async

pytestmark = [pytest.mark.usefixtures("workers")]


async def caught_up(shop: Shop, periods: int, **changes: object) -> Subscriber:
    """One whose past periods were all charged at once, over several runs."""
    order = replace(shop.began_periods_ago(periods), **changes)  # type: ignore[arg-type]
    subscriber = await shop.subscribe(order)
    await subscriber.until(Phase.ACTIVE, periods)
    return subscriber


async def test_many_periods_take_many_runs_under_one_workflow_id(shop: Shop) -> None:
    subscriber = await caught_up(shop, 7, periods_per_run=2)

    description = await subscriber.handle.describe()

    assert description.run_id != subscriber.handle.first_execution_run_id
    assert description.history_length < 40
    assert await subscriber.mails() == [mails.WELCOME]
    assert len(await subscriber.charges()) == 7


async def test_ledger_terms_and_version_travel_on(shop: Shop) -> None:
    subscriber = await shop.subscribe(shop.order(max_billing_periods=4, periods_per_run=1))
    await subscriber.ask(CHARGE)
    before = await subscriber.ledger()

    await subscriber.handle.result()

    ledger = await subscriber.ledger()
    assert ledger.terms == before.terms
    assert (ledger.version, ledger.last_change) == (before.version, before.last_change)
    assert [entry.sequence for entry in ledger.entries] == [1, 2, 3, 4, 5]
    assert [entry.kind for entry in ledger.entries].count(EntryKind.CHARGE) == 4
    assert ledger.charged == eur("156.00")
    assert await subscriber.charges() == ["39.00"] * 4


async def test_a_charge_of_an_earlier_run_can_be_refunded(shop: Shop) -> None:
    subscriber = await caught_up(shop, 5, periods_per_run=2)

    await subscriber.ask(REFUND)

    assert await subscriber.refunds() == ["12.50"]


async def test_memo_and_search_attributes_stay_with_the_newest_run(shop: Shop) -> None:
    subscriber = await caught_up(shop, 5, periods_per_run=2)

    description = await subscriber.handle.describe()

    found = {pair.key.name: pair.value for pair in description.typed_search_attributes}
    assert found["BillingPeriod"] == 5
    assert found["CustomerId"] == subscriber.order.customer.customer_id
    assert await description.memo_value("customer") == "Brekkehus AS"


async def test_older_entries_are_in_the_archive_and_the_totals_stay(shop: Shop) -> None:
    subscriber = await caught_up(shop, 9, periods_per_run=3, entries_kept=2)

    ledger = await subscriber.ledger()

    assert ledger.charged == eur("441.00")
    assert ledger.older_entries >= 4
    archived = await shop.providers.get(f"/books/{ledger.subscription_id}")
    assert ledger.older_entries_url.endswith(f"/books/{ledger.subscription_id}")
    # The next of its runs may have put more of them away meanwhile.
    sequences = [entry["sequence"] for entry in archived[: ledger.older_entries]]
    sequences += [entry.sequence for entry in ledger.entries]
    assert sequences == list(range(1, 10))
    assert archived[0]["amount"] == {"amount": "49.00", "currency": "EUR"}


async def test_a_run_that_continues_waits_for_the_refund_under_way(shop: Shop) -> None:
    subscriber = await shop.active(entries_kept=1)
    customer_id = subscriber.order.customer.customer_id
    await shop.turn("payments", "outage", customer_id)
    first_run = (await subscriber.handle.describe()).run_id
    refunding = replace(REFUND, expected_version=1)

    handle = await subscriber.handle.start_update(
        "refund", refunding, id="audit-103", wait_for_stage=WorkflowUpdateStage.ACCEPTED
    )
    await subscriber.ask(replace(CHARGE, expected_version=2))
    assert (await subscriber.handle.describe()).run_id == first_run
    await shop.turn("payments", "normal", customer_id)
    await handle.result()

    async def run_id() -> str:
        return (await subscriber.handle.describe()).run_id

    await eventually_async(run_id, lambda seen: seen != first_run)
    ledger = await subscriber.ledger()
    assert ledger.refunded == eur("12.50")
    assert ledger.older_entries == 2
