"""`python -m examples.statements`: a worker of each version, as while one follows another."""

import asyncio
import signal
import sys

from temporalio.client import Client

from examples.config import ConfigError, ExamplesConfig
from examples.ending import leave
from examples.providers.client import ProviderClient
from examples.statements import versions


async def main() -> None:
    config = ExamplesConfig.from_environment()
    ended = asyncio.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(name, ended.set)
    try:
        client = await Client.connect(config.engine_address)
    except RuntimeError as error:
        sys.exit(f"Nothing answers at ENGINE_ADDRESS={config.engine_address}: {error}")
    if not config.providers_url:
        raise ConfigError("PROVIDERS_URL must say where the mails go.")
    async with versions.running(client, ProviderClient(config.providers_url)):
        print(f"workers of {', '.join(versions.CODE)} on {config.engine_address}", flush=True)
        await ended.wait()


if __name__ == "__main__":
    try:
        asyncio.run(main())
    except ConfigError as refusal:
        sys.exit(str(refusal))
    leave()
