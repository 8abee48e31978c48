"""Adjusting and refunding: the dry run, the refusals, two people at once."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from temporalio.client import WorkflowUpdateFailedError
from temporalio.exceptions import ApplicationError

from console.billing.contract import (
    REFUSED,
    AdjustCharge,
    AdjustPeriod,
    EntryKind,
    Money,
    Period,
    PeriodUnit,
    Phase,
    Refund,
    SkipPeriod,
)
from tests.examples.shop import HOUR, Shop, Subscriber, eur
from tests.support.eventually import eventually_async

pytestmark = [pytest.mark.usefixtures("workers")]

CHARGE = AdjustCharge(
    amount=eur("39.00"),
    actor="Ines Okafor",
    reason="Migration credit, agreed on 20 Nov",
    audit_reference="audit-101",
    expected_version=1,
)
PERIOD = AdjustPeriod(
    period=Period(7200, PeriodUnit.SECOND),
    actor="Priya Raman",
    reason="Quarterly from now on",
    audit_reference="audit-102",
    expected_version=1,
)
REFUND = Refund(
    billing_period=1,
    amount=eur("12.50"),
    actor="Tomasz Brandt",
    reason="Outage of 29 Sep, service credit §4",
    audit_reference="audit-103",
    expected_version=1,
)
SKIP = SkipPeriod(
    billing_period=2,
    actor="Ines Okafor",
    reason="Outage in November",
    audit_reference="audit-104",
    expected_version=1,
)


@pytest.fixture
async def subscriber(shop: Shop) -> Subscriber:
    return await shop.active()


async def refusal(subscriber: Subscriber, asked: Any) -> tuple[str, str]:
    """Code and sentence; and nothing was changed."""
    before = await subscriber.ledger()
    with pytest.raises(WorkflowUpdateFailedError) as refused:
        await subscriber.ask(asked)
    failure = refused.value.cause
    assert isinstance(failure, ApplicationError)
    assert failure.type == REFUSED
    assert await subscriber.ledger() == before
    return failure.details[0]["code"], failure.message


async def test_a_dry_run_says_before_and_after_and_changes_nothing(
    subscriber: Subscriber,
) -> None:
    before = await subscriber.ledger()

    outcome = await subscriber.ask(replace(CHARGE, dry_run=True))

    assert (outcome.before, outcome.after) == ("49.00 EUR", "39.00 EUR")
    assert outcome.dry_run
    assert outcome.entry is None
    assert [row.billing_period for row in outcome.rows] == list(range(2, 14))
    assert {(row.before, row.after) for row in outcome.rows} == {(eur("49.00"), eur("39.00"))}
    assert outcome.difference == eur("-350.00")
    assert await subscriber.ledger() == before


@pytest.mark.parametrize("asked", [PERIOD, REFUND], ids=["period", "refund"])
async def test_a_dry_run_of_anything_changes_nothing(subscriber: Subscriber, asked: Any) -> None:
    before = await subscriber.ledger()

    outcome = await subscriber.ask(replace(asked, dry_run=True))

    assert outcome.before != outcome.after
    assert outcome.version == before.version
    assert await subscriber.ledger() == before
    assert await subscriber.refunds() == []


async def test_an_adjusted_charge_is_in_ledger_terms_and_index(subscriber: Subscriber) -> None:
    outcome = await subscriber.ask(CHARGE)

    ledger = await subscriber.ledger()
    assert (ledger.version, outcome.version) == (2, 2)
    assert ledger.next_charge == ledger.terms.charge == eur("39.00")
    entry = ledger.entries[-1]
    assert entry == outcome.entry
    assert (entry.kind, entry.before, entry.after) == (
        EntryKind.CHARGE_ADJUSTMENT,
        "49.00 EUR",
        "39.00 EUR",
    )
    assert (entry.actor, entry.reason) == (CHARGE.actor, CHARGE.reason)
    assert entry.audit_reference == "audit-101"
    description = await subscriber.handle.describe()
    found = {pair.key.name: pair.value for pair in description.typed_search_attributes}
    assert found["ChargeAmount"] == 39.0


async def test_the_next_charge_takes_the_adjusted_amount(shop: Shop) -> None:
    subscriber = await shop.subscribe(shop.order(trial=HOUR))
    await subscriber.ask(replace(CHARGE, periods=1))
    ledger = await subscriber.ledger()

    assert [str(row.after) for row in ledger.forecast] == ["39.00 EUR", "49.00 EUR", "49.00 EUR"]
    assert ledger.terms.charge == eur("49.00")


async def test_a_temporary_amount_ends_by_itself(shop: Shop) -> None:
    subscriber = await shop.subscribe(shop.order())
    await subscriber.ask(replace(CHARGE, periods=2))

    await subscriber.handle.result()

    assert await subscriber.charges() == ["39.00", "39.00", "49.00"]


async def test_a_longer_period_moves_the_next_charge(subscriber: Subscriber) -> None:
    before = await subscriber.ledger()

    outcome = await subscriber.ask(PERIOD)

    ledger = await subscriber.ledger()
    assert before.due_at is not None
    assert ledger.due_at is not None
    assert (ledger.due_at - before.due_at).total_seconds() == 3600
    assert (outcome.before, outcome.after) == ("every 3600 seconds", "every 7200 seconds")
    assert outcome.rows[0].due_before == before.due_at
    assert outcome.rows[0].due_at == ledger.due_at
    assert ledger.entries[-1].kind is EntryKind.PERIOD_ADJUSTMENT
    description = await subscriber.handle.describe()
    found = {pair.key.name: pair.value for pair in description.typed_search_attributes}
    assert found["DueAt"] == ledger.due_at


async def test_a_shorter_period_charges_now_and_never_the_past(shop: Shop) -> None:
    subscriber = await shop.subscribe(shop.began_periods_ago(1))
    await subscriber.until(Phase.ACTIVE, 1)

    await subscriber.ask(replace(PERIOD, period=Period(3600, PeriodUnit.SECOND)))

    ledger = await subscriber.until(Phase.ACTIVE, 2)
    assert ledger.billing_period == 2
    assert await subscriber.charges() == ["49.00", "49.00"]


async def test_a_refund_gives_money_back_once(subscriber: Subscriber) -> None:
    outcome = await subscriber.ask(REFUND)

    ledger = await subscriber.ledger()
    assert await subscriber.refunds() == ["12.50"]
    assert ledger.refunded == eur("12.50")
    entry = ledger.entries[-1]
    assert entry == outcome.entry
    assert (entry.kind, entry.state, entry.amount) == ("refund", "booked", eur("-12.50"))
    assert entry.provider_reference.startswith("re_")
    assert (outcome.before, outcome.after) == ("49.00 EUR", "36.50 EUR")


async def test_what_was_refunded_cannot_be_refunded_again(subscriber: Subscriber) -> None:
    await subscriber.ask(REFUND)

    code, sentence = await refusal(
        subscriber,
        replace(REFUND, amount=eur("40.00"), audit_reference="audit-104", expected_version=2),
    )

    assert code == "refund_too_high"
    assert "36.50 EUR can still be refunded" in sentence


async def test_a_refund_in_an_outage_is_booked_when_the_provider_is_back(
    subscriber: Subscriber, shop: Shop
) -> None:
    customer_id = subscriber.order.customer.customer_id
    await shop.turn("payments", "outage", customer_id)
    asking = asyncio.create_task(subscriber.ask(REFUND))
    ledger = await eventually_async(subscriber.ledger, lambda seen: seen.version == 2)
    assert ledger.entries[-1].state == "pending"
    assert ledger.refunded == eur("0.00")

    await shop.turn("payments", "normal", customer_id)
    await asking

    assert await subscriber.refunds() == ["12.50"]
    assert (await subscriber.ledger()).refunded == eur("12.50")


async def test_two_people_adjusting_at_once_the_second_hears_of_the_first(
    subscriber: Subscriber,
) -> None:
    await subscriber.ask(CHARGE)

    code, sentence = await refusal(
        subscriber,
        replace(CHARGE, amount=eur("45.00"), actor="Maja Lind", audit_reference="audit-105"),
    )

    assert code == "version_stale"
    assert sentence.startswith("Ines Okafor changed the charge from 49.00 EUR to 39.00 EUR at ")
    assert "you looked at version 1" in sentence


async def test_of_two_simultaneous_adjustments_exactly_one_wins(subscriber: Subscriber) -> None:
    other = replace(CHARGE, amount=eur("45.00"), actor="Maja Lind", audit_reference="audit-105")

    answers = await asyncio.gather(
        subscriber.ask(CHARGE), subscriber.ask(other), return_exceptions=True
    )

    assert sum(isinstance(answer, WorkflowUpdateFailedError) for answer in answers) == 1
    ledger = await subscriber.ledger()
    assert ledger.version == 2
    assert len(ledger.entries) == 2


REFUSALS = [
    (replace(CHARGE, amount=eur("-1.00")), "amount_negative", "may not be negative"),
    (replace(CHARGE, amount=eur("forty")), "amount_not_a_number", "'forty' is not an amount"),
    (replace(CHARGE, amount=eur("NaN")), "amount_not_a_number", "is not an amount"),
    (replace(CHARGE, amount=eur("1000000.01")), "amount_beyond_limit", "above 1,000,000 EUR"),
    (replace(CHARGE, amount=eur("39.001")), "amount_too_precise", "EUR has 2 decimals"),
    (replace(CHARGE, amount=eur("9" * 1_000_000)), "amount_too_long", "at most 32 characters"),
    (replace(CHARGE, amount=eur(" ")), "amount_missing", "Give an amount"),
    (replace(CHARGE, amount=Money("39.00", "USD")), "currency_differs", "charged in EUR"),
    (replace(CHARGE, amount=Money("39.00", "XXX")), "currency_unknown", "'XXX' is not a currency"),
    (replace(CHARGE, amount=eur("49.00")), "no_change", "49.00 EUR already"),
    (replace(CHARGE, expected_version=7), "version_stale", "at 1"),
    (replace(CHARGE, periods=99), "periods_beyond_end", "35 charges are left, not 99"),
    (replace(CHARGE, actor=""), "actor_missing", "Give the actor"),
    (replace(CHARGE, reason="  "), "reason_missing", "Give the reason"),
    (replace(CHARGE, reason="x" * 501), "reason_too_long", "500 characters at most"),
    (replace(CHARGE, audit_reference=""), "audit_reference_missing", "audit reference"),
    (replace(PERIOD, period=Period(0, PeriodUnit.MONTH)), "period_out_of_range", "not 0"),
    (replace(PERIOD, period=Period(13, PeriodUnit.MONTH)), "period_out_of_range", "1 to 12"),
    (replace(PERIOD, period=HOUR), "no_change", "every 3600 seconds already"),
    (replace(REFUND, billing_period=9), "nothing_charged", "No charge of period 9"),
    (replace(REFUND, amount=eur("0.00")), "amount_zero", "more than nothing"),
    (replace(REFUND, amount=eur("49.01")), "refund_too_high", "49.01 EUR is more"),
]


async def test_every_refusal_is_a_sentence_and_changes_nothing(shop: Shop) -> None:
    subscriber = await shop.active()

    for asked, code, part in REFUSALS:
        found, sentence = await refusal(subscriber, asked)
        assert found == code
        assert part in sentence
        assert len(sentence) < 300

    assert await subscriber.refunds() == []


async def test_a_refused_update_leaves_no_event(subscriber: Subscriber) -> None:
    before = (await subscriber.handle.describe()).history_length

    await refusal(subscriber, replace(CHARGE, amount=eur("-1.00")))

    assert (await subscriber.handle.describe()).history_length == before


async def test_one_audit_reference_is_booked_once(subscriber: Subscriber) -> None:
    await subscriber.ask(CHARGE)

    code, _ = await refusal(subscriber, replace(CHARGE, amount=eur("10.00"), expected_version=2))

    assert code == "audit_reference_used"


async def test_an_amount_that_is_no_string_is_refused(subscriber: Subscriber) -> None:
    with pytest.raises(WorkflowUpdateFailedError):
        await subscriber.handle.execute_update(
            "adjust_charge", {"amount": {"amount": 39, "currency": "EUR"}}, id="malformed"
        )

    assert (await subscriber.ledger()).version == 1


async def test_a_skipped_period_runs_its_time_and_nothing_is_charged_for_it(shop: Shop) -> None:
    subscriber = await shop.active(period=Period(3, PeriodUnit.SECOND), max_billing_periods=3)

    planned = await subscriber.ask(replace(SKIP, dry_run=True))
    outcome = await subscriber.ask(SKIP)
    ledger = await subscriber.until(Phase.ENDED)

    assert (planned.before, planned.after, str(planned.difference)) == (
        "49.00 EUR",
        "0.00 EUR",
        "-49.00 EUR",
    )
    assert outcome.entry is not None
    assert (outcome.entry.kind, outcome.entry.billing_period) == (EntryKind.PERIOD_SKIP, 2)
    assert ledger.billing_period == 3
    assert await subscriber.charges() == ["49.00", "49.00"]
    assert str(ledger.charged) == "98.00 EUR"
    free = next(entry for entry in ledger.entries if entry.description == "Period 2 of 3, free")
    assert (str(free.amount), free.provider_reference) == ("0.00 EUR", "")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"billing_period": 1}, "period_begun"),
        ({"billing_period": 37}, "period_beyond_end"),
        ({"billing_period": -1}, "period_beyond_end"),
        ({"expected_version": 9}, "version_stale"),
        ({"expected_next": 1}, "period_moved"),
    ],
)
async def test_a_period_that_cannot_be_skipped_is_refused(
    subscriber: Subscriber, changes: dict[str, Any], code: str
) -> None:
    assert (await refusal(subscriber, replace(SKIP, **changes)))[0] == code


async def test_a_period_is_skipped_once(subscriber: Subscriber) -> None:
    await subscriber.ask(SKIP)

    again = replace(SKIP, audit_reference="audit-105", expected_version=2)
    only_it = replace(CHARGE, periods=1, expected_version=2)

    assert (await refusal(subscriber, again))[0] == "no_change"
    assert (await refusal(subscriber, only_it))[0] == "period_free"
