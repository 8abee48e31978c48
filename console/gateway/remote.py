"""One HTTP request to an address of the settings: bounded in time and size, led nowhere else.

A redirect is a no. The whole exchange has one deadline, so that a server which answers a letter at
a time holds nobody up. What is sent and received stands in no message and no log.
"""

import http.client
import socket
import ssl
from collections.abc import Mapping
from contextlib import suppress
from threading import Event, Timer
from urllib.parse import urlsplit

USER_AGENT = "perdure-console"


class NoAnswer(Exception):
    """`str()` ends the sentence "The codec at … ": what it did instead.

    `away`: it would not answer anybody else either, at this moment.
    """

    def __init__(self, says: str, *, away: bool = False, status: int = 0) -> None:
        super().__init__(says)
        self.away = away
        self.status = status


def exchange(
    method: str,
    url: str,
    *,
    body: bytes = b"",
    headers: Mapping[str, str],
    seconds: float,
    bytes_max: int,
) -> bytes:
    """The body of a 200."""
    parts = urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=seconds)
    try:
        connection.connect()
        late = Event()
        alarm = Timer(seconds, _cut, [connection.sock, late])
        alarm.daemon = True
        alarm.start()
        try:
            connection.request(
                method, parts.path or "/", body or None, {"User-Agent": USER_AGENT, **headers}
            )
            with connection.getresponse() as answer:
                return _read(answer, bytes_max, late)
        finally:
            alarm.cancel()
    except ssl.SSLError:
        raise NoAnswer("has a certificate that does not hold", away=True) from None
    except TimeoutError:
        raise NoAnswer(f"did not answer within {seconds:g} s", away=True) from None
    except (OSError, http.client.HTTPException):
        raise NoAnswer(f"does not answer, or not within {seconds:g} s", away=True) from None
    except ValueError:
        raise NoAnswer("cannot be asked so: a header holds what none may") from None
    finally:
        connection.close()


def _read(answer: http.client.HTTPResponse, bytes_max: int, late: Event) -> bytes:
    if answer.status != 200:
        status = answer.status
        raise NoAnswer(f"answered {status}", away=status >= 500, status=status)
    body = answer.read(bytes_max + 1)
    if late.is_set():
        raise TimeoutError
    if len(body) > bytes_max:
        raise NoAnswer(f"answered more than {bytes_max // 2**20} MiB")
    if answer.length:
        raise NoAnswer("broke off in the middle of its answer", away=True)
    return body


def _cut(sock: socket.socket, late: Event) -> None:
    late.set()
    with suppress(OSError):  # it ended by itself at the same moment
        sock.shutdown(socket.SHUT_RDWR)
