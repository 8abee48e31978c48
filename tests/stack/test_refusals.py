"""Each mistake gets one line that names it and says what to do, and an exit code."""

import socket
import socketserver
import struct
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from engine.embedded import free_ports
from examples.stack import before
from examples.stack.config import CannotStart, StackConfig

REPOSITORY = Path(__file__).parents[2]


def config(root: Path, **given: str) -> StackConfig:
    console, engine = map(str, free_ports(2))
    free = {"CONSOLE_PORT": console, "ENGINE_PORT": engine}
    return StackConfig.from_environment({**free, **given}, root)


@contextmanager
def taken_port() -> Iterator[int]:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        yield holder.getsockname()[1]


class OldPostgres(socketserver.BaseRequestHandler):
    """Says the first words of a PostgreSQL 12, then that it waits for a query."""

    def handle(self) -> None:
        encrypted = struct.pack("!ii", 8, 80877103)
        if self.request.recv(8, socket.MSG_PEEK) == encrypted:
            self.request.recv(8)
            self.request.sendall(b"N")
        self.request.recv(4096)
        version = b"server_version\x0012.22\x00"
        self.request.sendall(
            b"R" + struct.pack("!ii", 8, 0)
            + b"S" + struct.pack("!i", 4 + len(version)) + version
            + b"Z" + struct.pack("!i", 5) + b"I"
        )  # fmt: skip
        self.request.recv(4096)


@pytest.fixture
def old_postgres_url() -> Iterator[str]:
    with socketserver.TCPServer(("127.0.0.1", 0), OldPostgres) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"postgresql://someone@127.0.0.1:{server.server_address[1]}/x?gssencmode=disable"
        server.shutdown()


@pytest.mark.parametrize("variable", ["CONSOLE_PORT", "ENGINE_PORT"])
def test_a_taken_port_is_named_with_a_way_out(tmp_path: Path, variable: str) -> None:
    with taken_port() as port:
        with pytest.raises(CannotStart) as refusal:
            before.check(config(tmp_path, **{variable: str(port)}))

        assert f"port {port} cannot be used (Address already in use)" in str(refusal.value)
        assert f"{variable}={port + 1} make up" in str(refusal.value)


def test_one_port_for_two_is_refused(tmp_path: Path) -> None:
    (port,) = map(str, free_ports(1))

    with pytest.raises(CannotStart, match=f"CONSOLE_PORT and ENGINE_PORT are both {port}"):
        before.check(config(tmp_path, CONSOLE_PORT=port, ENGINE_PORT=port))


def test_a_postgresql_too_old_is_refused_with_its_version(
    tmp_path: Path, old_postgres_url: str
) -> None:
    with pytest.raises(CannotStart, match="leads to PostgreSQL 12: 15 or newer is needed"):
        before.check(config(tmp_path, DATABASE_URL=old_postgres_url))


@pytest.mark.parametrize(
    ("variable", "scheme"),
    [
        ("DATABASE_URL", "postgresql://x@127.0.0.1:{}/x"),
        ("BROKER_URL", "redis://127.0.0.1:{}"),
        ("ELASTICSEARCH_URL", "http://127.0.0.1:{}"),
        ("ENGINE_ADDRESS", "127.0.0.1:{}"),
    ],
)
def test_an_address_where_nobody_answers_is_refused_by_name(
    tmp_path: Path, variable: str, scheme: str
) -> None:
    with pytest.raises(CannotStart) as refusal:
        before.check(config(tmp_path, **{variable: scheme.format(*free_ports(1))}))

    assert str(refusal.value).startswith(variable)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(
    ("variable", "value", "word"),
    [
        ("CONSOLE_PORT", "eighty", "give a port number"),
        ("ENGINE_PORT", "70000", "give a port number"),
        ("DATABASE_URL", "mysql://x/y", "must start with postgresql://"),
        ("BROKER_URL", "amqp://x", "must start with redis://"),
        ("ELASTICSEARCH_URL", "x:9200", "must start with http://"),
        ("ENGINE_ADDRESS", "somewhere", "give host:port"),
        ("SEARCH", "solr", "give elasticsearch or postgresql"),
    ],
)
def test_a_value_of_the_wrong_form_is_refused_by_name(
    tmp_path: Path, variable: str, value: str, word: str
) -> None:
    with pytest.raises(CannotStart) as refusal:
        config(tmp_path, **{variable: value})

    assert variable in str(refusal.value)
    assert word in str(refusal.value)


@pytest.mark.parametrize(
    "command",
    [
        "manage.py migrate",
        "manage.py bulk_worker",
        "manage.py billing_worker",
        "-c import,console.wsgi",
        "-m engine migrate",
        "-m engine serve",
        "-m search.relay",
        "-m search.relay jobs",
        "-m search.relay rebuild",
    ],
)
def test_a_program_without_its_variables_names_the_first_in_one_line(command: str) -> None:
    ended = subprocess.run(
        [sys.executable, *(word.replace(",", " ") for word in command.split())],
        cwd=REPOSITORY,
        env={},
        capture_output=True,
        text=True,
        check=False,
    )

    assert ended.returncode in {1, 2, 3}
    assert "DATABASE_URL is not set" in ended.stderr
    assert len(ended.stderr.splitlines()) == 1


def test_the_command_ends_with_one_line_and_a_code() -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "examples.stack"],
        cwd=REPOSITORY,
        env={"CONSOLE_PORT": "none"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert ended.returncode == 1
    assert ended.stderr == "make up: CONSOLE_PORT is 'none': give a port number, 1 to 65535\n"
