"""The providers themselves: once per key, across restarts, with switches over HTTP."""

import asyncio
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from examples.config import ConfigError, ExamplesConfig
from examples.providers.server import PortTaken, serving

CHARGE = {
    "key": "sub_1/period-1/attempt-1",
    "customer_id": "cus_1",
    "card": "4207",
    "amount": "49.00",
    "currency": "EUR",
    "description": "Pro, period 1",
}


async def ask(url: str, method: str, path: str, body: Any = None) -> tuple[int, Any]:
    async with (
        aiohttp.ClientSession() as session,
        session.request(method, url + path, json=body) as answer,
    ):
        is_json = answer.content_type == "application/json"
        return answer.status, await answer.json() if is_json else await answer.text()


async def test_a_key_charges_once_also_after_a_restart(providers_file: Path) -> None:
    async with serving(providers_file) as url:
        first = await ask(url, "POST", "/payments/charges", CHARGE)
    async with serving(providers_file) as url:
        again = await ask(url, "POST", "/payments/charges", CHARGE)
        _, charges = await ask(url, "GET", "/payments/charges?customer_id=cus_1")

    assert first == again
    assert first[0] == 201
    assert [charge["payment_id"] for charge in charges] == [first[1]["payment_id"]]


async def test_a_repeated_key_keeps_the_first_amount(providers_file: Path) -> None:
    async with serving(providers_file) as url:
        await ask(url, "POST", "/payments/charges", CHARGE)
        _, again = await ask(url, "POST", "/payments/charges", {**CHARGE, "amount": "39.00"})

    assert again["amount"] == "49.00"


async def test_many_requests_with_one_key_at_once_charge_once(providers_file: Path) -> None:
    async with serving(providers_file) as url, serving(providers_file) as other:
        urls = [url, other] * 10
        await asyncio.gather(*(ask(at, "POST", "/payments/charges", CHARGE) for at in urls))
        _, charges = await ask(url, "GET", "/payments/charges?customer_id=cus_1")

    assert len(charges) == 1


async def test_a_barred_key_never_charges(providers_file: Path) -> None:
    async with serving(providers_file) as url:
        _, barred = await ask(url, "POST", "/payments/bar", CHARGE)
        status, refusal = await ask(url, "POST", "/payments/charges", CHARGE)

    assert barred == {"done": False}
    assert (status, refusal["type"]) == (422, "KeyBarred")


async def test_barring_a_key_that_charged_says_so(providers_file: Path) -> None:
    async with serving(providers_file) as url:
        _, charged = await ask(url, "POST", "/payments/charges", CHARGE)
        _, barred = await ask(url, "POST", "/payments/bar", CHARGE)

    assert barred == {"done": True, **charged}


async def test_an_outage_is_switched_on_and_off_for_everybody(providers_file: Path) -> None:
    async with serving(providers_file) as url:
        await ask(url, "PUT", "/control/payments", {"mode": "outage"})
        down, _ = await ask(url, "POST", "/payments/charges", CHARGE)
        _, switches = await ask(url, "GET", "/control")
        await ask(url, "DELETE", "/control/payments")
        up, _ = await ask(url, "POST", "/payments/charges", CHARGE)

    assert (down, up) == (503, 201)
    assert switches == [{"provider": "payments", "subject": "", "mode": "outage"}]


async def test_an_outage_for_one_customer_leaves_the_others_alone(providers_file: Path) -> None:
    async with serving(providers_file) as url:
        await ask(url, "PUT", "/control/payments", {"mode": "outage", "subject": "cus_1"})
        one, _ = await ask(url, "POST", "/payments/charges", CHARGE)
        other = {**CHARGE, "key": "other", "customer_id": "cus_2"}
        two, _ = await ask(url, "POST", "/payments/charges", other)

    assert (one, two) == (503, 201)


async def test_normal_lets_a_bad_card_pass(providers_file: Path) -> None:
    async with serving(providers_file) as url:
        await ask(url, "PUT", "/control/payments", {"mode": "normal", "subject": "cus_1"})
        status, _ = await ask(url, "POST", "/payments/charges", {**CHARGE, "card": "0119"})

    assert status == 201


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/control/payments", {"mode": "broken"}, 400),
        ("/control/telephone", {"mode": "outage"}, 404),
    ],
)
async def test_a_switch_that_does_not_exist_is_refused(
    providers_file: Path, path: str, body: Any, status: int
) -> None:
    async with serving(providers_file) as url:
        found, sentence = await ask(url, "PUT", path, body)

    assert found == status
    assert "one of" in sentence or "The providers are" in sentence


async def test_a_port_that_is_taken_is_said_in_one_line(providers_file: Path) -> None:
    async with serving(providers_file) as url:
        port = int(url.rpartition(":")[2])
        with pytest.raises(PortTaken, match="set PROVIDERS_PORT to a free one"):
            async with serving(providers_file, port):
                pass


def test_a_port_that_is_no_number_is_refused_by_name() -> None:
    with pytest.raises(ConfigError, match="PROVIDERS_PORT"):
        ExamplesConfig.from_environment({"PROVIDERS_PORT": "many"})
