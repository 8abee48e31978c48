"""What is offered while a query is being typed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.gateway.namespaces import Attributes
from console.workflows.completing import OFFERS_MAX, Offer, offers
from search.attributes import SYSTEM

OURS = Attributes(
    {name: str(one.type) for name, one in SYSTEM.items()},
    {"Vip": "Bool", "Due-At": "Datetime", "Region": "Keyword"},
)
ELSEWHERE = Attributes(
    {name: OURS.system[name] for name in ("WorkflowType", "StartTime", "ExecutionStatus")}, {}
)
SEEN = {"WorkflowType": ["Order", "Sub's"]}


def at(text: str, attributes: Attributes = OURS) -> list[Offer]:
    """The caret is where the bar stands."""
    caret = text.index("|")
    return offers(text.replace("|", ""), caret, attributes, lambda name: SEEN.get(name, []))


def texts(text: str, attributes: Attributes = OURS) -> list[str]:
    return [one.text.strip() for one in at(text, attributes)]


def taken(text: str) -> str:
    """The query after the first offer was taken."""
    offer, plain = at(text)[0], text.replace("|", "")
    return plain[: offer.start] + offer.text + plain[offer.end :]


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("workflowt|", "WorkflowType"),
        ("WorkflowType = 'a' AND Vi|", "Vip"),
        ("NOT (Execut|", "ExecutionStatus"),
        ("du|", "`Due-At`"),
        ("Region |", "="),
        ("Region STA|", "STARTS_WITH"),
        ("ExecutionStatus = |", "'Running'"),
        ("ExecutionStatus IN ('Running', 'fai|", "'Failed'"),
        ("Vip = |", "true"),
        ("StartTime > |", "now() - '1h'"),
        ("StartTime > now() - |", "'15m'"),
        ("WorkflowType = |", "'Order'"),
        ("WorkflowType = 'su|", "'Sub\\'s'"),
        ("Vip = true |", "AND"),
        ("Vip = true ord|", "ORDER BY"),
        ("ORDER BY star|", "StartTime"),
        ("ORDER BY StartTime d|", "DESC"),
        ("CloseTime IS |", "NULL"),
    ],
)
def test_the_likeliest_comes_first(text: str, first: str) -> None:
    assert texts(text)[0] == first


@pytest.mark.parametrize("text", ["Nothing = = |", "'a' |", "RunId = |", "Vip = true|"])
def test_where_nothing_is_known_nothing_is_offered(text: str) -> None:
    assert texts(text) == []


def test_the_type_of_the_attribute_says_which_operators() -> None:
    assert "<" not in texts("WaitingOn |")
    assert "STARTS_WITH" not in texts("StartTime |")
    assert "BETWEEN" in texts("StartTime |")


def test_what_another_server_has_not_is_not_offered() -> None:
    assert "CONTAINS" in texts("WorkflowType |")
    assert "CONTAINS" not in texts("WorkflowType |", ELSEWHERE)
    assert "ORDER BY" not in texts("WorkflowType = 'a' |", ELSEWHERE)


def test_only_what_sorts_is_offered_to_sort_by() -> None:
    assert "LastFailureMessage" not in texts("ORDER BY Last|")
    assert "LastFailureType" in texts("ORDER BY Last|")


@pytest.mark.parametrize(
    ("text", "after"),
    [
        ("WorkflowT|ipe = 'a'", "WorkflowType = 'a'"),
        ("WorkflowType = 'O|' AND Vip = true", "WorkflowType = 'Order' AND Vip = true"),
        ("Regi|", "Region "),
        ("Vip = tr|", "Vip = true "),
    ],
)
def test_what_is_taken_replaces_the_word_at_the_caret(text: str, after: str) -> None:
    assert taken(text) == after


def test_places_are_counted_as_a_browser_counts_them() -> None:
    text = "WorkflowId = '😀😀' AND WorkflowT = 'ä😀'"
    begun = "WorkflowId = '😀😀' AND "

    def units(part: str) -> int:
        return len(part.encode("utf-16-le")) // 2

    caret = units(f"{begun}WorkflowT")
    offer = offers(text, caret, OURS, lambda _: [])[0]

    assert (offer.text, offer.start) == ("WorkflowType ", units(begun))
    assert offer.end == units(f"{begun}WorkflowT ")


@given(st.text(alphabet="aOR AND('\")=<>_`0\n\\é😀,now()", max_size=60), st.integers(-3, 80))
def test_any_text_and_any_caret_are_taken(text: str, caret: int) -> None:
    found = offers(text, caret, OURS, lambda _: ["x"])

    assert len(found) <= OFFERS_MAX
    assert all(0 <= one.start <= one.end <= 2 * len(text) for one in found)
