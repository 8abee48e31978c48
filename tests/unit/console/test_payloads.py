"""What a payload shows: by its encoding, by what is masked in it, by how long it is."""

import asyncio
import gzip
import json
import zlib
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from google.protobuf.duration_pb2 import Duration
from temporalio.api.common.v1 import Memo, Payload
from temporalio.api.failure.v1 import Failure
from temporalio.api.history.v1 import HistoryEvent

from console import policies
from console.gateway import lengths, payloads, sight, texts
from console.gateway.masks import MASK, TooDeep, masked
from console.gateway.sight import Sight
from console.policies import WrongPolicy
from examples.codec.aes import AesCodec
from tests.support.codecs import KEYS, codec_server


def packed(encoding: str, data: bytes, **metadata: bytes) -> Payload:
    return Payload(metadata={"encoding": encoding.encode(), **metadata}, data=data)


INNER = packed("json/plain", b'{"amount":"12.00"}')


@pytest.mark.parametrize(
    ("payload", "content", "text"),
    [
        (INNER, {"amount": "12.00"}, ""),
        (packed("json/protobuf", b'{"a":1}', messageType=b"shop.Order"), {"a": 1}, ""),
        (packed("binary/null", b""), None, ""),
        (packed("binary/plain", "Grüße".encode()), None, "Grüße"),
        (packed("binary/plain", b"\x00\xff"), None, "00000000  00 ff"),
        (packed("binary/protobuf", b"\x08\x01", messageType=b"shop.Order"), None, "00000000  08"),
        (packed("binary/zlib", zlib.compress(INNER.SerializeToString())), {"amount": "12.00"}, ""),
        (packed("binary/gzip", gzip.compress(INNER.SerializeToString())), {"amount": "12.00"}, ""),
        (packed("binary/gzip", gzip.compress(INNER.data)), {"amount": "12.00"}, ""),
    ],
)
def test_each_encoding_is_read_as_far_as_it_goes(payload: Payload, content: Any, text: str) -> None:
    value = payloads.readable(payload)

    assert value.content == content
    assert value.text.startswith(text)
    assert value.state == ""


@pytest.mark.parametrize(
    "payload",
    [
        packed("binary/encrypted", b"\x01\x02"),
        packed("binary/snappy", b"\x01\x02"),
        packed("binary/zlib", b"no zlib"),
        packed("binary/zlib", zlib.compress(b"0" * 20 * 2**20)),
        packed("json/plain", b"{"),
        packed("json/plain", b"[" * 100_000),
    ],
)
def test_what_cannot_be_read_says_so(payload: Payload) -> None:
    value = payloads.readable(payload)

    assert not value.readable
    assert value.note


def test_a_value_of_many_keys_is_no_tree() -> None:
    value = payloads.readable(packed("json/plain", json.dumps(list(range(1_000))).encode()))

    assert value.content == list(range(1_000))
    assert len(value.text) == payloads.BEGINNING_LETTERS


