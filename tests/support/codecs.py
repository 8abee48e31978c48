"""The example's codec server, and a store of blobs, in threads of their own."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from examples.codec.aes import AesCodec
from examples.codec.server import application, serving

KEYS = {"2026": bytes(range(32)), "2027": bytes(range(1, 33))}


@contextmanager
def codec_server(authorization: str = "", origin: str = "") -> Iterator[str]:
    """Its address."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    serves = serving(application(AesCodec(KEYS), authorization, origin), 0)
    address = asyncio.run_coroutine_threadsafe(serves.__aenter__(), loop).result(10)
    try:
        yield address
    finally:
        ends = serves.__aexit__(None, None, None)
        asyncio.run_coroutine_threadsafe(ends, loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


@dataclass
class Blobs:
    """A store that is asked by GET, and remembers what it was asked for."""

    address: str
    held: dict[str, bytes] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)


@contextmanager
def blob_store() -> Iterator[Blobs]:
    class Door(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            blobs.asked.append(self.path)
            body = blobs.held.get(self.path)
            self.send_response(404 if body is None else 200)
            self.end_headers()
            self.wfile.write(body or b"")

        def log_message(self, *_: object) -> None:
            """Tests read what was asked for in `asked`."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Door)
    blobs = Blobs(f"http://127.0.0.1:{server.server_address[1]}")
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield blobs
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
