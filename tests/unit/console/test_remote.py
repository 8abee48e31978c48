"""A codec or a store that behaves badly: the console waits, reads and goes no further."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from time import monotonic

import pytest

from console.gateway import remote
from console.gateway.remote import NoAnswer

OK = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n"
SECONDS = 0.3
BYTES_MAX = 1_000


@contextmanager
def answering(answer: Callable[[socket.socket], None]) -> Iterator[str]:
    """A server for one connection, which does as it is told."""
    with socket.create_server(("127.0.0.1", 0)) as door:

        def serve() -> None:
            with suppress(OSError):
                connection, _ = door.accept()
                with connection:
                    connection.recv(65_536)
                    answer(connection)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{door.getsockname()[1]}/decode"
        thread.join(5)


def silent(connection: socket.socket) -> None:
    connection.recv(1)


def a_letter_at_a_time(connection: socket.socket) -> None:
    connection.sendall(OK % 10_000)
    while True:
        connection.sendall(b"x")
        connection.settimeout(0.05)
        with suppress(TimeoutError):
            if connection.recv(1) == b"":
                return


def leading_elsewhere(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 302 Found\r\nLocation: http://169.254.169.254/\r\n\r\n")


def too_much(connection: socket.socket) -> None:
    connection.sendall(OK % 2_000 + b"x" * 2_000)


def no_http(connection: socket.socket) -> None:
    connection.sendall(b"what?\r\n\r\n")


@pytest.mark.parametrize(
    ("answer", "says", "away"),
    [
        (silent, "within 0.3 s", True),
        (a_letter_at_a_time, "within 0.3 s", True),
        (leading_elsewhere, "answered 302", False),
        (too_much, "answered more than", False),
        (no_http, "does not answer", True),
    ],
)
def test_what_is_no_answer_in_time_and_size_is_refused(
    answer: Callable[[socket.socket], None], says: str, away: bool
) -> None:
    began = monotonic()
    with answering(answer) as url, pytest.raises(NoAnswer, match=says) as refused:
        remote.exchange("POST", url, body=b"{}", headers={}, seconds=SECONDS, bytes_max=BYTES_MAX)

    assert refused.value.away is away
    assert monotonic() - began < 4