def test_a_page_draws_so_many_trees_and_no_more() -> None:
    one = packed("json/plain", json.dumps(list(range(390))).encode())

    with sight.through(Sight()):
        drawn = [not payloads.readable(one).text for _ in range(20)]

    assert drawn == [True] * (payloads.PAGE_NODES_MAX // 391) + [False] * 5


def test_the_windows_of_a_text_hold_all_of_it() -> None:
    payload = packed("text/plain", ("é" * 50_000 + "end").encode())
    first = texts.window(payload, 0)
    second = texts.window(payload, first.last)

    assert (first.before, first.after) == (None, texts.WINDOW_LETTERS)
    assert second.after is None
    assert first.text + second.text == payload.data.decode()


@pytest.mark.parametrize(
    ("hidden", "content", "expected"),
    [
        (["iban"], {"IBAN": "DE1", "a": [{"iban": {}}]}, {"IBAN": MASK, "a": [{"iban": MASK}]}),
        (["c.n"], {"c": [{"n": 1}], "n": 2}, {"c": [{"n": MASK}], "n": 2}),
        (["card.*"], {"card": {"a": 1, "b": {"c": 2}}}, {"card": {"a": MASK, "b": MASK}}),
        (["$.pin"], {"pin": 1, "inner": {"pin": 2}}, {"pin": MASK, "inner": {"pin": 2}}),
        (["pin"], {"text": ' {"pin": 1}'}, {"text": f'{{"pin": "{MASK}"}}'}),
        (["pin"], {"text": '{"pin": 1, "pin": 2}'}, {"text": MASK}),
        (["PIN", "c.pin"], {"Pin": 1, "\u017fpin": 2}, {"Pin": MASK, "\u017fpin": 2}),
        (["pin"], ["pin", {"text": "{no json"}], ["pin", {"text": "{no json"}]),
    ],
)  # fmt: skip
def test_a_field_is_masked_wherever_it_stands(
    hidden: list[str], content: Any, expected: Any
) -> None:
    found, count = masked(content, hidden)

    assert found == expected
    assert count == json.dumps(found, ensure_ascii=False).count(MASK)


def test_what_is_nested_too_deeply_is_not_said_to_be_masked() -> None:
    content: Any = {"pin": 1}
    for _ in range(300):
        content = {"in": content}

    with pytest.raises(TooDeep):
        masked(content, ["pin"])


@pytest.mark.parametrize(
    "payload",
    [
        packed("binary/plain", b'{"pin": 1234}'),
        packed("json/plain", b'{"in": {"pin": 1234}, "in": 2}'),
        packed("json/plain", b'{"pin": 1234'),
    ],
)
def test_what_cannot_be_masked_is_hidden_where_something_is_masked(payload: Payload) -> None:
    with sight.through(Sight(hidden=("pin",))):
        value = payloads.readable(payload)

    assert (value.content, value.text, value.state) == (None, "", "hidden")


def test_a_file_holds_nothing_that_could_hold_what_is_masked() -> None:
    raw = HistoryEvent(event_id=1)
    given = [
        packed("json/plain", b'{"pin":1234}'),
        packed("binary/msgpack", b"pin 1234"),
        packed("binary/zlib", zlib.compress(packed("json/plain", b'{"pin":1234}').data)),
        packed(sight.REFERENCE, b'{"pin":1234}'),
        packed("binary/encrypted", b"sealed"),
        packed("json/plain", b'{"tin":5678}'),
    ]
    raw.workflow_execution_signaled_event_attributes.input.payloads.extend(given)

    seen = Sight(hidden=("pin",)).as_seen(raw)

    found = seen.workflow_execution_signaled_event_attributes.input.payloads
    assert b"1234" not in seen.SerializeToString()
    assert found[1].metadata["masked"] == b"true"
    assert found[2].metadata["encoding"] == b"json/plain"
    assert list(found[4:]) == given[4:]


def test_a_glance_into_another_namespace_has_the_masks_of_that_one(settings: Any) -> None:
    given = {"namespace": {"a": {}, "b": {"masked": {"pin": "operator"}}}}
    settings.PAYLOADS = policies.parse(given, str)
    payload = packed("json/plain", b'{"pin":1}')

    with sight.through(Sight("a")):
        with sight.into("b"):
            there = payloads.readable(payload).content
        with sight.into("a"):
            here = payloads.readable(payload).content

    assert (there, here) == ({"pin": MASK}, {"pin": 1})


def test_without_a_person_everything_is_masked_that_is_masked_anywhere(settings: Any) -> None:
    settings.PAYLOADS = policies.parse({"namespace": {"a": {"masked": {"pin": "operator"}}}}, str)

    assert payloads.readable(packed("json/plain", b'{"pin":1}')).content == {"pin": MASK}


@pytest.mark.parametrize("data", [b'{"PIN":1}', b'{"\\u0070in":1}', b'{"in":"{\\"pin\\":1}"}'])
def test_no_way_to_write_a_key_hides_it_from_its_mask(data: bytes) -> None:
    with sight.through(Sight(hidden=("pin",))):
        value = payloads.readable(packed("json/plain", data))

    assert value.masked == 1
    assert MASK in str(value.content)


def test_a_path_from_the_top_begins_at_the_value_or_at_its_name() -> None:
    with sight.through(Sight(hidden=("$.pin",))):
        of_value = payloads.readable(packed("json/plain", b'{"pin":1,"in":{"pin":2}}'))
        of_memo = payloads.readable(packed("json/plain", b"1234"), name="pin")

    assert of_value.content == {"pin": MASK, "in": {"pin": 2}}
    assert of_memo.content == MASK


def test_a_page_of_bombs_is_inflated_no_further_than_one_request_may() -> None:
    bomb = packed("binary/zlib", zlib.compress(b" " * 9 * 2**20))

    with sight.through(Sight()):
        values = [payloads.readable(bomb) for _ in range(4)]

    assert [one.state for one in values] == ["", "", "closed", "closed"]
    assert "open it" in values[-1].note


def test_a_memo_is_masked_by_its_names_and_its_schemas_are_left_alone() -> None:
    schema = {"updates": {"pay": {"arguments": [{"properties": {"pin": {"type": "string"}}}]}}}
    fields = {
        "pin": packed("json/plain", b'"1234"'),
        "perdure.actions": packed("json/plain", json.dumps(schema).encode()),
    }

    with sight.through(Sight(hidden=("pin",))):
        found = payloads.memo(Memo(fields=fields))

    assert {name: one.content for name, one in found.items()} == {
        "pin": MASK,
        "perdure.actions": schema,
    }


def test_a_failure_whose_words_were_encoded_has_them_back() -> None:
    words = json.dumps({"message": "no such card", "stack_trace": "at charge"}).encode()
    failure = Failure(message="Encoded failure")
    failure.encoded_attributes.CopyFrom(packed("json/plain", words))

    found = payloads.failure(failure)

    assert (found.message, found.stack) == ("no such card", "at charge")


def test_what_is_kept_to_be_sent_is_encoded_before_it_is_kept(settings: Any) -> None:
    with codec_server() as address:
        given = {"namespace": {"shop": {"codec": {"endpoint": address}}}}
        settings.PAYLOADS = policies.parse(given, str)
        kept = payloads.sealed("shop", {"pin": 1234})
    [sent] = payloads.sent("shop", [kept]).payloads
    [opened] = asyncio.run(AesCodec(KEYS).decode([sent]))

    assert "1234" not in json.dumps(kept)
    assert payloads.told(kept) == "encoded by the namespace's codec"
    assert opened.data == b'{"pin":1234}'
    assert payloads.sealed("elsewhere", {"pin": 1234}) == {"pin": 1234}


def test_one_payload_of_a_lost_key_does_not_keep_the_others_closed() -> None:
    [good] = asyncio.run(AesCodec(KEYS).encode([INNER]))
    [lost] = asyncio.run(AesCodec({"2020": bytes(32)}).encode([INNER]))
    with codec_server() as address:
        policy = policies.Policy(codec=policies.Codec(address))
        with sight.through(Sight("shop", policy)) as looking:
            looking.prepare([good, lost])
            values = [payloads.readable(one) for one in (good, lost)]

    assert values[0].content == {"amount": "12.00"}
    assert "answered 400" in values[1].note


S3 = {"url": "https://b.example/{key}", "allow": {"key": ["*"]}}
CODEC = {"endpoint": "https://codec.example/{namespace}"}


@pytest.mark.parametrize(
    ("policy", "says"),
    [
        ({"mask": {}}, "mask is not known"),
        ({"masked": {"iban": "viewer"}}, "not by 'viewer'"),
        ({"masked": {"a..b": "admin"}}, "is no field"),
        ({"codec": {"endpoint": "codec.example"}}, "begins with https://"),
        ({"codec": {"endpoint": "https://{namespace}.example"}}, "names a host"),
        ({"codec": CODEC | {"mode": "both"}}, "must be one of browser, server"),
        ({"codec": CODEC | {"seconds": 99}}, "at most 30"),
        ({"codec": CODEC | {"authorization_env": "UNSET"}}, "UNSET, which is not set"),
        ({"codec": {"endpoint": "http://c.example", "passes_header": "X"}}, "must be https"),
        ({"stores": {"s3": {"url": "https://b.example/x"}}}, "no piece of the reference"),
        ({"stores": {"s3": {"url": "https://{host}/{key}"}}}, "names a host"),
        ({"stores": {"s3": {"url": "https://b.example/{key}"}}}, "allow.key must be a list"),
        ({"stores": {"s3": S3 | {"aws_profile": "x"}}}, "aws_profile needs aws_region"),
        ({"stores": {"s3": S3 | {"aws_region": "EU!"}}}, "Regions are such as eu-central-1"),
        ({"stores": {"s3": S3 | {"url": "http://b/{key}", "aws_region": "x"}}}, "must be https"),
    ],
)
def test_a_wrong_policy_is_refused_with_its_place(policy: dict[str, Any], says: str) -> None:
    with pytest.raises(WrongPolicy, match=r"^namespace\.shop[.:]") as refused:
        policies.parse({"namespace": {"shop": policy}}, lambda _: "")

    assert says in str(refused.value)


def test_a_namespace_has_its_own_policy_or_that_of_all_others() -> None:
    found = policies.parse({"namespace": {"*": {"codec": CODEC}, "shop": {}}}, lambda _: "")
    codec = policies.of(found, "billing").codec

    assert codec is not None
    assert codec.endpoint == "https://codec.example/billing"
    assert policies.of(found, "shop").codec is None
    assert policies.of(found, policies.OWN_NAMESPACE).codec is None


@pytest.mark.parametrize("seconds", [2**62, -(2**62), 400 * 365 * 86_400, 1])
def test_a_length_of_the_protocol_is_one_that_a_moment_bears(seconds: int) -> None:
    length = lengths.length(Duration(seconds=seconds))

    assert datetime(2026, 11, 29, tzinfo=UTC) + abs(length) > datetime(2026, 11, 29, tzinfo=UTC)
    assert (length > timedelta()) == (seconds > 0)
    assert abs(length) == lengths.LENGTH_MAX or length.total_seconds() == seconds
