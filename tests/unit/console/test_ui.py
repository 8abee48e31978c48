"""Words, paths and page tokens."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.ui import words
from console.ui.pages import BadToken, Pager, place, token_bytes, token_text
from console.ui.paths import Name
from console.ui.templatetags.console import attribute, scalar


def test_a_number_is_not_a_truth() -> None:
    assert [scalar(value) for value in (1, 0, True, False, None, "x")] == [
        "1",
        "0",
        "true",
        "false",
        "null",
        "x",
    ]


def test_an_attribute_is_told_without_what_its_type_adds() -> None:
    shown = [attribute(value) for value in (3180.0, 29.7, ["a", "b"], True)]

    assert shown == ["3180", "29.7", "a, b", "true"]


def test_an_amount_in_a_sentence_is_grouped_and_nothing_else_is() -> None:
    says = "of 1234567.50 EUR, -9000 JPY and 999.00 EUR; 12345 runs of 2026"

    assert words.amounts(says) == (
        "of 1,234,567.50 EUR, -9,000 JPY and 999.00 EUR; 12345 runs of 2026"
    )
    assert words.amounts("1,372.00 EUR in period x1372.00 EUR") == (
        "1,372.00 EUR in period x1372.00 EUR"
    )


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.24, "240 ms"),
        (12.4, "12.4 s"),
        (20, "20 s"),
        (2453, "40 m 53 s"),
        (45_720, "12 h 42 m"),
        (31 * 86400 + 60, "31 d 0 h"),
    ],
)
def test_a_span_is_told_in_its_two_largest_units(seconds: float, text: str) -> None:
    assert words.span(timedelta(seconds=seconds)) == text


@given(
    st.text(min_size=1, max_size=80).filter(
        lambda text: "\0" not in text and not any(0xD800 <= ord(c) < 0xE000 for c in text)
    )
)
def test_any_workflow_id_travels_through_a_path(text: str) -> None:
    url = Name().to_url(text)

    assert Name().to_python(url) == text
    assert "/" not in url
    assert url not in {".", ".."}


@given(st.binary(max_size=300))
def test_a_page_token_travels_as_text(token: bytes) -> None:
    assert token_bytes(token_text(token)) == token


@pytest.mark.parametrize("text", ["%%%", "a" * 5_000, "ä"])
def test_a_broken_page_token_is_refused(text: str) -> None:
    with pytest.raises(BadToken):
        token_bytes(text)


def test_the_pages_behind_travel_with_the_address() -> None:
    first = Pager(1, 25, 25, b"two", {"q": "x"})
    address = dict(part.split("=") for part in first.next_url[1:].split("&"))
    number, token, behind = place(address)
    second = Pager(number, 25, 25, b"three", {"q": "x"}, behind, address["token"])

    assert (number, token) == (2, b"two")
    assert second.back_url == "?q=x&size=25"
    assert (second.first, second.last) == (26, 50)
