"""`python -m engine serve | migrate | postgres`: the engine from a command line."""

from __future__ import annotations

import argparse
import gc
import os
import sys
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from engine import config, embedded, telemetry, turns
from engine.config import CannotServe
from engine.embedded import CannotStart
from engine.store import migrate
from engine.store.migrate import CannotMigrate
from search.config import BadSetting

CANNOT_START = 2


def main() -> int:
    given = _arguments()
    telemetry.start(given.log_level)
    try:
        code: int = given.run(given)
    except (BadSetting, CannotStart, CannotMigrate, CannotServe) as refusal:
        print(f"engine: {refusal}", file=sys.stderr)  # noqa: T201  said to a person
        return CANNOT_START
    return code


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m engine", description=__doc__)
    parser.add_argument("--log-level", default="INFO")
    commands = parser.add_subparsers(required=True, metavar="command")

    serve = commands.add_parser("serve", help="serve the protocol")
    serve.add_argument("--port", type=int, help="instead of ENGINE_PORT; 0 takes a free one")
    serve.add_argument("--embedded", type=Path, metavar="DIR", help="with a PostgreSQL of its own")
    serve.set_defaults(run=_serve)

    bring = commands.add_parser("migrate", help="bring the databases to this release")
    bring.set_defaults(run=_migrate)

    postgres = commands.add_parser("postgres", help="an embedded PostgreSQL in the foreground")
    postgres.add_argument("--data", type=Path, required=True, metavar="DIR")
    postgres.add_argument("--port", type=int)
    postgres.set_defaults(run=lambda given: embedded.serve(given.data, given.port))
    return parser.parse_args()


def _serve(given: argparse.Namespace) -> int:
    embedded.unwind_when_told()
    # Nothing of what is loaded is garbage; the server looks for some once it serves.
    gc.disable()
    # Late, since the other commands need nothing of it and are ready in a tenth of the time.
    from engine import server

    with ExitStack() as stack:
        environ: Mapping[str, str] = config.read()
        if given.embedded is not None:
            own = stack.enter_context(embedded.postgres(given.embedded))
            environ = {**environ, "DATABASE_URL": own.dsn}
        settings = config.from_environment(environ)
        if given.port is not None:
            settings = replace(settings, port=given.port)
        migrate.migrate(settings.databases, settings.shard_count)
        turns.take_short_ones()
        server.run(settings)
        embedded.ignore_endings()
    return os.EX_OK


def _migrate(_given: argparse.Namespace) -> int:
    settings = config.from_environment(config.read())
    for name in migrate.migrate(settings.databases, settings.shard_count):
        print(f"applied {name}")  # noqa: T201  said to a person
    return os.EX_OK


if __name__ == "__main__":
    exit_code = main()
    sys.stdout.flush()
    # All is drained and closed. gRPC's own threads may still run, and the interpreter's end
    # under their feet can turn a clean end into an abort.
    os._exit(exit_code)
