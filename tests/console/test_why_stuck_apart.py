"""Why is this stuck? A message that does not reach a run in another database."""

from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import psycopg
import pytest

from console.gateway.runs import RunKey
from tests.support.commands import signal_external
from tests.support.engine import PERDURE, Server
from tests.support.killable import KillableEngine
from tests.support.names import Names
from tests.support.postgres import fresh_database
from tests.support.programs import Program
from tests.support.scripted import Scripted, stubs
from tests.support.standings import becomes, said, standing

#: A run and its worker, by the database that has it.
Apart = dict[str, tuple[Scripted, RunKey]]


@pytest.fixture
def apart(database: str, postgres_url: str, settings: Any, names: Names) -> Iterator[Apart]:
    """Of an engine that has two databases: a run in each."""
    with fresh_database(postgres_url) as second:
        engine = KillableEngine(f"{database},{second}", ENGINE_SHARDS="8")
        engine.migrate()
        engine.start()
        settings.ENGINE_ADDRESS = engine.address
        with (
            closing(Program(engine.address, "default")) as program,
            stubs(program, engine.address, PERDURE) as server,
        ):
            yield _one_in_each((database, second), lambda: _started(program, server, names))
        engine.stop()


def _started(program: Program, server: Server, names: Names) -> tuple[Scripted, RunKey]:
    worker = Scripted(program, server, names.queue())
    return worker, worker.start(names.workflow())


def _one_in_each(urls: tuple[str, ...], start: Callable[[], tuple[Scripted, RunKey]]) -> Apart:
    found: Apart = {}
    while len(found) < len(urls):
        worker, key = start()
        for url in urls:
            with psycopg.connect(url) as connection:
                if connection.execute("select from runs where run_id = %s", [key.run_id]).rowcount:
                    found.setdefault(url, (worker, key))
    return found


def test_a_message_to_another_run_is_under_way(apart: Apart, database: str) -> None:
    worker, key = apart.pop(database)
    ((second, (_, other)),) = apart.items()
    with psycopg.connect(second) as connection:
        # The other run's next event waits for this transaction.
        mine = "insert into history (run_id, first_event_id, events) values (%s, 3, '')"
        connection.execute(mine, [other.run_id])
        worker.on_task(signal_external(other.workflow_id, "go"))
        found = becomes("message-under-way", key)
        late = standing(key, later=30)
        connection.rollback()

    assert said(found) == f"It waits for the arrival of the signal go to {other.workflow_id}."
    assert (late.cause, late.in_trouble) == ("message-under-way", True)
    assert said(late).startswith(f"The signal go to {other.workflow_id} has not arrived, sent at ")
    becomes("workflow-backlog", key, later=30)
