"""`python -m tests.bench.exports [rows …]`: exports of so many rows, and what memory they take.

The whole stack as `make up` starts it, with records that a generator commits. An export is asked
for as a person does it and taken when it is done. Told are its time, by whom it is written and the
most memory that the processes of the jobs and of the console ever had: an export ten times as long
must not take more.
"""

from __future__ import annotations

import asyncio
import re
import sys
import tempfile
import time
from contextlib import suppress
from itertools import islice
from pathlib import Path

import psycopg
from msgspec.structs import replace
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest

from engine import embedded
from tests.bench import records
from tests.bench.servers import family
from tests.stack import whole
from tests.stack.whole import Up
from tests.support.bound import end_by_signals
from tests.support.engine import PERDURE, Server
from tests.support.visitor import Visitor

ROWS = (10_000, 100_000)
UP_WITHIN_SECONDS, DONE_WITHIN_SECONDS, LOOK_SECONDS = 300, 1_800, 0.5
EXPORTS = "/namespaces/default/exports/"
ASKED = {"columns": "ExecutionStatus,WorkflowId,RunId,WorkflowType,StartTime,CloseTime,Plan"}
PARTS = {"jobs": "search.relay jobs", "console": "gunicorn"}
NEWEST = "select id, state, rows, size from exports_export order by id desc limit 1"


async def fill(address: str, database: str, counts: list[int]) -> None:
    """A queue for each count, so that its query has exactly so many rows."""
    server = Server(address, PERDURE)
    described = await server.workflows.DescribeNamespace(
        DescribeNamespaceRequest(namespace=server.namespace)
    )
    await server.operator.AddSearchAttributes(
        AddSearchAttributesRequest(namespace=server.namespace, search_attributes=records.ATTRIBUTES)
    )
    made = records.records(described.namespace_info.id, sum(counts))
    for count in counts:
        some = (replace(one, task_queue=queue_of(count)) for one in islice(made, count))
        await records.commit(database, some, with_outbox=False)
    await server.channel.close()


def queue_of(count: int) -> str:
    return f"rows-{count}"


def measure(up: Up, counts: list[int]) -> None:
    port = int((up.run / "postgres" / "data" / "postmaster.pid").read_text().splitlines()[3])
    database = embedded.dsn(up.run / "postgres", port)
    asyncio.run(fill(f"127.0.0.1:{up.engine_port}", database, counts))
    visitor = up.signs_in()
    visitor.get(EXPORTS)
    show(up, "before")
    with psycopg.connect(database, autocommit=True) as connection:
        for count in counts:
            export(visitor, connection, count)
            show(up, f"after {count:,} rows")


def export(visitor: Visitor, connection: psycopg.Connection, count: int) -> None:
    asked = ASKED | {"query": f"TaskQueue = '{queue_of(count)}'", "form": "csv"}
    began = time.perf_counter()
    visitor.post(f"{EXPORTS}new/", asked)
    looks, seen = 0, -1
    while True:
        row = connection.execute(NEWEST).fetchone()
        assert row, "the console keeps no export"
        number, state, rows, size = row
        looks, seen = looks + (rows != seen), rows
        if state not in {"waiting", "running"}:
            break
        if time.perf_counter() - began > DONE_WITHIN_SECONDS:
            raise SystemExit(f"export {number} is not done: {rows:,} rows")
        time.sleep(LOOK_SECONDS)  # noqa: TID251  a bench looks by the clock
    took = time.perf_counter() - began
    file = visitor.get(f"{EXPORTS}{number}/file/")
    lines = file.count(b"\n") - 1
    assert (state, rows, lines, len(file)) == ("done", count, count, size), (state, rows, lines)
    sys.stdout.write(
        f"{count:,} rows, {size / 2**20:.1f} MiB: {took:.1f} s, {count / took:.0f} rows a second; "
        f"{looks} steps of its progress were seen\n"
    )


def show(up: Up, when: str) -> None:
    """The most memory that the largest process of each part ever had."""
    most = {name: max(peaks(up, words)) for name, words in PARTS.items()}
    told = ", ".join(f"{name} {kib / 1024:.0f} MiB" for name, kib in most.items())
    sys.stdout.write(f"  peak {when}: {told}\n")


def peaks(up: Up, words: str) -> list[int]:
    """Of a part's process and its children, in KiB."""
    found = []
    for pid in family(up.pid_of(words, words)):
        with suppress(OSError):
            status = Path(f"/proc/{pid}/status").read_text()
            found += [int(kib) for kib in re.findall(r"VmHWM:\s+(\d+) kB", status)]
    return found


def main() -> None:
    end_by_signals()
    counts = [int(given) for given in sys.argv[1:]] or list(ROWS)
    with tempfile.TemporaryDirectory(prefix="perdure-bench-") as directory:
        Path(directory).chmod(0o755)
        with whole.standing(Path(directory) / "run", UP_WITHIN_SECONDS, EXAMPLES="no") as up:
            measure(up, sorted(counts))


if __name__ == "__main__":
    main()
