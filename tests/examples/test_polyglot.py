"""A payment goes from bank to bank; each bank's worker is written in another language.

`make polyglot` runs it: to fetch and compile it all takes minutes, the first time. It is left out
where a language's tools or packages are not to be had.
"""

import asyncio
import json
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import Client, WorkflowFailureError, WorkflowHandle
from temporalio.exceptions import ActivityError, ApplicationError, ChildWorkflowError

from examples.polyglot.toolchains import HERE, HOUSES, House, NotToBeHad
from tests.support.engine import Server
from tests.support.eventually import eventually_async
from tests.support.houses import (
    Houses,
    activity_pids,
    objects_in,
    objects_of,
    running,
    sdk_of,
    story,
    workflow_pids,
)
from tests.support.names import Names

pytestmark = [pytest.mark.slow, pytest.mark.polyglot, pytest.mark.timeout(300)]

Route = tuple[str, ...]

#: Every language is the parent of every other in one of them.
ROUTES: tuple[Route, ...] = (
    ("python", "go", "typescript", "java"),
    ("go", "java", "python", "typescript"),
    ("java", "typescript", "go", "python"),
    ("typescript", "python", "java", "go"),
)
CONTRACT = json.loads((HERE / "contract.json").read_text())
HAS_SERVICE = {house["activity"]: language for language, house in CONTRACT["houses"].items()}
#: What 1,250 euros are.
ARRIVES = {"python": 1_468_750, "go": 107_500, "java": 125_000, "typescript": 136_250}
#: A worker is a process of its own, and a compiler is in some of them.
STARTED_WITHIN = 40.0
STOPPED = {"python": 0, "go": 0, "java": 143, "typescript": 0}


@pytest.fixture(scope="module")
def built() -> None:
    with ThreadPoolExecutor() as threads:
        try:
            list(threads.map(House.prepare, HOUSES))
        except NotToBeHad as lacking:
            pytest.skip(str(lacking))


@pytest.fixture(scope="module")
def houses(
    built: None, server: Server, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Houses]:
    with running(server.address, tmp_path_factory.mktemp("houses")) as houses:
        yield houses


class Payments:
    def __init__(self, server: Server, client: Client, number: str) -> None:
        self.server = server
        self.client = client
        self.number = number

    async def send(self, route: Route, payee: str = "Nordlys AS") -> WorkflowHandle[Any, Any]:
        """From the first bank of the route to its last."""
        first, *others = route
        sent = {"id": self.number, "payee": payee, "amount": 125_000, "currency": "EUR"}
        return await self.client.start_workflow(
            CONTRACT["workflow"],
            {**sent, "route": others},
            id=f"{self.number}/{first}",
            task_queue=CONTRACT["houses"][first]["task_queue"],
        )

    async def history(self, bank: str) -> list[HistoryEvent]:
        run = WorkflowExecution(workflow_id=f"{self.number}/{bank}")
        return await self.server.history(run)

    async def story(self, bank: str) -> list[str]:
        return story(await self.history(bank))

    async def asked_of(self, bank: str, last: str) -> None:
        """Until that is what the bank asked last."""
        await eventually_async(
            lambda: self.story(bank), lambda seen: seen[-1] == last, within=STARTED_WITHIN
        )


@pytest.fixture
async def payments(server: Server, names: Names) -> Payments:
    client = await Client.connect(server.address)
    return Payments(server, client, names.workflow("payment"))


def story_of(bank: str, onward: str | None) -> list[str]:
    return [
        f"ForwardPayment at payments-{bank}",
        "ScreenParty at payments-java",
        "QuoteRate at payments-go",
        *([f"child ForwardPayment at payments-{onward}"] if onward else []),
        "book_payment at payments-python",
        "sendReceipt at payments-typescript",
    ]


def shapes(objects: Iterable[dict[str, Any]]) -> set[tuple[tuple[str, type], ...]]:
    """Which fields they have, and what is in them."""
    return {tuple(sorted((name, type(value)) for name, value in it.items())) for it in objects}


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route[0])
async def test_a_payment_goes_through_banks_of_every_language(
    payments: Payments, houses: Houses, route: Route
) -> None:
    last = route[-1]
    outcome = await (await payments.send(route)).result()

    assert [hop["bank"] for hop in outcome["hops"]] == list(route)
    assert outcome["amount"] == ARRIVES[last]
    assert outcome["currency"] == CONTRACT["houses"][last]["currency"]
    agreed = shapes(objects_of(CONTRACT["examples"]))
    for bank, onward in zip(route, (*route[1:], None), strict=True):
        events = await payments.history(bank)
        assert story(events) == story_of(bank, onward)
        assert shapes(objects_in(events)) <= agreed
        assert sdk_of(events) == f"temporal-{bank}"
        assert workflow_pids(events) == {houses.pids[bank][-1]}
        assert activity_pids(events) == {
            activity: houses.pids[language][-1] for activity, language in HAS_SERVICE.items()
        }


@pytest.mark.parametrize(
    ("route", "payee"),
    [
        (("java", "typescript", "go", "python"), "Frost Trading"),
        (("typescript", "python", "go"), "Harbour Holdings"),
    ],
    ids=["by way of java, typescript and go", "by way of typescript and python"],
)
async def test_a_refusal_comes_back_through_banks_of_every_language(
    payments: Payments, houses: Houses, route: Route, payee: str
) -> None:
    sent = await payments.send(route, payee)

    with pytest.raises(WorkflowFailureError) as refused:
        await sent.result()

    cause = refused.value.cause
    for bank in route[1:]:
        assert isinstance(cause, ChildWorkflowError)
        assert cause.workflow_id == f"{payments.number}/{bank}"
        cause = cause.cause
    assert isinstance(cause, ActivityError)
    assert cause.activity_type == "ScreenParty"
    assert isinstance(cause.cause, ApplicationError)
    assert cause.cause.type == "Sanctioned"
    assert cause.cause.non_retryable
    assert cause.cause.message == f"{payee} is on the list of {route[-1]}"
    for bank in route:
        assert "book_payment at payments-python" not in await payments.story(bank)


async def test_a_worker_of_each_language_is_killed_in_the_middle_and_the_next_one_goes_on(
    payments: Payments, houses: Houses
) -> None:
    others = ("python", "go", "typescript")

    # No Java: nobody is screened. Then no Go: no rates.
    houses.kill("java")
    sent = {bank: await payments.send((bank,)) for bank in others}
    for bank in others:
        await payments.asked_of(bank, "ScreenParty at payments-java")
    houses.kill(*others)
    houses.start("java")
    sent["java"] = await payments.send(("java",))
    await payments.asked_of("java", "QuoteRate at payments-go")
    houses.kill("java")
    houses.start(*houses.pids)

    for bank, handle in sent.items():
        outcome = await handle.result()
        assert outcome["amount"] == ARRIVES[bank]
        events = await payments.history(bank)
        assert story(events) == story_of(bank, None)
        assert workflow_pids(events) == set(houses.pids[bank][-2:])


async def test_told_to_end_a_worker_of_each_language_ends(houses: Houses) -> None:
    # The engine is in this loop, and a worker that leaves tells it so.
    assert await asyncio.to_thread(houses.end) == STOPPED
