"""Looking a subscription up."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from temporalio.api.common.v1 import Payload, SearchAttributes

from examples.attributes import TYPES, add_missing
from tests.console.test_payloads import allow
from tests.support.billing import URL
from tests.support.eventually import eventually
from tests.support.names import Names
from tests.support.pages import words_in
from tests.support.programs import Program
from tests.support.scripted import Scripted
from tests.support.subscriptions import Subscriptions, providers_url, subscriptions

__all__ = ["providers_url", "subscriptions"]

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("examples")]

Browser = Callable[..., Client]


def test_a_subscription_is_found_by_its_customer_and_by_its_id(
    carol: User, browser_of: Browser, subscriptions: Subscriptions
) -> None:
    key = subscriptions.active()
    browser = browser_of(carol)

    for text in (subscriptions.customer_of(key), key.workflow_id, key.workflow_id[:-3]):
        page = eventually(
            lambda text=text: browser.get(URL, {"q": text}),  # type: ignore[misc]
            lambda page: key.workflow_id in page.text,
            within=20,
        )

    of_plan = browser.get(URL, {"q": "Pro", "due": "1"})

    assert "49.00 EUR" in words_in(page)
    assert "Brekkehus AS" in page.text
    assert key.workflow_id in of_plan.text, "it is charged within the hour"


def test_an_amount_that_no_float_holds_is_shown_to_the_cent(
    carol: User, browser_of: Browser, program: Program, worker: Scripted, names: Names
) -> None:
    exact = "9007199254740993.01"
    program.wait(add_missing(program.client))
    held = {"SubscriptionPhase": "active", "Currency": "EUR", "ChargeAmount": float(exact)}
    with_text = worker.start(
        names.workflow(), search_attributes=indexed_as(held | {"ChargeExact": exact})
    )
    without = worker.start(names.workflow(), search_attributes=indexed_as(held))

    texts = [
        words_in(
            eventually(
                lambda key=key: browser_of(carol).get(URL, {"q": key.workflow_id}),  # type: ignore[misc]
                lambda page, key=key: f"{key.run_id}/" in page.text,  # type: ignore[misc]
                within=20,
            )
        )
        for key in (with_text, without)
    ]

    assert "9,007,199,254,740,993.01 EUR" in texts[0]
    assert "≈ 9,007,199,254,740,994.00 EUR" in texts[1]


def indexed_as(values: dict[str, Any]) -> SearchAttributes:
    fields = {
        name: Payload(
            metadata={"encoding": b"json/plain", "type": TYPES[name].encode()},
            data=json.dumps(value).encode(),
        )
        for name, value in values.items()
    }
    return SearchAttributes(indexed_fields=fields)


def test_a_look_up_says_what_is_masked_and_finds_by_the_rest(
    carol: User, alice: User, browser_of: Browser, subscriptions: Subscriptions, settings: Any
) -> None:
    key = subscriptions.active()
    customer = subscriptions.customer_of(key)
    allow(settings, masked=dict.fromkeys(("CustomerId", "ChargeAmount", "DueAt"), "admin"))
    asked = [{"q": customer}, {"q": key.workflow_id}, {"q": key.workflow_id, "due": "1"}]
    eventually(
        lambda: browser_of(alice).get(URL, asked[0]),
        lambda page: key.workflow_id in page.text,
        within=20,
    )

    by_customer, by_id, by_time = [browser_of(carol).get(URL, one) for one in asked]

    unsought = "Not looked in, since masked for you: CustomerId."
    assert unsought in words_in(by_customer)
    assert key.workflow_id not in by_customer.text
    assert unsought in words_in(by_id)
    assert key.workflow_id in by_id.text
    assert customer not in by_id.text
    assert by_id.text.count("••••••") == 2, "no link leads to the customer"
    assert by_time.status_code == 200
    assert "DueAt is masked for you: you cannot search" in words_in(by_time)
    assert "None found" not in words_in(by_time)


def test_an_id_with_a_quote_does_not_reach_the_index(carol: User, browser_of: Browser) -> None:
    page = browser_of(carol).get(URL, {"q": "x' OR WorkflowId != 'y"})

    assert page.status_code == 422
    assert "An id has no quotes" in words_in(page)
