"""Who is dead: judged by how long a count stands still, never by a clock."""

from engine.cluster.membership import BEAT_SECONDS, DEAD_SECONDS, Pulses
from engine.store.members import Row


def row(beats: int, node_id: str = "one") -> Row:
    return Row("a:1", node_id, beats, 0)


def look(pulses: Pulses, *rows: Row, rounds: int, seconds: float = BEAT_SECONDS) -> list[Row]:
    dead: list[Row] = []
    for _ in range(rounds):
        dead = pulses.look(rows, seconds)
    return dead


def test_a_count_that_stands_still_for_too_long_is_a_dead_node() -> None:
    pulses = Pulses()
    enough = int(DEAD_SECONDS / BEAT_SECONDS)

    assert look(pulses, row(7), rounds=enough) == []
    assert look(pulses, row(7), rounds=1) == [row(7)]


def test_one_that_moves_lives_however_slowly() -> None:
    pulses = Pulses()

    for beats in range(20):
        assert look(pulses, row(beats), rounds=4) == []


def test_another_node_at_the_same_address_begins_anew() -> None:
    pulses = Pulses()
    look(pulses, row(7), rounds=6)

    assert look(pulses, row(7, "two"), rounds=1) == []


def test_nobody_dies_of_a_database_that_was_away() -> None:
    pulses = Pulses()
    look(pulses, row(7), rounds=1)

    assert look(pulses, row(7), rounds=1, seconds=600.0) == []
    assert look(pulses, row(8), rounds=1) == []
