import pytest

from engine.errors import InvalidArgument
from engine.protocol import tokens
from engine.protocol.tokens import HistoryToken, TaskToken

RUN_ID = "5ea0811c-673d-425f-9ec2-16c3ee6bd386"
TOKEN = TaskToken("ns", "w", RUN_ID, 5, 6, 2, "a")


def test_a_token_comes_back_as_it_went() -> None:
    assert tokens.task(tokens.encode(TOKEN)) == TOKEN


@pytest.mark.parametrize(
    "given",
    [
        b"forged",
        b"\x02" + tokens.encode(TOKEN)[1:],
        tokens.encode(TOKEN)[:-1],
        tokens.encode(TOKEN) + b"x",
        tokens.encode(HistoryToken("ns", "w", RUN_ID, 1, 2))[:3],
        b"\x01" * 100_000,
    ],
    ids=["forged", "of another version", "cut off", "too long", "of another kind", "huge"],
)
def test_a_broken_token_is_refused(given: bytes) -> None:
    with pytest.raises(InvalidArgument, match="deserializing"):
        tokens.task(given)


def test_a_missing_token_is_refused_in_its_own_words() -> None:
    with pytest.raises(InvalidArgument, match="not set"):
        tokens.task(b"")
