"""What can be named, what may be given, and the texts that sort as their values do."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search import attributes
from search.attributes import BadAttribute, ValueType, instant, slots, sortable, words
from tests.support.visibility import CUSTOM, NOON, a_record


@dataclass
class Payload:
    data: bytes
    metadata: Mapping[str, bytes] = field(default_factory=dict)


def payloads(**values: Any) -> dict[str, Payload]:
    return {name: Payload(json.dumps(value).encode()) for name, value in values.items()}


def test_given_attributes_lie_by_type_and_name() -> None:
    given_now = payloads(
        Customer="c-1", Tags=["b", "a", "b"], Amount=5, Vip=True, Notes="Hello, hello world"
    )

    assert slots(given_now, CUSTOM) == {
        "Keyword": {"Customer": "c-1"},
        "KeywordList": {"Tags": ["a", "b"]},
        "Int": {"Amount": "8000000000000005"},
        "Bool": {"Vip": "true"},
        "Text": {"Notes": ["hello", "world"]},
    }


def test_predefined_attributes_need_no_registration() -> None:
    assert slots(payloads(BuildIds=["v1"], TemporalSchedulePaused=False), {}) == {
        "KeywordList": {"BuildIds": ["v1"]},
        "Bool": {"TemporalSchedulePaused": "false"},
    }


def test_null_and_the_empty_list_unset_an_attribute() -> None:
    assert slots({**payloads(Customer=None, Tags=[]), "Amount": Payload(b"")}, CUSTOM) == {}


def test_one_value_in_a_list_is_that_value() -> None:
    assert slots(payloads(Customer=["c-1"]), CUSTOM) == {"Keyword": {"Customer": "c-1"}}


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("Unknown", 1, "there is no search attribute"),
        ("WorkflowId", "x", "can't be set"),
        ("Customer", 5, "of type Keyword$"),
        ("Customer", ["a", "b"], "of type Keyword$"),
        ("Customer", "x" * 3_000, "longer than 2048 bytes"),
        ("Customer", "a\0b", "NUL"),
        ("Tags", "a", "of type KeywordList$"),
        ("Tags", [1], "of type KeywordList$"),
        ("Amount", "5", "of type Int$"),
        ("Amount", True, "of type Int$"),
        ("Amount", 2**63, "of type Int$"),
        ("Vip", 1, "of type Bool$"),
        ("Rate", "fast", "of type Double$"),
        ("Due.At", "tomorrow", "of type Datetime$"),
    ],
)
def test_what_cannot_be_taken_is_refused_by_name(name: str, value: object, why: str) -> None:
    with pytest.raises(BadAttribute, match=why) as refused:
        slots(payloads(**{name: value}), CUSTOM)

    assert name in str(refused.value)


def test_what_is_no_json_is_refused() -> None:
    with pytest.raises(BadAttribute, match="not JSON"):
        slots({"Customer": Payload(b"{")}, CUSTOM)


@given(st.integers(-(2**63), 2**63 - 1), st.integers(-(2**63), 2**63 - 1))
def test_texts_of_numbers_sort_as_the_numbers(one: int, other: int) -> None:
    assert (sortable(one) < sortable(other)) == (one < other)


@given(st.floats(allow_nan=False), st.floats(allow_nan=False))
def test_texts_of_fractions_sort_as_the_fractions(one: float, other: float) -> None:
    assert (sortable(one) < sortable(other)) == (one < other)


times = st.datetimes(timezones=st.just(UTC))


@given(times, times)
def test_texts_of_times_sort_as_the_times(one: datetime, other: datetime) -> None:
    assert (sortable(one) < sortable(other)) == (one < other)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-03-02T12:00:00Z", NOON),
        ("2026-03-02t12:00:00z", NOON),
        ("2026-03-02 12:00:00", NOON),
        ("2026-03-02T12:00:00.5Z", NOON + timedelta(milliseconds=500)),
        ("2026-03-02T12:00:00.123456789Z", NOON + timedelta(microseconds=123_456)),
        ("2026-03-02T14:30:00+02:30", NOON),
        ("2026-03-02", NOON - timedelta(hours=12)),
        ("noon", None),
        ("2026-13-02", None),
        ("2026-03-02T25:00:00Z", None),
        ("9999-12-31T23:59:59-14:00", None),
        ("", None),
    ],
)
def test_a_time_is_read_as_rfc_3339(text: str, moment: datetime | None) -> None:
    assert instant(text) == moment


def test_words_are_folded_and_said_once() -> None:
    assert words("Card 4242: DECLINED, card_x straße") == [
        *("4242", "card", "card_x", "declined", "strasse")
    ]


def test_a_record_finds_its_own_lists_again() -> None:
    record = a_record(
        failing_activity_types=["B", "A"],
        waiting_on=["timer"],
        problems=["x"],
        last_failure_message="card declined",
        memo_words=["back", "call"],
        memo_fields=["note"],
        custom={"Text": {"Notes": ["a"]}, "KeywordList": {"Tags": ["t"]}},
    )

    stored = attributes.stored_slots(record)

    assert stored["Text"] == {
        "Notes": ["a"],
        "LastFailureMessage": ["card", "declined"],
        "MemoText": ["back", "call"],
    }
    assert attributes.taken_apart(stored) == {
        "failing_activity_types": ["B", "A"],
        "waiting_on": ["timer"],
        "problems": ["x"],
        "paused": [],
        "memo_words": ["back", "call"],
        "memo_fields": ["note"],
        "custom": record.custom,
    }


def test_a_custom_attribute_never_hides_a_system_one() -> None:
    found = attributes.find("WorkflowId", {"WorkflowId": ValueType.INT})

    assert found is not None
    assert found.column == "workflow_id"


def test_another_zone_is_the_same_moment() -> None:
    tokyo = timezone(timedelta(hours=9))

    assert sortable(NOON.astimezone(tokyo)) == sortable(NOON)
