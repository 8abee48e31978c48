"""`CODEC_KEYS=2026=$(openssl rand -base64 32) python -m examples.codec`: the codec server.

CODEC_PORT, CODEC_AUTHORIZATION (the header it demands), CODEC_ORIGIN (of a console whose browsers
decode).
"""

import asyncio
import os
import signal
import sys

from examples.codec.aes import AesCodec, KeysWrong, keys_of
from examples.codec.server import application, serving


async def main() -> None:
    given = os.environ  # noqa: TID251  a program of its own
    codec = AesCodec(keys_of(given.get("CODEC_KEYS", "")))
    app = application(codec, given.get("CODEC_AUTHORIZATION", ""), given.get("CODEC_ORIGIN", ""))
    ended = asyncio.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(name, ended.set)
    async with serving(app, int(given.get("CODEC_PORT", "8081"))) as url:
        print(f"codec on {url}", flush=True)
        await ended.wait()


if __name__ == "__main__":
    try:
        asyncio.run(main())
    except (KeysWrong, OSError) as refusal:
        sys.exit(str(refusal))
