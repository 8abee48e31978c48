"""Search attributes and the words of failures, as a person with masks may see and ask for them."""

import json

import pytest
from temporalio.api.common.v1 import Payload, SearchAttributes
from temporalio.api.failure.v1 import Failure
from temporalio.api.history.v1 import HistoryEvent

from console.gateway import columns, indexed, payloads, questions, sight, walking
from console.gateway.channel import GatewayError
from console.gateway.masks import MASK
from console.gateway.namespaces import Attributes
from console.gateway.questions import Question
from console.gateway.sight import Sight


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
        "open runs, 20: Iban = 'DE02'",
        "/*'*/ Iban = 'DE02' /*'*/",
        "LastFailureMessage CONTAINS 'card'",
        "MemoText CONTAINS 'card'",
    ],
)
def test_a_question_that_names_what_is_hidden_is_not_asked(query: str) -> None:
    hidden = ("Iban", "failure.message")

    with sight.through(Sight("shop", hidden=hidden)), pytest.raises(GatewayError, match="masked"):
        indexed.check("shop", query)


def test_the_words_of_memos_are_for_those_who_see_every_field() -> None:
    known = Attributes({"MemoText": "Text", "RunId": "Keyword"}, {"Iban": "Keyword"})

    with sight.through(Sight("shop", hidden=("card.number",))):
        assert indexed.searchable(known) == Attributes({"RunId": "Keyword"}, {"Iban": "Keyword"})
    with sight.through(Sight("shop")):
        assert indexed.searchable(known) == known
    assert columns.kind("MemoText", known) == "", "no row tells it"


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
