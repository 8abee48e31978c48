"""`python -m tests.bench.compare`: the official dev server and Perdure, side by side in one run.

Absolute figures are the machine's; the ratios are what design.md §5 speaks of.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import psycopg

from engine import embedded
from tests.bench.servers import REPOSITORY, Server, dev_server, perdure
from tests.support.bound import end_by_signals
from tests.support.processor import cpu_of

WORKS = ("activity", "nothing", "alone")
#: Of each work on each server: a run of a few seconds scatters by a fifth.
ROUNDS = 3
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


class Measured:
    """A server with its worker and its callers, warm, and what each of its rounds took."""

    def __init__(self, server: Server, within: ExitStack) -> None:
        self.server = server
        self._worker = within.enter_context(program("worker", server))
        self._load = within.enter_context(program("load", server))
        self._rounds: dict[str, list[dict[str, float]]] = {work: [] for work in WORKS}
        self._heard()

    def measure(self, work: str) -> None:
        assert self._load.stdin is not None
        cpu, database = self.server.cpu_seconds(), database_figures(self.server)
        sdk = self._sdk_seconds()
        print(work, file=self._load.stdin, flush=True)
        figures: dict[str, float] = json.loads(self._heard())
        count = figures["count"]
        figures["cpu_ms"] = (self.server.cpu_seconds() - cpu) * 1000 / count
        figures["sdk_ms"] = (self._sdk_seconds() - sdk) * 1000 / count
        for name, value in database_figures(self.server).items():
            figures[name] = (value - database[name]) / count
        self._rounds[work].append(figures)

    def each(self, work: str, figure: str) -> list[float]:
        return [round_[figure] for round_ in self._rounds[work]]

    def middle(self, work: str, figure: str) -> float:
        return statistics.median(self.each(work, figure))

    def _sdk_seconds(self) -> float:
        return cpu_of(self._worker.pid) + cpu_of(self._load.pid)

    def _heard(self) -> str:
        assert self._load.stdout is not None
        line = self._load.stdout.readline()
        if not line:
            raise SystemExit(f"the load on {self.server.name} ended early ({self._load.wait()})")
        return line


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


def by_turns(*servers: Measured) -> None:
    """Each work on each server, again and again: what the machine does meanwhile falls on all."""
    for number in range(ROUNDS):
        print(f"round {number + 1} of {ROUNDS} …", file=sys.stderr, flush=True)
        for work in WORKS:
            for server in servers if number % 2 == 0 else reversed(servers):
                server.measure(work)


def ratios(ours: Measured, theirs: Measured, work: str) -> str:
    """The middle of the rounds', and between what they lie."""
    pairs = zip(ours.each(work, "per_second"), theirs.each(work, "per_second"), strict=True)
    found = sorted(mine / other for mine, other in pairs)
    return f"{statistics.median(found):.1f} ({found[0]:.1f} to {found[-1]:.1f})"


def main() -> None:
    end_by_signals()
    with ExitStack() as within:
        file, memory, ours = (
            Measured(within.enter_context(server), within)
            for server in (
                dev_server("dev server, file", in_file=True),
                dev_server("dev server, memory", in_file=False),
                perdure(),
            )
        )
        by_turns(file, memory, ours)
    print(f"the middle of {ROUNDS} rounds, taken by turns")
    print(
        f"{'':22}{'1 activity':>24}{'no activity':>24}{'alone':>16}"
        f"{'CPU, 1 activity':>18}{'(SDK)':>10}"
    )
    for each in (file, memory, ours):
        print(
            f"{each.server.name:22}{each.middle('activity', 'per_second'):8.1f}/s"
            f" p99 {each.middle('activity', 'p99_ms'):6.0f} ms"
            f"{each.middle('nothing', 'per_second'):10.1f}/s"
            f" p99 {each.middle('nothing', 'p99_ms'):6.0f} ms"
            f"  p50 {each.middle('alone', 'p50_ms'):6.1f} ms"
            f"{each.middle('activity', 'cpu_ms'):14.1f} ms"
            f"{each.middle('activity', 'sdk_ms'):7.1f} ms"
        )
    for each in (file, memory):
        print(
            f"Perdure ÷ {each.server.name}: {ratios(ours, each, 'activity')} with an activity, "
            f"{ratios(ours, each, 'nothing')} without"
        )
    wal, disk = (ours.middle("activity", name) / 1024 for name in ("wal_bytes", "disk_bytes"))
    spread = ours.middle("activity", "p99_ms") / ours.middle("activity", "p50_ms")
    print(
        f"Perdure, a workflow with one activity: {ours.middle('activity', 'commits'):.2f} commits, "
        f"{wal:.1f} KiB WAL, {disk:.1f} KiB disk; p99 ÷ p50 at 50 in flight: {spread:.1f}"
    )


if __name__ == "__main__":
    main()
