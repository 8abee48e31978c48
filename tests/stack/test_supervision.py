import os
import signal
from pathlib import Path

from examples.stack import orphans
from tests.stack.living import Stack, lives, stack
from tests.support.eventually import eventually


def test_the_parts_start_in_order_and_end_in_the_reverse_one(tmp_path: Path) -> None:
    with stack(tmp_path, "three") as running:
        started = running.await_up()
        assert list(started) == ["database", "server", "client"]

        assert running.interrupt() == 0

        assert list(running.events("ended")) == ["client", "server", "database"]
        assert not any(lives(pid) for pid in started.values())


def test_an_ending_that_comes_twice_at_once_is_meant_once(tmp_path: Path) -> None:
    with stack(tmp_path, "three") as running:
        started = running.await_up()

        running.runner.send_signal(signal.SIGTERM)
        running.runner.send_signal(signal.SIGTERM)

        assert running.runner.wait(20) == 0
        assert list(running.events("ended")) == ["client", "server", "database"]
        assert not any(lives(pid) for pid in started.values())


def test_a_killed_part_is_started_again_and_the_others_stay(tmp_path: Path) -> None:
    with stack(tmp_path, "three") as running:
        before = running.await_up()

        os.kill(before["server"], signal.SIGKILL)

        after = eventually(
            lambda: running.events("started"), lambda now: now["server"] != before["server"]
        )
        assert after["database"] == before["database"]
        assert after["client"] == before["client"]
        eventually(running.lines, lambda lines: "server is back" in lines)
        assert "server was ended by SIGKILL; it starts again in 0.5 s" in running.lines()


def test_a_part_that_dies_often_waits_longer_each_time(tmp_path: Path) -> None:
    with stack(tmp_path, "three") as running:
        first = running.await_up()["server"]
        os.kill(first, signal.SIGKILL)
        second = eventually(lambda: running.events("started")["server"], lambda pid: pid != first)
        os.kill(second, signal.SIGKILL)

        eventually(
            running.lines,
            lambda lines: "server was ended by SIGKILL; it starts again in 1 s" in lines,
        )


def test_what_a_part_started_ends_with_it(tmp_path: Path) -> None:
    with stack(tmp_path, "parent") as running:
        server = running.await_up()["server"]
        grandchild = running.events("started")["grandchild"]

        os.kill(server, signal.SIGKILL)

        eventually(lambda: not lives(grandchild))


def test_all_parts_end_when_the_runner_is_killed(tmp_path: Path) -> None:
    with stack(tmp_path, "three") as running:
        started = running.await_up()

        running.runner.kill()
        running.runner.wait()

        eventually(lambda: not any(lives(pid) for pid in started.values()))


def test_the_next_start_ends_what_would_not_die(tmp_path: Path) -> None:
    with stack(tmp_path, "deaf") as first:
        first.await_up()
        deaf = first.events("started")["grandchild"]
        first.runner.kill()
        first.runner.wait()
        assert lives(deaf)
    first.output.unlink()

    with stack(tmp_path, "deaf") as second:
        eventually(second.lines, lambda lines: "all are up" in lines, within=30)
        assert not lives(deaf)

    orphans.end_all(tmp_path)


def test_another_checkout_s_programs_are_left_alone(tmp_path: Path) -> None:
    with stack(tmp_path, "three") as running:
        started = running.await_up()

        assert orphans.end_all(tmp_path / "another") == []

        assert all(lives(pid) for pid in started.values())


def test_a_part_that_never_starts_is_given_up_with_its_last_words(tmp_path: Path) -> None:
    running = Stack(tmp_path, "broken")

    assert running.runner.wait(30) == 1

    reason = running.lines()[-1]
    assert reason.startswith("server does not start: the moon is in the wrong quarter")
    assert str(tmp_path / "logs" / "server.log") in reason
    assert list(running.events("ended")) == ["database"]


def test_a_second_runner_in_the_same_checkout_is_refused(tmp_path: Path) -> None:
    with stack(tmp_path, "three") as first:
        first.await_up()
        second = Stack(tmp_path, "three")

        assert second.runner.wait(20) == 1

        assert f"as process {first.runner.pid}: end that one first" in second.lines()[-1]


def test_a_part_s_words_are_in_its_log(tmp_path: Path) -> None:
    with stack(tmp_path, "three") as running:
        running.await_up()

        log = tmp_path / "logs" / "client.log"
        eventually(lambda: log.exists() and "hello from client" in log.read_text())
