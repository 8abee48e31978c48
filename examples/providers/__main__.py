"""`python -m examples.providers`: the providers as a process of their own."""

import asyncio
import signal
import sys
from contextlib import AsyncExitStack

from examples.config import ConfigError, ExamplesConfig
from examples.providers.letterbox import taking
from examples.providers.server import PortTaken, serving


async def main() -> None:
    config = ExamplesConfig.from_environment()
    ended = asyncio.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(name, ended.set)
    async with AsyncExitStack() as stack:
        own = serving(config.providers_file, config.providers_port)
        url = await stack.enter_async_context(own)
        if config.smtp_port:
            await stack.enter_async_context(taking(config.providers_file, config.smtp_port))
        print(f"providers on {url}", flush=True)
        await ended.wait()


if __name__ == "__main__":
    try:
        asyncio.run(main())
    except (ConfigError, PortTaken) as refusal:
        sys.exit(str(refusal))
