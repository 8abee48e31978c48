"""The billing forms as a person fills them in, and the worker that approves and carries out."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from console.billing import worker
from console.billing.models import Limit
from console.gateway.runs import RunKey
from tests.support.bulk_workers import REPOSITORY, database_url
from tests.support.eventually import eventually
from tests.support.pages import htmx

URL = "/namespaces/default/billing/"
REASON = "migration credit, agreed by mail on 20 Nov"
CHARGE = {"amount": "39.00", "currency": "EUR", "periods": "0", "reason": REASON}
REFUND = {"billing_period": "1", "amount": "12.50", "currency": "EUR", "reason": "outage"}
QUEUE = "billing-of-the-tests"


def place(key: RunKey, act: str = "") -> str:
    return f"{URL}{key.workflow_id}/{key.run_id}/{act}"


def hidden(page: Any, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', page.text)
    assert found, f"the form has no {name}"
    return found[1]


def check(browser: Client, key: RunKey, act: str, given: dict[str, str]) -> Any:
    """Opens the form and checks it, as a person would."""
    form = browser.get(place(key, act), headers=htmx("act"))
    given = {"version": hidden(form, "version"), "step": "check", **given}
    return browser.post(place(key, act), given, headers=htmx("act"))


def seal_of(checked: Any, given: dict[str, str], step: str = "apply") -> dict[str, str]:
    names = {name: hidden(checked, name) for name in ("version", "checked")}
    return names | given | {"step": step}


def limit(about: str, amount: str, currency: str = "EUR", role: str = "operator") -> None:
    Limit.objects.create(
        namespace="default", role=role, about=about, currency=currency, amount=amount
    )


def start_worker(address: str) -> subprocess.Popen[bytes]:
    own = {
        "DATABASE_URL": database_url(),
        "PERDURE_SECRET_KEY": settings.SECRET_KEY,
        "ENGINE_ADDRESS": address,
        "BILLING_TASK_QUEUE": QUEUE,
        "DJANGO_SETTINGS_MODULE": "console.settings",
    }
    return subprocess.Popen(
        [sys.executable, "manage.py", "billing_worker"],
        cwd=REPOSITORY,
        env=os.environ | own,  # noqa: TID251  a real process gets a real environment
        stdout=subprocess.DEVNULL,
    )


class BillingWorker:
    """The process, that can be killed and started again."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._process = start_worker(address)

    def await_polling(self) -> None:
        eventually(lambda: not worker.is_away(), within=60, every=0.2)

    def kill(self) -> None:
        self._process.send_signal(signal.SIGKILL)
        self._process.wait(20)

    def start(self) -> None:
        self._process = start_worker(self._address)

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(30)


@pytest.fixture(scope="session")
def billing_process(django_db_setup: None, server_address: str) -> Iterator[BillingWorker]:
    """One for all tests on a server."""
    made = BillingWorker(server_address)
    yield made
    made.stop()


@pytest.fixture
def billing_worker(
    transactional_db: None, billing_process: BillingWorker, engine: str, settings: Any
) -> BillingWorker:
    settings.BILLING_TASK_QUEUE = QUEUE
    billing_process.await_polling()
    return billing_process
