"""`python -m tests.bench.compare`: the official dev server and Perdure, side by side in one run.

Absolute figures are the machine's; the ratios are what design.md §5 speaks of.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import psycopg

from engine import embedded
from tests.bench.servers import REPOSITORY, Server, cpu_of, dev_server, perdure

WORKS = ("activity", "nothing", "alone")
ENDED_WITHIN_SECONDS = 30

_database = """
    select (select xact_commit from pg_stat_database where datname = current_database()),
           pg_current_wal_lsn() - '0/0'::pg_lsn, pg_database_size(current_database())
"""


@contextmanager
def program(name: str, server: Server) -> Iterator[subprocess.Popen[str]]:
    """One of the bench's own programs on that server; it ends when its input does."""
    process = subprocess.Popen(
        [sys.executable, "-m", f"tests.bench.{name}", server.address],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=REPOSITORY,
    )  # fmt: skip
    assert process.stdin is not None
    try:
        yield process
    finally:
        process.stdin.close()
        process.wait(ENDED_WITHIN_SECONDS)


def measure(server: Server) -> dict[str, dict[str, float]]:
    with program("worker", server) as worker, program("load", server) as load:
        assert load.stdout is not None
        load.stdout.readline()
        return {work: _figures(work, server, worker, load) for work in WORKS}


def _figures(
    work: str, server: Server, worker: subprocess.Popen[str], load: subprocess.Popen[str]
) -> dict[str, float]:
    assert load.stdin is not None
    assert load.stdout is not None
    cpu, database = server.cpu_seconds(), database_figures(server)
    sdk = cpu_of(worker.pid) + cpu_of(load.pid)
    print(work, file=load.stdin, flush=True)
    line = load.stdout.readline()
    if not line:
        raise SystemExit(f"the load on {server.name} ended early (exit {load.wait()})")
    figures: dict[str, float] = json.loads(line)
    count = figures["count"]
    figures["cpu_ms"] = (server.cpu_seconds() - cpu) * 1000 / count
    figures["sdk_ms"] = (cpu_of(worker.pid) + cpu_of(load.pid) - sdk) * 1000 / count
    for name, value in database_figures(server).items():
        figures[name] = (value - database[name]) / count
    return figures


def database_figures(server: Server) -> dict[str, float]:
    """Commits, WAL bytes and size; only where the server is ours."""
    if server.name != "Perdure":
        return {}
    # The fourth line of PostgreSQL's own note names its port.
    port = int((server.directory / "data" / "postmaster.pid").read_text().splitlines()[3])
    with psycopg.connect(embedded.dsn(server.directory, port), autocommit=True) as connection:
        connection.execute("select pg_stat_clear_snapshot()")
        row: Any = connection.execute(_database).fetchone()
    return {"commits": float(row[0]), "wal_bytes": float(row[1]), "disk_bytes": float(row[2])}


def run(server: AbstractContextManager[Server]) -> tuple[str, dict[str, dict[str, float]]]:
    with server as started:
        print(f"measuring {started.name} …", file=sys.stderr, flush=True)
        return started.name, measure(started)


def main() -> None:
    found = dict(
        run(server)
        for server in (
            dev_server("dev server, file", in_file=True),
            dev_server("dev server, memory", in_file=False),
            perdure(),
        )
    )
    ours = found["Perdure"]
    print(
        f"{'':22}{'1 activity':>24}{'no activity':>24}{'alone':>16}"
        f"{'CPU, 1 activity':>18}{'(SDK)':>10}"
    )
    for name, works in found.items():
        activity, nothing, alone = (works[work] for work in WORKS)
        print(
            f"{name:22}{activity['per_second']:8.1f}/s p99 {activity['p99_ms']:6.0f} ms"
            f"{nothing['per_second']:10.1f}/s p99 {nothing['p99_ms']:6.0f} ms"
            f"  p50 {alone['p50_ms']:6.1f} ms{activity['cpu_ms']:14.1f} ms"
            f"{activity['sdk_ms']:7.1f} ms"
        )
    for name, works in found.items():
        if name != "Perdure":
            ratios = [ours[work]["per_second"] / works[work]["per_second"] for work in WORKS[:2]]
            print(f"Perdure ÷ {name}: {ratios[0]:.1f} with an activity, {ratios[1]:.1f} without")
    activity = ours["activity"]
    wal, disk = activity["wal_bytes"] / 1024, activity["disk_bytes"] / 1024
    print(
        f"Perdure, a workflow with one activity: {activity['commits']:.2f} commits, "
        f"{wal:.1f} KiB WAL, {disk:.1f} KiB disk; "
        f"p99 ÷ p50 at 50 in flight: {activity['p99_ms'] / activity['p50_ms']:.1f}"
    )


if __name__ == "__main__":
    main()
