"""One real Elasticsearch node for the whole run, shared by all its processes."""

import contextlib
import fcntl
import itertools
import json
import os
import shutil
import signal
import subprocess
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import pytest
from elasticsearch import Elasticsearch

from engine.embedded import free_ports
from search.config import SearchConfig
from search.elastic import writer
from search.postgres import databases
from search.relay import clock
from search.relay.drain import Index
from tests.support.eventually import eventually

REPOSITORY = Path(__file__).parents[2]
START = REPOSITORY / "search/elastic/node/start.sh"
PREPARE_SECONDS_MAX = 600
START_SECONDS_MAX = 90


#: By this process; another may end it.
_started: dict[int, subprocess.Popen[bytes]] = {}


@pytest.fixture(scope="session")
def elasticsearch_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    _require_tools()
    with _shared(_meeting_place(tmp_path_factory)) as url:
        yield url


def _require_tools() -> None:
    """Without Java or Maven: a failure in CI, a skip elsewhere."""
    missing = [tool for tool in ("java", "javac", "mvn") if shutil.which(tool) is None]
    if missing:
        why = f"Elasticsearch needs {', '.join(missing)} (Debian: maven, openjdk-17-jdk-headless)"
        if os.environ.get("CI"):  # noqa: TID251 (a test may ask where it runs)
            pytest.fail(why)
        pytest.skip(why)


def _meeting_place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory that all processes of this run know, and no other run."""
    mine = tmp_path_factory.getbasetemp()
    in_parallel = os.environ.get("PYTEST_XDIST_WORKER")  # noqa: TID251 (xdist's own)
    return mine.parent if in_parallel else mine


@contextlib.contextmanager
def _shared(place: Path) -> Iterator[str]:
    """The first to come starts the node, the last to go ends it."""
    known = place / "elasticsearch.json"
    with _locked(place):
        found = json.loads(known.read_text()) if known.exists() else _start()
        known.write_text(json.dumps({**found, "users": found["users"] + 1}))
    try:
        yield found["url"]
    finally:
        with _locked(place):
            found = json.loads(known.read_text())
            known.write_text(json.dumps({**found, "users": found["users"] - 1}))
            if found["users"] == 1:
                known.unlink()
                _end(found)


@contextlib.contextmanager
def _locked(place: Path) -> Iterator[IO[str]]:
    with (place / "elasticsearch.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield lock


@pytest.fixture(scope="session")
def elasticsearch_home() -> str:
    """A node, prepared and never started: its programs, to be copied."""
    _require_tools()
    return _prepare()


def _prepare() -> str:
    home = os.environ.get("PERDURE_ES_HOME")  # noqa: TID251 (an installed copy may lie elsewhere)
    prepared = home or str(REPOSITORY / ".run/elasticsearch-home")
    subprocess.run([START, prepared], check=True, timeout=PREPARE_SECONDS_MAX)
    return prepared


def _start() -> dict[str, Any]:
    prepared = _prepare()
    state = tempfile.mkdtemp(prefix="perdure-elasticsearch-")
    (port,) = free_ports(1)
    with Path(state, "output").open("w") as output:
        node = subprocess.Popen(
            [START, prepared, str(port), state],
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    url = f"http://127.0.0.1:{port}"
    try:
        eventually(lambda: _answers(url, node), within=START_SECONDS_MAX, every=0.1)
    except BaseException as failure:
        node.kill()
        failure.add_note(Path(state, "output").read_text()[-4_000:])
        raise
    _started[node.pid] = node
    return {"url": url, "pid": node.pid, "state": state, "users": 0}


def _answers(url: str, node: subprocess.Popen[bytes]) -> bool:
    if node.poll() is not None:
        raise RuntimeError("the Elasticsearch node ended by itself")
    try:
        with urllib.request.urlopen(f"{url}/_cluster/health", timeout=5) as reply:
            return reply.status == 200
    except (OSError, urllib.error.URLError):
        return False


def _end(found: dict[str, Any]) -> None:
    """Its data is thrown away, so it need not end politely."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(found["pid"], signal.SIGKILL)
    if mine := _started.pop(found["pid"], None):
        mine.wait()
    shutil.rmtree(found["state"], ignore_errors=True)


_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def search_config(migrated_database: str, elasticsearch_url: str) -> Iterator[SearchConfig]:
    """One shard database, and in the shared node an alias that only this module uses."""
    alias = f"test-{os.getpid()}-{next(_numbers)}"
    yield SearchConfig(
        databases=(migrated_database,),
        elasticsearch_url=elasticsearch_url,
        broker_url="redis://127.0.0.1:1",
        index_alias=alias,
    )
    databases.close()
    with Elasticsearch(elasticsearch_url) as client:
        for generation in writer.generations(client, alias):
            writer.drop(client, generation)


@pytest.fixture(scope="module")
def index(search_config: SearchConfig) -> Iterator[Index]:
    """The index as a relay reaches it."""
    with writer.connect(search_config) as client:
        yield Index(client, search_config.index_alias, clock.now)
