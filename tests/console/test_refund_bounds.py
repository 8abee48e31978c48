"""A viewer who may refund up to an amount: by the page, on a real subscription."""

from decimal import Decimal

import pytest
from django.contrib.auth.models import User

from console.access.models import Rule
from tests.console.test_billing import Browser, check, place
from tests.support.pages import words_in
from tests.support.subscriptions import Subscriptions, providers_url, subscriptions

__all__ = ["providers_url", "subscriptions"]

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("examples"), pytest.mark.one_server]


def test_a_viewer_refunds_up_to_what_they_may_and_not_a_cent_more(
    carol: User, browser_of: Browser, subscriptions: Subscriptions
) -> None:
    key = subscriptions.active()
    Rule.objects.create(
        person=carol, namespace="default", verb="billing.refund", may=True, up_to=Decimal(20),
        currency="EUR", reason="first line", given_by="Alice",
    )  # fmt: skip
    browser = browser_of(carol)
    asked = {"billing_period": "1", "amount": "20.01", "currency": "EUR", "reason": "asked for"}

    page = words_in(browser.get(place(key)))  # type: ignore[arg-type]
    too_much = check(browser, key, "refund/", asked)
    enough = check(browser, key, "refund/", asked | {"amount": "20.00"})

    assert "Refund" in page
    assert "Adjust amount" not in page
    assert too_much.status_code == 422
    assert "That is above what you may give back: 20 EUR." in words_in(too_much)
    assert enough.status_code == 200
    assert "Can be done" in words_in(enough)
    assert subscriptions.refunds(key) == []
