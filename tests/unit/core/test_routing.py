"""Where workflow ids stand in ramps: FarmHash's known answers; who grows keeps whom it had."""

import pytest

from engine.core.routing import Route, fingerprint, place_of

#: By FarmHash's own code: of so many bytes, the number n being (37 n + 11) mod 256.
KNOWN = {
    0: 3696677242,
    3: 2264012441,
    9: 3649693596,
    20: 2559860999,
    36: 864808942,
    255: 4242031292,
}


@pytest.mark.parametrize(("size", "answer"), KNOWN.items())
def test_a_fingerprint_is_that_of_farmhash(size: int, answer: int) -> None:
    assert fingerprint(bytes((37 * number + 11) % 256 for number in range(size))) == answer


def test_places_are_spread_evenly() -> None:
    places = [place_of(f"order-{number}") for number in range(10_000)]

    for tenth in range(10):
        share = sum(10 * tenth <= place < 10 * tenth + 10 for place in places)
        assert 900 < share < 1100


def test_a_ramp_that_grows_keeps_whom_it_had() -> None:
    ids = [f"order-{number}" for number in range(1_000)]
    before: set[str] = set()
    for percentage in (0, 0.5, 10, 50, 99, 100):
        route = Route("shop:one", "shop:two", percentage)
        ramped = {name for name in ids if route.version_of(name) == "shop:two"}
        assert before <= ramped
        before = ramped

    assert before == set(ids)
    assert not any(Route("shop:one").is_ramped(name) for name in ids)
