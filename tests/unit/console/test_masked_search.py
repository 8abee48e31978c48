"""Search attributes and the words of failures, as a person with masks may see and ask for them."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from temporalio.api.common.v1 import Payload, SearchAttributes
from temporalio.api.failure.v1 import Failure
from temporalio.api.history.v1 import HistoryEvent

from console.gateway import columns, indexed, masks, payloads, questions, sight, walking
from console.gateway.channel import GatewayError
from console.gateway.masks import MASK
from console.gateway.namespaces import Attributes
from console.gateway.questions import Question
from console.gateway.sight import Sight
from console.workflows import finding
from engine.protocol import memos

#: for who sees neither Iban nor failure.message
GUARD = "MemoFields IS NOT NULL AND NOT MemoFields IN ('*', 'iban', 'message')"


def indexed_as(content: object, kind: str = "Keyword") -> Payload:
    metadata = {"encoding": b"json/plain", "type": kind.encode()}
    return Payload(metadata=metadata, data=json.dumps(content).encode())


def test_an_attribute_is_masked_by_its_name_and_those_of_the_server_are_left() -> None:
    fields = {
        "Iban": indexed_as(["DE02"], "KeywordList"),
        "Due": indexed_as("2026-01-31T09:00:00Z", "Datetime"),
        "Note": indexed_as('{"iban": "DE02", "kind": "gold"}', "Text"),
        "BuildIds": indexed_as(["v1"], "KeywordList"),
        "LastFailureMessage": indexed_as("no such card"),
    }

    with sight.through(Sight(hidden=("iban", "due", "BuildIds", "failure.message"))):
        found = indexed.seen(fields.items())

    assert (found["Iban"], found["Due"], found["LastFailureMessage"]) == (MASK, MASK, MASK)
    assert json.loads(found["Note"]) == {"iban": MASK, "kind": "gold"}
    assert found["BuildIds"] == ["v1"]


@pytest.mark.parametrize(
    "query",
    [
        "Iban = 'DE02'",
        "WorkflowType = 'Iban' OR `Iban` STARTS_WITH 'DE'",
        "ORDER BY Iban",
        "GROUP BY Iban",
        "WorkflowType = 'a'ANDIban = 'DE02'",
        "RunId = 1ANDIban = 2",
        "ORDER BYIban",
        "open runs, 20: Iban = 'DE02'",
        "/*'*/ Iban = 'DE02' /*'*/",
        "LastFailureMessage CONTAINS 'card'",
        "MemoText CONTAINS 'card'",
        f"MemoText = 'card' OR ({GUARD})",
        "MemoText = 'card' AND NOT MemoFields IN ('*', 'iban', 'message')",
        "MemoText = 'card' AND MemoFields IS NOT NULL AND MemoFields NOT IN ('iban', 'message')",
        "MemoText = 'card' AND MemoFields IS NOT NULL AND MemoFields NOT IN ('*', 'Iban')",
        f"NOT (MemoText = 'card' AND {GUARD})",
        f"/*'*/ MemoText = 'card' AND {GUARD} /*'*/",
    ],
)
def test_a_question_that_names_what_is_hidden_is_not_asked(query: str) -> None:
    hidden = ("Iban", "failure.message")

    with sight.through(Sight("shop", hidden=hidden)), pytest.raises(GatewayError, match="masked"):
        indexed.check("shop", query)


@pytest.mark.parametrize("name", ["In", "Contains", "Null", "Desc", "between"])
def test_an_attribute_that_is_called_like_a_word_is_masked_without_backquotes_too(
    name: str,
) -> None:
    with sight.through(Sight("shop", hidden=(name,))):
        for query in (f"{name} = 'DE02'", f"RunId = 'a' AND {name} IN ('b')", f"ORDER BY {name}"):
            with pytest.raises(GatewayError, match="masked"):
                indexed.check("shop", query)
            assert indexed.told(query) == MASK


def test_of_a_masked_attribute_neither_true_nor_false_is_told() -> None:
    with sight.through(Sight("shop", hidden=("Vip",))):
        assert indexed.told("Vip = true AND Paid = false") == f"Vip = '{MASK}' AND Paid = false"


@pytest.mark.parametrize(
    "query",
    [
        f"MemoText CONTAINS 'card' AND {GUARD}",
        f"({GUARD} AND (MemoText = 'a' OR RunId = 'b')) AND Plan = 'c' ORDER BY StartTime",
        f"open runs, 20: (MemoText = 'a' AND {GUARD}) AND Plan = 'c'",
        "MemoFields NOT IN ('*', 'iban', 'message') AND MemoFields IS NOT NULL AND MemoText = 'a'",
    ],
)
def test_the_words_of_memos_are_searched_where_nothing_of_a_memo_is_masked(query: str) -> None:
    with sight.through(Sight("shop", hidden=("Iban", "failure.message"))):
        indexed.check("shop", query)
        assert finding.guarded("MemoText = 'a' OR RunId = 'b' ORDER BY StartTime") == (
            f"(MemoText = 'a' OR RunId = 'b') AND {GUARD} ORDER BY StartTime"
        )
        assert finding.guarded(GUARD) == GUARD


def test_where_any_field_may_be_masked_no_words_of_memos_are_searched() -> None:
    known = Attributes({"MemoText": "Text", "RunId": "Keyword"}, {"Iban": "Keyword"})

    with sight.through(Sight("shop", hidden=("card.*",))):
        assert indexed.searchable(known).system == {"RunId": "Keyword"}
        with pytest.raises(GatewayError, match="masked for you"):
            indexed.check("shop", f"MemoText = 'a' AND {GUARD}")
    with sight.through(Sight("shop", hidden=("card.number",))):
        assert indexed.searchable(known) == known
    assert columns.kind("MemoText", known) == "", "no row tells it"


NAMES = st.sampled_from(["iban", "IBAN", "card", "number", "pin", "kind", "straße", "STRASSE"])
PLAIN = st.one_of(NAMES, st.integers(), st.floats(), st.none(), st.sampled_from(["[a", "{", " "]))
HELD = st.recursive(
    PLAIN,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(NAMES, inner, max_size=3),
        st.dictionaries(NAMES, inner, max_size=3).map(json.dumps),
        st.tuples(NAMES, inner).map(lambda pair: f'{{"a": {json.dumps(pair)}, "a": 1}}'),
    ),
    max_leaves=9,
)
RULES = st.sampled_from(["iban", "card.number", "$.pin", "*.Pin", "STRASSE", "card.kind"])


@settings(deadline=None)
@given(NAMES, HELD, st.lists(RULES, min_size=1, max_size=2))
def test_a_memo_that_is_searched_has_nothing_masked(
    name: str, held: object, hidden: list[str]
) -> None:
    payload = indexed_as(held)
    told = memos.told({name: payload})
    seen = Sight("shop", hidden=tuple(hidden)).seen(payload, name)

    excluded = {indexed.OPAQUE, *masks.last_keys(hidden)}
    if told.words and not excluded & set(told.fields):
        assert (seen.masked, seen.state) == (0, "")


def test_a_question_of_others_is_asked() -> None:
    with sight.through(Sight("shop", hidden=("Iban", "WorkflowType"))):
        indexed.check("shop", "WorkflowType = 'Iban' AND Plan = 'Iban'")
        indexed.check("elsewhere", "Iban = 'DE02'")


@pytest.mark.parametrize(
    ("message", "seen"),
    [
        ("no such card", "no such card"),
        ('{"pin": 1234}', f'{{"pin": "{MASK}"}}'),
        ('{"say": "the index has cut this: ", "pin": "12', MASK),
        ("[Errno 2] no such file", "[Errno 2] no such file"),
    ],
)
def test_a_message_that_the_index_cut_shows_nothing_of_a_masked_field(
    message: str, seen: str
) -> None:
    with sight.through(Sight(hidden=("pin",))):
        assert payloads.words_seen(message) == seen


def test_every_failure_of_a_chain_is_masked_in_a_file() -> None:
    raw = HistoryEvent(event_id=9)
    failed = raw.activity_task_failed_event_attributes.failure
    failed.CopyFrom(Failure(message="of 1234", cause=Failure(message="for 1234", stack_trace="s")))

    seen = Sight(hidden=("failure.message",)).as_seen(raw)

    found = seen.activity_task_failed_event_attributes.failure
    assert (found.message, found.cause.message, found.cause.stack_trace) == (MASK, MASK, "s")
    assert failed.message == "of 1234"


def test_an_address_of_a_payload_stays_when_attributes_and_words_are_numbered_too() -> None:
    raw = HistoryEvent(event_id=1)
    began = raw.workflow_execution_started_event_attributes
    held = SearchAttributes(indexed_fields={"Iban": indexed_as("DE02")})
    began.search_attributes.CopyFrom(held)
    began.input.payloads.append(indexed_as("input"))
    began.header.fields["trace"].CopyFrom(indexed_as("header"))
    began.continued_failure.message = "no such card"

    numbered = [name for name, _ in walking.numbered_in(raw)]

    assert [json.loads(one.data) for one in walking.payloads_in(raw)] == ["input", "header"]
    assert numbered == ["", "trace", "Iban", "failure"]


def test_a_question_is_read_from_its_address_and_shows_nothing_in_it() -> None:
    letters = questions.sealed(Question("state", ("DE02-7733", {"a": 1})))

    assert "DE02" not in letters
    assert questions.opened(letters) == Question("state", ("DE02-7733", {"a": 1}))
    assert questions.opened(letters[:-2] + "xx") is None
    assert questions.sealed(Question("state", tuple(range(5_000)))) == ""
