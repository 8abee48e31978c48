"""`python -m examples.polyglot`: all four houses, beside an engine that runs."""

import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from examples.config import ConfigError, ExamplesConfig
from examples.polyglot.toolchains import HOUSES, ROOT, BuildFailed, House, NotToBeHad

DRAIN_SECONDS: Final = 15


def main() -> None:
    config = ExamplesConfig.from_environment()
    print("building; the first time takes minutes", flush=True)
    with ThreadPoolExecutor() as threads:
        list(threads.map(House.prepare, HOUSES))
    given = {**os.environ, "ENGINE_ADDRESS": config.engine_address}  # noqa: TID251  it is handed on
    houses = [
        subprocess.Popen(house.command, env=given, cwd=ROOT)  # noqa: S603  from our own table
        for house in HOUSES
    ]
    print(f"{', '.join(house.language for house in HOUSES)} on {config.engine_address}", flush=True)
    # Ctrl-C reaches all of them by itself; who is ended alone ends the others.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: [house.terminate() for house in houses])
    _, code = os.wait()
    for house in houses:
        house.terminate()
    for house in houses:
        house.wait(DRAIN_SECONDS)
    sys.exit(os.waitstatus_to_exitcode(code))


if __name__ == "__main__":
    try:
        main()
    except (ConfigError, NotToBeHad, BuildFailed) as refusal:
        sys.exit(str(refusal))
