"""Real subscriptions for the console's sync tests: the example program, its worker, its providers.

`subscriptions.active()` has been charged for its first period, which lasts for an hour.
"""

from collections.abc import Coroutine, Iterator
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import Any, TypeVar

import pytest
from temporalio.client import Client

from console.billing.contract import Ledger, Phase
from console.gateway.runs import RunKey
from examples import worker
from examples.attributes import add_missing
from examples.providers.client import ProviderClient
from examples.providers.server import serving
from tests.examples.shop import Shop, Subscriber
from tests.support.programs import Program

T = TypeVar("T")


class Subscriptions:
    def __init__(self, program: Program, providers_url: str, test: str) -> None:
        self._program = program
        self.shop = Shop(program.client, ProviderClient(providers_url), test)
        self._subscribers: dict[str, Subscriber] = {}
        self.wait(self.shop.providers.__aenter__())

    def wait(self, doing: Coroutine[Any, Any, T]) -> T:
        return self._program.wait(doing)

    def active(self, **changes: Any) -> RunKey:
        return self._known(self.wait(self.shop.active(**changes)))

    def new(self, **changes: Any) -> RunKey:
        return self._known(self.wait(self.shop.subscribe(self.shop.order(**changes))))

    def aged(self, charges: int, **changes: Any) -> RunKey:
        """So many periods of 30 days are charged already."""
        order = replace(self.shop.began_periods_ago(charges), **changes)
        subscriber = self.wait(self.shop.subscribe(order))
        self.wait(subscriber.until(Phase.ACTIVE, charges))
        return self._known(subscriber)

    def ledger(self, key: RunKey) -> Ledger:
        return self.wait(self._subscribers[key.workflow_id].ledger())

    def charges(self, key: RunKey) -> list[str]:
        return self.wait(self._subscribers[key.workflow_id].charges())

    def refunds(self, key: RunKey) -> list[str]:
        return self.wait(self._subscribers[key.workflow_id].refunds())

    def customer_of(self, key: RunKey) -> str:
        return self._subscribers[key.workflow_id].order.customer.customer_id

    def terminate(self, key: RunKey) -> None:
        self.wait(self._subscribers[key.workflow_id].handle.terminate("for a test"))

    def close(self) -> None:
        self.wait(self.shop.providers.__aexit__(None, None, None))

    def _known(self, subscriber: Subscriber) -> RunKey:
        self._subscribers[subscriber.handle.id] = subscriber
        described = self.wait(subscriber.handle.describe())
        return RunKey(self._program.namespace, subscriber.handle.id, described.run_id)


@pytest.fixture(scope="module")
def providers_url(
    server_address: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Program, str]]:
    """A shop that is open: providers and a worker, for the tests of one module."""
    program = Program(server_address, "default")
    file = tmp_path_factory.mktemp("providers") / "providers.sqlite3"
    stack = AsyncExitStack()

    async def open_shop(client: Client) -> str:
        await add_missing(client)
        url = await stack.enter_async_context(serving(file, slow_seconds=1.5))
        await stack.enter_async_context(worker.running(client, ProviderClient(url, 0.5)))
        return url

    yield program, program.wait(open_shop(program.client), within=60)
    program.wait(stack.aclose(), within=60)
    program.close()


@pytest.fixture
def subscriptions(
    providers_url: tuple[Program, str], request: pytest.FixtureRequest, engine: str
) -> Iterator[Subscriptions]:
    made = Subscriptions(*providers_url, request.node.name)
    yield made
    made.close()
