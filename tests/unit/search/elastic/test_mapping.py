"""A record as a document, and back."""

from search.elastic import mapping
from tests.support.visibility import a_record, odd_records


def test_a_document_holds_only_what_the_mapping_knows() -> None:
    for record in odd_records(50):
        assert set(mapping.document(record)) <= set(mapping.PROPERTIES)


def test_a_document_leaves_out_what_is_missing() -> None:
    document = mapping.document(a_record())

    assert "close_time" not in document
    assert "slots" not in document
    assert "memo" not in document


def test_the_words_of_a_memo_lie_in_a_field_that_every_index_has() -> None:
    document = mapping.document(a_record(memo_words=["back", "call"]))

    assert document["slots"] == {"Text": {"MemoText": ["back", "call"]}}


def test_a_record_comes_back_from_its_document() -> None:
    for record in [*odd_records(50), a_record(memo=b"\x00\xff", search_attributes=b"\x01")]:
        assert mapping.record_of(mapping.document(record)) == record
