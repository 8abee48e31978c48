import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from engine import embedded
from tests.stack.living import lives
from tests.support.eventually import eventually

REPOSITORY = Path(__file__).parents[2]
OWNER = """
import os, sys
from pathlib import Path
from engine import embedded
with embedded.postgres(Path(sys.argv[1])) as server:
    print(os.getuid(), server.child.pid, flush=True)
    sys.stdin.read()
"""


class Owner:
    """A program that runs an embedded PostgreSQL until its standard input closes."""

    def __init__(self, directory: Path, prefix: tuple[str, ...] = ()) -> None:
        self.program = subprocess.Popen(
            [*prefix, sys.executable, "-c", OWNER, str(directory)],
            cwd=REPOSITORY,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.program.stdout is not None
        self.uid, self.server = map(int, self.program.stdout.readline().split())

    def end(self) -> int:
        assert self.program.stdin is not None
        assert self.program.stdout is not None
        self.program.stdin.close()
        self.program.stdout.close()
        return self.program.wait(30)


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    tmp_path.chmod(0o755)
    return tmp_path / "postgres"


def test_what_was_written_is_there_after_a_stop(directory: Path) -> None:
    with embedded.postgres(directory) as server, psycopg.connect(server.dsn) as connection:
        connection.execute("create table kept (value text)")
        connection.execute("insert into kept values ('still here')")

    with embedded.postgres(directory) as server, psycopg.connect(server.url) as connection:
        assert connection.execute("select value from kept").fetchone() == ("still here",)


def test_a_killed_server_is_started_again_with_all_that_was_committed(directory: Path) -> None:
    with (
        embedded.postgres(directory) as server,
        psycopg.connect(server.dsn, autocommit=True) as connection,
    ):
        connection.execute("create table kept (value text)")
        connection.execute("insert into kept values ('still here')")
        server.child.kill()
        server.wait()

    with embedded.postgres(directory) as server, psycopg.connect(server.dsn) as connection:
        assert connection.execute("select value from kept").fetchone() == ("still here",)


def test_a_killed_owner_leaves_nothing_running(directory: Path) -> None:
    owner = Owner(directory)
    owner.program.kill()
    owner.end()

    with embedded.postgres(directory) as server, psycopg.connect(server.dsn) as connection:
        assert not lives(owner.server)
        assert connection.execute("select 1").fetchone() == (1,)


def test_a_server_that_outlived_its_owner_is_ended(directory: Path) -> None:
    owner = Owner(directory)
    # The signal that the kernel sends at the owner's death waits until the server goes on.
    os.kill(owner.server, signal.SIGSTOP)
    owner.program.kill()
    owner.end()
    assert lives(owner.server)
    os.kill(owner.server, signal.SIGCONT)

    with embedded.postgres(directory) as server:
        assert server.child.pid != owner.server
        eventually(lambda: not lives(owner.server))


def test_a_second_owner_is_told_who_the_first_is(directory: Path) -> None:
    owner = Owner(directory)
    try:
        with (
            pytest.raises(embedded.CannotStart, match=f"in use by process {owner.program.pid}"),
            embedded.postgres(directory),
        ):
            pass
        assert lives(owner.server)
    finally:
        assert owner.end() == 0


def test_a_taken_port_is_refused_by_its_number(directory: Path) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        with (
            pytest.raises(embedded.CannotStart, match=f"port {port} cannot be used"),
            embedded.postgres(directory, port),
        ):
            pass


def test_a_cluster_of_another_version_is_left_alone(directory: Path) -> None:
    (directory / "data").mkdir(parents=True)
    (directory / "data" / "PG_VERSION").write_text("13\n")

    with (
        pytest.raises(embedded.CannotStart, match="was made by PostgreSQL 13, this is 18"),
        embedded.postgres(directory),
    ):
        pass


def test_a_half_made_cluster_is_made_anew(directory: Path) -> None:
    (directory / "data.new").mkdir(parents=True)
    (directory / "data.new" / "PG_VERSION").write_text("18\n")

    with embedded.postgres(directory) as server, psycopg.connect(server.dsn) as connection:
        assert connection.execute("select 1").fetchone() == (1,)


def test_a_long_path_is_reached_by_tcp(tmp_path: Path) -> None:
    with embedded.postgres(tmp_path / ("long" * 30)) as server:
        assert server.dsn == server.url
        with psycopg.connect(server.dsn) as connection:
            assert connection.execute("select 1").fetchone() == (1,)


def test_nobody_gets_in_by_tcp_without_the_password(directory: Path) -> None:
    with embedded.postgres(directory) as server:
        user = f"postgresql://postgres:guess@127.0.0.1:{server.port}/postgres"
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            psycopg.connect(user)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_an_ordinary_user_runs_it_as_root_does(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    os.chown(home, 65534, 65534)
    # May read through closed directories, where this interpreter may lie; nothing else.
    ordinary = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")
    reads = ("--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search")
    owner = Owner(home / "postgres", (*ordinary, *reads))

    assert owner.uid == 65534
    assert Path(f"/proc/{owner.server}").stat().st_uid == 65534
    assert owner.end() == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has a closed home that it shares")
def test_root_runs_it_in_a_directory_closed_to_all_others(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)

    with embedded.postgres(closed / "postgres") as server:
        assert Path(f"/proc/{server.child.pid}").stat().st_uid != 0
        with psycopg.connect(server.dsn) as connection:
            assert connection.execute("select 1").fetchone() == (1,)
