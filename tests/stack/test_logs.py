from pathlib import Path

from examples.stack.logs import PartLog


def test_a_log_is_bounded_and_keeps_one_older_file(tmp_path: Path) -> None:
    log = PartLog(tmp_path, "engine", bytes_max=100)

    for number in range(50):
        log.write(f"line {number}\n".encode())

    files = sorted(tmp_path.iterdir())
    assert [file.name for file in files] == ["engine.log", "engine.log.1"]
    assert all(file.stat().st_size <= 100 for file in files)
    assert files[0].read_text().endswith("line 49\n")
    assert log.last_line() == "line 49"
