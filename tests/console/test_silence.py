"""No log line and no address holds what is sensitive: payloads, masked attributes, customers.

What a person searches for stands in the query of an address, so a line with addresses has none.
"""

import json
import logging
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from gunicorn.config import Config
from gunicorn.glogging import Logger

from console.gateway import histories
from console.gateway.payloads import Place
from console.gateway.runs import RunKey
from tests.console.conftest import NAMESPACE
from tests.console.test_masks import CARD, IBAN, MASKED, held
from tests.console.test_payloads import allow
from tests.console.test_run import url
from tests.support.pages import htmx
from tests.support.programs import Program, running

__all__ = ["held"]

Browser = Callable[..., Client]
HOME = f"/namespaces/{NAMESPACE}/"
CUSTOMER, AMOUNT = "C-5550-1777", "1717.17"
SECRETS = (IBAN, CARD, CUSTOMER, AMOUNT)
ORDER = json.dumps({"customer": CUSTOMER, "card": CARD, "amount": AMOUNT, "count": 1})


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture) -> Callable[[], str]:
    """All that was logged, with the tracebacks; at least something was."""
    caplog.set_level(logging.INFO)

    def said() -> str:
        assert caplog.records, "nothing was logged"
        text: str = caplog.text
        return text

    return said


def searches(key: RunKey) -> list[tuple[str, dict[str, str]]]:
    by_attribute = f"HolderIban = '{IBAN}'"
    return [
        (f"{HOME}runs/", {"q": by_attribute}),
        (f"{HOME}runs/", {"q": f"{by_attribute} AND AND '{CUSTOMER}'"}),
        (f"{HOME}runs/summary/", {"q": by_attribute}),
        (f"{HOME}runs/offers/", {"q": by_attribute[:-1]}),
        (f"{HOME}runs/go-to/", {"id": f"{CUSTOMER}\0"}),
        (f"{HOME}runs/nowhere/", {"q": CUSTOMER}),
        (f"{HOME}nowhere/", {"q": CUSTOMER}),
        ("/people/", {"q": CUSTOMER}),
        (f"{HOME}billing/", {"q": CUSTOMER}),
        (f"{HOME}incidents/", {"text": CUSTOMER}),
        (f"{HOME}overview/", {"q": by_attribute}),
        (f"{HOME}exports/new/", {"q": by_attribute}),
        (url(key, "events"), {"text": CUSTOMER, "event": CARD}),
        (url(key, "payload", Place("memo", "card")), {"from": CARD}),
    ]


def acts(key: RunKey) -> list[tuple[str, dict[str, str]]]:
    booked = {"step": "send", "reason": "asked for", "argument": ORDER}
    return [
        (url(key, "signal"), {"name": "go", "argument": ORDER, "reason": "asked for"}),
        (url(key, "signal"), {"name": "go", "argument": ORDER[:-1], "reason": "asked for"}),
        (url(key, "query"), {"name": "state", "argument": ORDER}),
        (reverse("actions:update", args=[*place(key), "book"]), booked),
        (reverse("actions:update", args=[*place(key), "adjust"]), booked | {"argument": AMOUNT}),
        (url(key, "reveal", Place("memo", "card")), {"reason": "the bank asks"}),
        (f"{HOME}bulk/plan/", {"verb": "signal", "query": f"HolderIban = '{IBAN}' AND"}),
        (f"{HOME}start/", {"workflow_id": "", "arguments": ORDER, "reason": "once more"}),
        (f"{HOME}histories/", {"file": ORDER}),
    ]


def place(key: RunKey) -> list[str]:
    return [key.namespace, key.workflow_id, key.run_id]


def test_what_is_searched_for_and_sent_is_in_no_log_line_and_no_address(
    bob: User,
    carol: User,
    browser_of: Browser,
    held: RunKey,
    program: Program,
    settings: Any,
    lines: Callable[[], str],
) -> None:
    allow(settings, masked=MASKED)
    answers: list[Any] = []
    queue = histories.forward(held).events[0].attributes.task_queue.name

    with running(program, queue):
        for browser in (browser_of(bob), browser_of(carol)):
            answers += [browser.post(*one, headers=htmx()) for one in acts(held)]
            answers += [browser.get(*one) for one in searches(held)]
    settings.ENGINE_ADDRESS = "127.0.0.1:1"
    away = browser_of(bob)
    answers += [away.post(*one, headers=htmx()) for one in acts(held)]
    answers += [away.get(*one) for one in searches(held)]

    assert {200, 403, 404, 422, 503} <= {one.status_code for one in answers}
    assert [one for one in SECRETS if one in lines()] == []
    sent = [answers[number] for number in range(len(acts(held)))]
    leads = [
        str(one.headers.get(name, ""))
        for one in sent
        for name in ("Location", "HX-Redirect", "HX-Push-Url", "HX-Location")
    ]
    assert not any(secret in lead for lead in leads for secret in SECRETS)


def test_an_access_log_that_somebody_asks_for_has_neither_query_nor_referer() -> None:
    config = Config()
    given: dict[str, Any] = {}
    exec(Path("gunicorn.conf.py").read_text(), given)
    config.set("access_log_format", given["access_log_format"])
    config.set("accesslog", "-")
    query = f"q=CustomerId = '{CUSTOMER}'"
    environ = {
        "REQUEST_METHOD": "GET", "PATH_INFO": f"{HOME}runs/", "QUERY_STRING": query,
        "RAW_URI": f"{HOME}runs/?{query}", "SERVER_PROTOCOL": "HTTP/1.1",
        "HTTP_REFERER": f"https://console/?{query}", "REMOTE_ADDR": "10.0.0.1",
    }  # fmt: skip
    answer = SimpleNamespace(status="200 OK", sent=512, headers=[])
    request = SimpleNamespace(headers=[("REFERER", environ["HTTP_REFERER"])])

    atoms = Logger(config).atoms(answer, request, environ, timedelta(seconds=1))
    line = config.access_log_format % atoms

    assert line.startswith("10.0.0.1 ")
    assert f'"GET {HOME}runs/ HTTP/1.1" 200 512' in line
    assert CUSTOMER not in line
