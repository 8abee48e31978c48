"""A generation beside the live one: nothing lost, nothing left behind."""

import asyncio
import threading
from dataclasses import replace

import psycopg
import pytest
from elasticsearch import Elasticsearch

from search.elastic import mapping, writer
from search.postgres import databases, table
from search.relay import rebuild as rebuilds
from search.relay.drain import drain
from search.relay.rebuild import ensure, rebuild
from tests.relay.conftest import Chain
from tests.support.eventually import eventually
from tests.support.visibility import a_record, store

pytestmark = pytest.mark.slow


def live(chain: Chain) -> str | None:
    return writer.live(chain.index.client, chain.index.alias)


def generations(chain: Chain) -> list[str]:
    return writer.generations(chain.index.client, chain.index.alias)


async def test_where_there_is_no_index_one_is_built_from_the_tables(chain: Chain) -> None:
    await chain.commit(a_record("run-1"))
    fresh = replace(chain, index=replace(chain.index, alias=f"{chain.index.alias}x"))

    assert ensure(fresh.config, fresh.index) == f"{fresh.index.alias}-000001"

    assert set(fresh.indexed()) == {"run-1"}
    assert ensure(fresh.config, fresh.index) is None
    writer.drop(fresh.index.client, f"{fresh.index.alias}-000001")


async def test_a_rebuild_finds_what_the_old_generation_never_had(chain: Chain) -> None:
    old = live(chain)
    await store(chain.database, [a_record(f"run-{number:04}") for number in range(1_500)])

    new = rebuild(chain.config, chain.index)

    assert live(chain) == new != old
    assert generations(chain) == [new]
    assert len(chain.indexed()) == 1_500


async def test_nothing_that_is_committed_during_a_rebuild_is_lost(chain: Chain) -> None:
    """Runs start, close and are deleted, a relay drains all the time, and rebuilds follow
    each other; at the end the index is what the table is."""
    enough = threading.Event()

    def relay() -> None:
        while not enough.is_set():
            drain(chain.database, chain.index)

    def rebuilder() -> None:
        for _ in range(4):
            rebuild(chain.config, chain.index)
        enough.set()

    await store(chain.database, [a_record(f"early-{number:04}") for number in range(2_000)])
    threads = [threading.Thread(target=relay), threading.Thread(target=rebuilder)]
    for thread in threads:
        thread.start()
    number = 0
    while not enough.is_set():
        number += 1
        await chain.commit(a_record(f"run-{number:05}", version=1), a_record(f"gone-{number:05}"))
        await chain.commit(
            a_record(f"run-{number:05}", version=2, status="Completed"),
            a_record(f"early-{number % 2_000:04}", version=1 + number, history_length=number),
            a_record(f"gone-{number:05}", version=2, deleted=True),
        )
    for thread in threads:
        await asyncio.to_thread(thread.join)
    eventually(lambda: (drain(chain.database, chain.index), chain.waiting())[1] == 0)

    with psycopg.connect(chain.database) as connection:
        stored = {record.run_id: record for page in table.scan(connection) for record in page}
    assert number > 10
    assert (await chain.lag()).parked == 0
    assert chain.indexed() == stored


async def test_what_a_killed_rebuild_left_is_dropped(chain: Chain) -> None:
    left = writer.create_next(chain.index.client, chain.index.alias)
    await chain.commit(a_record("run-1"))
    drain(chain.database, chain.index)
    assert left in generations(chain)

    assert ensure(chain.config, chain.index) is None

    assert generations(chain) == [live(chain)]
    assert set(chain.indexed()) == {"run-1"}


async def test_a_row_on_its_way_to_a_dropped_generation_is_not_lost(chain: Chain) -> None:
    """Between asking for the generations and writing them, one may be gone."""
    left = writer.create_next(chain.index.client, chain.index.alias)
    await chain.commit(a_record("run-1"))

    class Dropping:
        def __init__(self, client: Elasticsearch) -> None:
            self._client = client

        def __getattr__(self, name: str) -> object:
            return getattr(self._client, name)

        def bulk(self, **given: object) -> object:
            writer.drop(self._client, left)
            return self._client.bulk(**given)  # type: ignore[arg-type]

    dropping: object = Dropping(chain.index.client)
    drain(chain.database, replace(chain.index, client=dropping))  # type: ignore[arg-type]

    assert chain.waiting() == 1
    assert left not in generations(chain), "and no index was made out of nothing"
    with psycopg.connect(chain.database, autocommit=True) as connection:
        connection.execute("update visibility_relay set retry_at = null")
    assert drain(chain.database, chain.index) == 1
    assert set(chain.indexed()) == {"run-1"}


def test_a_second_rebuild_leaves_it_to_the_first(chain: Chain) -> None:
    with databases.only_one(chain.database, rebuilds.LOCK) as mine:
        assert mine
        assert rebuild(chain.config, chain.index) is None


async def test_a_run_that_the_index_refuses_is_parked_by_the_rebuild_too(chain: Chain) -> None:
    poison = a_record("poison", custom={"Keyword": {"Customer": "x" * 40_000}})
    await store(chain.database, [poison, a_record("run-1")])

    rebuild(chain.config, chain.index)
    drain(chain.database, chain.index)

    assert set(chain.indexed()) == {"run-1"}
    assert (await chain.lag()).parked == 1


async def test_a_generation_of_an_older_mapping_is_rebuilt(
    chain: Chain, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = live(chain)
    await store(chain.database, [a_record("run-1")])
    monkeypatch.setattr(mapping, "VERSION", mapping.VERSION + 1)

    new = ensure(chain.config, chain.index)

    assert live(chain) == new != old
    assert set(chain.indexed()) == {"run-1"}
