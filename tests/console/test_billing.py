"""A subscription, and adjusting it: form, preflight, reason, done."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.test import Client

from console.audit.models import AuditEntry
from console.billing import looking, reading
from console.gateway import histories, workflows
from console.gateway.channel import GatewayError, Trouble
from console.gateway.runs import RunKey
from console.gateway.steering import Outcome
from examples.subscription.workflow import Subscription
from tests.support.billing import CHARGE, REASON, URL, check, hidden, limit, place, seal_of
from tests.support.eventually import eventually
from tests.support.names import Names
from tests.support.pages import htmx, words_in
from tests.support.programs import Program, working
from tests.support.subscriptions import Subscriptions, providers_url, subscriptions

__all__ = ["providers_url", "subscriptions"]

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("examples")]

Browser = Callable[..., Client]


def updates_of(key: RunKey) -> int:
    kinds = [event.kind for event in histories.forward(key).events]
    return kinds.count("WorkflowExecutionUpdateAccepted")


def test_the_page_shows_terms_the_next_charge_the_ledger_and_all_periods(
    carol: User, browser_of: Browser, subscriptions: Subscriptions
) -> None:
    key = subscriptions.aged(4)

    page = browser_of(carol).get(place(key))
    says = words_in(page)
    soon = browser_of(carol).get(URL, {"q": key.workflow_id, "due": "1"})

    assert "None found" in words_in(soon), "its next charge is in 29 days"
    assert "4 of 36" in says
    assert "49.00 EUR" in says
    assert says.count("Booked") == 4
    assert page.text.count('class="period-ahead"') == 33
    assert "36 periods: 4 charged, 32 ahead" in page.text
    assert "Adjust amount" not in says


def test_an_amount_is_adjusted_from_form_to_ledger_and_everything_points_at_everything(
    bob: User, browser_of: Browser, subscriptions: Subscriptions
) -> None:
    key = subscriptions.active()
    browser = browser_of(bob)

    checked = check(browser, key, "adjust-charge/", CHARGE)
    seen_in_between = subscriptions.ledger(key)
    done = browser.post(place(key, "adjust-charge/"), seal_of(checked, CHARGE), headers=htmx("act"))
    page = browser.get(done["HX-Redirect"])

    assert "Can be done" in words_in(checked)
    assert "In all with those after period" in words_in(checked), "there are more than are shown"
    assert "49.00 EUR → 39.00 EUR" in words_in(checked)
    assert (seen_in_between.version, seen_in_between.terms.charge.amount) == (1, "49.00")
    ledger = subscriptions.ledger(key)
    assert (ledger.version, ledger.terms.charge.amount) == (2, "39.00")
    entry = ledger.entries[-1]
    audit = AuditEntry.objects.get(verb="billing.adjust")
    assert (entry.actor, entry.reason, entry.audit_reference) == ("Bob", REASON, str(audit.id))
    assert (audit.before, audit.outcome.after) == ({"charge": "49.00 EUR"}, {"charge": "39.00 EUR"})
    assert (audit.outcome.result, audit.reason) == ("done", REASON)
    event = histories.update_event_id(key, str(audit.id))
    assert event is not None
    assert audit.outcome.event_id == event
    assert f"events/?event={event}" in page.text
    assert "Adjust charge amount: done, 49.00 EUR → 39.00 EUR." in words_in(page)
    eventually(
        lambda: workflows.find("default", f"WorkflowId = '{key.workflow_id}'", 1).runs[0],
        lambda run: run.attributes["ChargeAmount"] == 39.0,
        within=20,
    )


def test_only_the_next_charges_are_adjusted_when_that_was_asked(
    bob: User, browser_of: Browser, subscriptions: Subscriptions
) -> None:
    key = subscriptions.active()
    given = CHARGE | {"periods": "3"}
    browser = browser_of(bob)

    checked = check(browser, key, "adjust-charge/", given)
    browser.post(place(key, "adjust-charge/"), seal_of(checked, given))

    terms = subscriptions.ledger(key).terms
    assert "−30.00" in words_in(checked)
    assert (terms.charge.amount, str(terms.temporary_charge)) == ("49.00", "39.00 EUR")
    assert terms.temporary_through == 4


def test_a_period_is_adjusted(bob: User, browser_of: Browser, subscriptions: Subscriptions) -> None:
    key = subscriptions.active()
    given = {"count": "2", "unit": "month", "reason": REASON}
    browser = browser_of(bob)

    checked = check(browser, key, "adjust-period/", given)
    browser.post(place(key, "adjust-period/"), seal_of(checked, given))

    assert str(subscriptions.ledger(key).terms.period) == "every 2 months"
    audit = AuditEntry.objects.get(verb="billing.adjust")
    assert audit.before == {"period": "every 3600 seconds"}
    assert audit.outcome.after == {"period": "every 2 months"}


def test_a_charge_is_refunded_once(
    bob: User, browser_of: Browser, subscriptions: Subscriptions
) -> None:
    key = subscriptions.active()
    given = {"billing_period": "1", "amount": "12.50", "currency": "EUR", "reason": "outage"}
    browser = browser_of(bob)

    checked = check(browser, key, "refund/", given)
    sealed = seal_of(checked, given)
    browser.post(place(key, "refund/"), sealed)
    twice = browser.post(place(key, "refund/"), sealed)

    assert subscriptions.refunds(key) == ["12.50"]
    assert str(subscriptions.ledger(key).refunded) == "12.50 EUR"
    assert twice.status_code == 422
    results = AuditEntry.objects.order_by("at").values_list("outcome__result", flat=True)
    assert list(results) == ["done", "refused"]


def test_a_period_is_skipped(bob: User, browser_of: Browser, subscriptions: Subscriptions) -> None:
    key = subscriptions.active()
    given = {"billing_period": "2", "reason": REASON}
    browser = browser_of(bob)

    begun = check(browser, key, "skip-period/", given | {"billing_period": "1"})
    checked = check(browser, key, "skip-period/", given)
    done = browser.post(place(key, "skip-period/"), seal_of(checked, given))
    page = browser.get(place(key))

    assert begun.status_code == 422
    assert "49.00 EUR → 0.00 EUR" in words_in(checked)
    assert done.status_code == 303
    assert subscriptions.ledger(key).terms.skipped == [2]
    audit = AuditEntry.objects.get(verb="billing.adjust")
    assert audit.before == {"charge of period 2": "49.00 EUR"}
    assert audit.outcome.after == {"charge of period 2": "0.00 EUR"}
    assert "Skip" in words_in(page)
    assert page.text.count('class="period-free"') == 2, "in the drawing, and in its key"


@pytest.mark.one_server
def test_what_is_beyond_a_limit_is_not_applied_also_when_it_is_sent_all_the_same(
    alice: User, bob: User, browser_of: Browser, subscriptions: Subscriptions
) -> None:
    limit("refund", "10.00")
    key = subscriptions.active()
    given = {"billing_period": "1", "amount": "12.50", "currency": "EUR", "reason": "outage"}
    browser = browser_of(bob)

    checked = check(browser, key, "refund/", given)
    sent = browser.post(place(key, "refund/"), seal_of(checked, given), headers=htmx("act"))
    by_admin = check(browser_of(alice), key, "refund/", given)
    small = check(browser, key, "refund/", given | {"amount": "10.00"})

    says = "12.50 EUR is above the 10.00 EUR that operators may move alone by one refund."
    assert says in words_in(checked)
    assert 'value="apply"' not in checked.text
    assert says in words_in(sent)
    assert subscriptions.refunds(key) == []
    assert AuditEntry.objects.get().outcome.says == says
    assert 'value="apply"' in by_admin.text, "admins have no limit here"
    assert 'value="apply"' in small.text


@pytest.mark.one_server
def test_a_limit_in_one_currency_lets_no_other_one_pass(
    bob: User, browser_of: Browser, subscriptions: Subscriptions
) -> None:
    limit("adjustment", "1000000.00", "NOK")
    key = subscriptions.active()

    checked = check(browser_of(bob), key, "adjust-charge/", CHARGE)

    assert "No limit in EUR is set for operators and one adjustment." in words_in(checked)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"amount": "-5.00"}, "may not be negative"),
        ({"amount": "forty"}, "is not an amount"),
        ({"amount": "NaN"}, "is not an amount"),
        ({"amount": "1e9"}, "is not an amount"),
        ({"amount": "1000000.01"}, "may not be above 1,000,000 EUR"),
        ({"amount": "39.001"}, "EUR has 2 decimals at most"),
        ({"amount": ""}, "required"),
        ({"currency": "USD"}, "charged in EUR, not in USD"),
        ({"currency": "ZZZ"}, "not a currency we charge in"),
        ({"amount": "49.00"}, "The charge is 49.00 EUR already"),
        ({"reason": ""}, "required"),
        ({"periods": "99"}, "Select a valid choice"),
    ],
)
def test_what_cannot_be_is_refused_beside_its_field_and_nothing_is_written(
    bob: User,
    browser_of: Browser,
    subscriptions: Subscriptions,
    given: dict[str, str],
    says: str,
) -> None:
    key = subscriptions.active()

    part = check(browser_of(bob), key, "adjust-charge/", CHARGE | given)

    assert part.status_code == 422
    assert "<html" not in part.text
    assert says in words_in(part)
    assert "Can be done" not in words_in(part)
    assert updates_of(key) == 0
    assert not AuditEntry.objects.exists()


def test_a_refund_beyond_the_charge_is_refused_by_the_subscription_itself(
    bob: User, browser_of: Browser, subscriptions: Subscriptions
) -> None:
    key = subscriptions.active()
    given = {"billing_period": "1", "amount": "49.01", "currency": "EUR", "reason": "outage"}

    part = check(browser_of(bob), key, "refund/", given)

    assert part.status_code == 422
    assert "of which 49.00 EUR can still be refunded" in words_in(part)
    assert subscriptions.refunds(key) == []


def test_of_two_people_adjusting_at_once_the_second_is_told_what_changed(
    alice: User, bob: User, browser_of: Browser, subscriptions: Subscriptions
) -> None:
    key = subscriptions.active()
    first, second = browser_of(alice), browser_of(bob)
    cheaper = CHARGE | {"amount": "29.00"}
    by_alice = check(first, key, "adjust-charge/", CHARGE)
    by_bob = check(second, key, "adjust-charge/", cheaper)

    first.post(place(key, "adjust-charge/"), seal_of(by_alice, CHARGE))
    refused = second.post(
        place(key, "adjust-charge/"), seal_of(by_bob, cheaper), headers=htmx("act")
    )
    again = second.post(
        place(key, "adjust-charge/"),
        cheaper | {"version": hidden(refused, "version"), "step": "check"},
        headers=htmx("act"),
    )

    assert refused.status_code == 422
    assert "Alice changed the charge from 49.00 EUR to 39.00 EUR" in words_in(refused)
    assert subscriptions.ledger(key).terms.charge.amount == "39.00"
    assert "39.00 EUR → 29.00 EUR" in words_in(again)
    results = AuditEntry.objects.order_by("at").values_list("outcome__result", flat=True)
    assert list(results) == ["done", "refused"]


def test_a_run_that_ended_a_moment_ago_is_not_changed(
    bob: User, browser_of: Browser, subscriptions: Subscriptions
) -> None:
    key = subscriptions.active()
    browser = browser_of(bob)
    checked = check(browser, key, "adjust-charge/", CHARGE)

    subscriptions.terminate(key)
    answer = browser.post(
        place(key, "adjust-charge/"), seal_of(checked, CHARGE), headers=htmx("act")
    )

    assert answer.status_code == 409
    assert "This run has ended meanwhile (terminated)" in words_in(answer)
    assert AuditEntry.objects.get().outcome.result == "refused"


def test_what_was_changed_after_the_check_is_checked_again_and_not_applied(
    bob: User, browser_of: Browser, subscriptions: Subscriptions
) -> None:
    key = subscriptions.active()
    browser = browser_of(bob)
    checked = check(browser, key, "adjust-charge/", CHARGE)

    other = seal_of(checked, CHARGE | {"amount": "1.00"})
    answer = browser.post(place(key, "adjust-charge/"), other, headers=htmx("act"))
    forged = browser.post(
        place(key, "adjust-charge/"), other | {"checked": "made up"}, headers=htmx("act")
    )

    assert "49.00 EUR → 1.00 EUR" in words_in(answer)
    assert "Can be done" in words_in(forged)
    assert subscriptions.ledger(key).version == 1
    assert not AuditEntry.objects.exists()


def test_a_run_that_went_on_leads_to_the_one_that_goes_on(
    bob: User, browser_of: Browser, subscriptions: Subscriptions
) -> None:
    key = subscriptions.new(periods_per_run=2, max_billing_periods=4)
    eventually(
        lambda: workflows.describe(key).summary.status,
        lambda status: status == "ContinuedAsNew",
        within=30,
    )

    answer = browser_of(bob).get(place(key))

    assert answer.status_code == 303
    assert key.workflow_id in answer["Location"]
    assert key.run_id not in answer["Location"]


def test_without_a_worker_the_page_says_so_and_the_rest_comes_by_itself_once_one_answers(
    bob: User, browser_of: Browser, program: Program, subscriptions: Subscriptions,
    names: Names, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(looking, "WAIT_SECONDS", looking.LOOK_SECONDS)
    order, queue, browser = subscriptions.shop.order(), names.queue(), browser_of(bob)
    key = program.start("Subscription", order.subscription_id, queue, order)

    page = browser.get(place(key))
    in_vain = browser.get(place(key), headers=htmx("subscription"))
    with working(program, queue, [Subscription]):
        monkeypatch.setattr(looking, "WAIT_SECONDS", 20.0)
        come = browser.get(place(key), headers=htmx("subscription"))

    assert page.status_code == 200
    assert "does not answer, so its ledger cannot be shown" in words_in(page)
    assert f'hx-get="{place(key)}"' in page.text
    assert "Adjust amount…" not in words_in(page)
    assert in_vain.status_code == 204
    assert "<html" not in come.text
    assert "Adjust amount…" in words_in(come)
    assert f'hx-get="{place(key)}"' not in come.text


def test_the_wrong_method_person_or_token_changes_nothing(
    bob: User, carol: User, browser_of: Browser, subscriptions: Subscriptions
) -> None:
    key = subscriptions.active()

    for act in ("adjust-charge/", "adjust-period/", "skip-period/", "refund/"):
        assert browser_of(carol).get(place(key, act)).status_code == 403
        assert browser_of(carol).post(place(key, act), CHARGE).status_code == 403
        assert browser_of(bob, csrf=True).post(place(key, act), CHARGE).status_code == 403
        assert browser_of(bob).put(place(key, act)).status_code == 405
    assert browser_of(None).get(place(key)).status_code in {302, 303}
    assert browser_of(bob).get(place(key, "adjust-charge/")).text.count("<html") == 1
    assert updates_of(key) == 0


def test_an_update_without_an_answer_is_not_taken_for_a_refusal() -> None:
    """The server answers so when its patience ends before the subscription's."""
    with pytest.raises(GatewayError) as slow:
        reading.outcome(Outcome(values=(), failure=None, done=False))

    assert slow.value.trouble is Trouble.SLOW
