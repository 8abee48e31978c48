"""Cohorts of subscriptions: some that no other test has, and what a person does to them."""

from dataclasses import dataclass
from typing import Any

import pytest
from django.test import Client

from console.billing.contract import Money
from console.billing.models import Cohort
from console.gateway.runs import RunKey
from examples.subscription.model import Plan
from tests.console.conftest import indexed
from tests.support.billing import URL
from tests.support.eventually import eventually
from tests.support.names import Names
from tests.support.pages import words_in
from tests.support.subscriptions import Subscriptions

Stage = Cohort.Stage
ADD = {"amount": "2.00", "currency": "EUR", "periods": "0", "reason": "new price list"}
AT_ONCE = {"canary": 0, "rate": 50, "errors_percent_max": 100}


@dataclass
class Customers:
    """Subscriptions of one plan that no other test has."""

    subscriptions: Subscriptions
    plan: str

    @property
    def query(self) -> str:
        return f"Plan = '{self.plan}'"

    def some(self, how_many: int, currency: str = "EUR", price: str = "24.50") -> list[RunKey]:
        """Of two seats each, 36 periods of 30 days, three of them charged."""
        plan = Plan(self.plan, 2, Money(price, currency))
        made = [self.subscriptions.aged(3, plan=plan) for _ in range(how_many)]
        indexed(f"{self.query} AND BillingPeriod = 3 AND Currency = '{currency}'", how_many)
        return made


@pytest.fixture
def customers(subscriptions: Subscriptions, names: Names) -> Customers:
    return Customers(subscriptions, names.queue())


def freeze(browser: Client, change: str, given: dict[str, str]) -> Cohort:
    answer = browser.post(f"{URL}cohorts/new/?change={change}", given)
    assert answer.status_code == 303, words_in(answer)
    return await_stage(Cohort.objects.latest("pk"), Stage.WEIGHED)


def await_stage(cohort: Cohort, stage: str, within: float = 30) -> Cohort:
    def look() -> Cohort:
        cohort.refresh_from_db()
        return cohort

    return eventually(look, lambda it: it.stage == stage, within=within)


def act(browser: Client, cohort: Cohort, what: str, **how: int) -> Any:
    return browser.post(f"{URL}cohorts/{cohort.pk}/{what}/", AT_ONCE | how)


def states(cohort: Cohort) -> dict[str, int]:
    found: dict[str, int] = {}
    for state in cohort.members.values_list("state", flat=True):
        found[state] = found.get(state, 0) + 1
    return found
