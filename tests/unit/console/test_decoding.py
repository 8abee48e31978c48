"""A search looks into payloads that are compressed or encrypted, and keeps nothing of it."""

import asyncio
import json
import zlib
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from temporalio.api.common.v1 import Payload

from console import policies
from console.gateway import codec
from console.gateway.events import Event, event
from console.gateway.sight import Sight, through
from console.workflows import decoding, searching
from console.workflows.decoding import Decoded
from console.workflows.reading import Known
from examples.codec.aes import AesCodec
from tests.support.codecs import KEYS, codec_server
from tests.unit.console.test_timeline import scheduled

ORDER = {"customer": "Ada Lindhus", "pin": "4111-2222"}


def plain(content: Any) -> Payload:
    return Payload(metadata={"encoding": b"json/plain"}, data=json.dumps(content).encode())


def packed(inside: bytes, encoding: bytes = b"binary/zlib") -> Payload:
    return Payload(metadata={"encoding": encoding}, data=zlib.compress(inside))


def encrypted(*contents: Any) -> list[Payload]:
    return asyncio.run(AesCodec(KEYS).encode([plain(one) for one in contents]))


def history(*payloads: Payload) -> Known:
    return Known(front=[_with(number, one) for number, one in enumerate(payloads, 1)], began=True)


def _with(number: int, payload: Payload) -> Event:
    raw = scheduled(number, number).raw
    raw.activity_task_scheduled_event_attributes.input.payloads.append(payload)
    return event(raw)


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with codec_server() as found:
        yield found


@pytest.fixture
def looking(address: str) -> Sight:
    """Of somebody from whom nothing is hidden."""
    return of_codec(address)


def of_codec(address: str) -> Sight:
    policy = policies.parse({"namespace": {"shop": {"codec": {"endpoint": address}}}}, str)["shop"]
    return Sight("shop", policy)


def looked(known: Known, text: str, begin: int = 1) -> Decoded:
    found = decoding.look(searching.search(known, text, 60), text, begin)
    assert found is not None
    return found


def test_what_is_compressed_is_read_without_a_codec_however_it_was_packed() -> None:
    known = history(
        packed(plain(ORDER).SerializeToString()),
        packed(json.dumps(ORDER).encode(), b"binary/gzip"),
        packed(b"a note for Ada Lindhus"),
        packed(b"\x00\x01\x02 Ada Lindhus"),
    )

    found = searching.search(known, "lindhus")

    assert ([one.id for one in found.events], found.unread) == ([1, 2, 3], 1)


def test_who_has_masks_finds_nothing_by_what_they_hide_in_it() -> None:
    known = history(packed(plain(ORDER).SerializeToString()))

    with through(Sight("shop", hidden=("pin",))):
        masked = searching.search(known, "4111").events
        shown = searching.search(known, "lindhus").events

    assert (masked, [one.id for one in shown]) == ([], [1])


def test_much_that_lies_in_little_is_read_for_one_answer_and_not_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(searching, "INFLATED_BYTES_MAX", 1_000_000)
    known = history(*(packed(json.dumps(["x" * 600_000, n]).encode()) for n in (1_234, 5_678)))

    first = searching.search(known, "5678")

    assert (first.events, first.unread) == ([], 1)
    assert [one.id for one in looked(known, "5678").events] == [2]


def test_what_the_codec_decodes_is_found_where_it_stands(looking: Sight) -> None:
    known = history(*encrypted(ORDER), plain("clear"), *encrypted("Bob"))

    with through(looking):
        found = looked(known, "lindhus")

    assert ([one.id for one in found.events], found.count, found.unread) == ([1], 2, 0)
    assert (found.first, found.last, found.next_id) == (1, 3, 0)
    assert (found.snippets[1].path, found.snippets[1].match) == ("input.payloads", "Lindhus")


def test_a_mask_holds_for_what_was_decoded(looking: Sight) -> None:
    known = history(*encrypted(ORDER))

    with through(replace(looking, hidden=("pin",))):
        hidden, shown = looked(known, "4111"), looked(known, "lindhus")

    assert (hidden.events, [one.id for one in shown.events]) == ([], [1])
    assert "4111" not in str(shown.snippets)


def test_nothing_that_was_decoded_is_kept(looking: Sight) -> None:
    known = history(*encrypted(ORDER))
    before = known.front[0].raw.SerializeToString()

    with through(looking):
        assert looked(known, "lindhus").events

    assert looking.opened == {}
    assert known.front[0].raw.SerializeToString() == before
    kept = "".join(chunk.text for one in searching._kept.values() for chunk in one.chunks)
    assert "lindhus" not in kept


def test_a_long_history_is_looked_into_piece_by_piece(
    looking: Sight, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(codec, "PAYLOADS_MAX", 3)
    monkeypatch.setattr(decoding, "CALLS_MAX", 2)
    known = history(*encrypted(*(f"order {number}" for number in range(1, 11))))

    with through(looking):
        first = looked(known, "order")
        then = looked(known, "order", first.next_id)

    assert (first.count, first.last, first.next_id, first.left) == (6, 6, 7, 4)
    assert [one.id for one in then.events] == [7, 8, 9, 10]
    assert (then.first, then.next_id, then.left) == (7, 0, 0)


def test_what_a_codec_refuses_is_counted_and_keeps_nothing_else_closed(looking: Sight) -> None:
    broken = Payload(metadata={"encoding": b"binary/encrypted"}, data=b"\x07")
    known = history(broken, *encrypted("Ada"))

    with through(looking):
        found = looked(known, "ada")

    assert ([one.id for one in found.events], found.unread, found.next_id) == ([2], 1, 0)
    assert "answered 4" in found.trouble


def test_a_codec_that_is_away_is_told_and_the_search_begins_there_again() -> None:
    known = history(*encrypted("Ada", "Bob"))

    with through(of_codec("http://127.0.0.1:1")):
        found = looked(known, "ada")

    assert (found.events, found.count, found.next_id, found.left) == ([], 0, 1, 2)
    assert "does not answer" in found.trouble


def test_where_nobody_decodes_there_is_nothing_to_look_into() -> None:
    known = history(*encrypted(ORDER))

    assert decoding.look(searching.search(known, "ada"), "ada", 1) is None
