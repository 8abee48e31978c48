"""What of a memo a search finds."""

import json

import pytest
from temporalio.api.common.v1 import Memo, Payload

from engine.protocol import memos


def held(content: object, encoding: str = "json/plain") -> Payload:
    data = content if isinstance(content, bytes) else json.dumps(content).encode()
    return Payload(metadata={"encoding": encoding.encode()}, data=data)


@pytest.mark.parametrize(
    ("payload", "words"),
    [
        (held("Call her BACK on Friday"), ["back", "call", "friday", "her", "on"]),
        (held({"a": ["deep", {"b": {"c": "er"}}], "d": True, "e": None}), ["deep", "er"]),
        (held(b"[12.50, -7, 1e9]"), ["12", "1e9", "50", "7"]),
        (held('{"note": "inner"}'), ["inner", "note"]),
        (held(b'{"note": "by proto"}', "json/protobuf"), ["by", "proto"]),
        (held(b"plain \xff text", "text/plain"), ["plain", "text"]),
        (held(b"cipher text", "binary/encrypted"), []),
        (held(b"cipher text", "binary/plain"), []),
        (held(b"{not json"), []),
        (held(b"[" * 20_000 + b"]" * 20_000), []),
        (Payload(data=b'"of no encoding"'), []),
    ],
)
def test_texts_and_numbers_have_words_and_what_is_encoded_has_none(
    payload: Payload, words: list[str]
) -> None:
    found = memos.told({"note": payload})

    assert found.words == words
    assert memos.stored(Memo(fields={"note": payload}).SerializeToString()) == found


@pytest.mark.parametrize(
    ("payload", "fields"),
    [
        (held("Call her"), ["note"]),
        (
            held({"A": ["deep", {"STRASSE": {"c": "er"}}], "d": True}),
            ["a", "c", "d", "note", "strasse"],
        ),
        (held({"straße": 1}), ["note", "strasse"]),
        (held('  {"iban": "[{\\"pin\\": 1}]"}'), ["iban", "note", "pin"]),
        (held('{"iban": NaN}'), ["iban", "note"]),
        (held("[urgent] call"), ["*", "note"]),
        (held('{"a": {"iban": "DE02"}, "a": 1}'), ["*", "note"]),
        (held("[1" * 2_000), ["*", "note"]),
        (held('["\\ud800"]'), ["note"]),
        (held('{"\\ud800": 1}'), ["*"]),
        (held({"x" * 101: 1}), ["*"]),
        (held(dict.fromkeys(map(str, range(101)), 1)), ["*"]),
        (held(b"plain text", "text/plain"), ["*", "note"]),
        (held(b"cipher text", "binary/encrypted"), []),
        (held({"nothing": None}), []),
    ],
)
def test_the_names_of_all_fields_that_have_words_are_told_or_that_they_cannot_be(
    payload: Payload, fields: list[str]
) -> None:
    assert memos.told({"note": payload}).fields == fields


def test_what_is_too_long_is_left_out_whole_and_hides_nothing_else() -> None:
    memo = {
        "a": held("x " * memos.READ_BYTES_MAX),
        "b": held("short"),
        "c": held(b"z " * memos.READ_BYTES_MAX, "binary/encrypted"),
        "d": held("y " * (memos.READ_BYTES_MAX // 2 - 10)),
        "e": held("w " * 20),
    }

    assert memos.told(memo) == (["short", "y"], ["b", "d"])


def test_the_schemas_that_the_console_is_told_say_nothing_of_the_run() -> None:
    memo = {"perdure.actions": held({"type": "object"}), "perdure": held("it")}

    assert memos.told(memo) == (["it"], ["perdure"])
