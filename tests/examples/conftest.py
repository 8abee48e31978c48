"""A server, the providers, the workers, and a shop that speaks of customers and their orders."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from temporalio.client import Client

from examples import worker
from examples.attributes import add_missing
from examples.providers.client import ProviderClient
from examples.providers.server import serving
from tests.examples.shop import Shop
from tests.support.dev_server import server_address

__all__ = ["server_address"]

#: A provider that is slow is slower than the client is patient.
SLOW_SECONDS = 1.5
PATIENCE_SECONDS = 0.5


@pytest.fixture(scope="session")
async def client(server_address: str) -> Client:
    client = await Client.connect(server_address)
    await add_missing(client)
    return client


@pytest.fixture(scope="session")
async def providers_url(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    file = tmp_path_factory.mktemp("providers") / "providers.sqlite3"
    async with serving(file, slow_seconds=SLOW_SECONDS) as url:
        yield url


@pytest.fixture(scope="module")
async def workers(client: Client, providers_url: str) -> AsyncIterator[None]:
    """For one module only, so that a module which kills workers has them to itself."""
    async with worker.running(client, ProviderClient(providers_url, PATIENCE_SECONDS)):
        yield


@pytest.fixture
async def shop(
    client: Client, providers_url: str, request: pytest.FixtureRequest
) -> AsyncIterator[Shop]:
    async with ProviderClient(providers_url) as providers:
        yield Shop(client, providers, request.node.name)


@pytest.fixture
def providers_file(tmp_path: Path) -> Path:
    return tmp_path / "providers.sqlite3"
