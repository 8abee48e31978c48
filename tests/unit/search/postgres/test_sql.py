"""The SQL dialect: statements of literals alone, values as parameters."""

from datetime import timedelta

import pytest

from search.attributes import EPOCH
from search.postgres import sql
from search.query.check import check
from search.query.compile import compile_to
from search.query.parser import parse
from tests.support.visibility import CUSTOM, NOON


def said(text: str) -> sql.Fragment:
    return compile_to(sql.Sql(), check(parse(text), CUSTOM, NOON).meaning)


@pytest.mark.parametrize(
    ("query", "text", "parameters"),
    [
        ("", "true", ()),
        ("WorkflowId IN ('a', 'b')", "workflow_id = any(%s)", (["a", "b"],)),
        ("Customer = 'c'", "(slots @> %s::jsonb)", ('{"Keyword":{"Customer":"c"}}',)),
        ("Tags = 't'", "(slots @> %s::jsonb)", ('{"KeywordList":{"Tags":["t"]}}',)),
        ("HistoryLength > 5", "(history_length > %s)", (5,)),
        ("CloseTime IS NULL", "((close_time) is not null) is not true", ()),
        ("WorkflowId CONTAINS '5%'", "workflow_id like %s", ("%5\\%%",)),
        (
            "Amount >= 1",
            '((slots #>> %s::text[]) collate "C" >= %s)',
            (["Int", "Amount"], "8000000000000001"),
        ),
    ],
)
def test_each_test_has_its_words(query: str, text: str, parameters: tuple[object, ...]) -> None:
    assert said(query) == sql.Fragment(text, parameters)


def test_nothing_that_was_given_stands_in_the_statement() -> None:
    evil = "'); drop table visibility; --"
    quoted = evil.replace("'", "''")
    query = check(parse(f"Customer CONTAINS '{quoted}' OR WorkflowId = '{quoted}'"), CUSTOM, NOON)

    statement = sql.page("run_id", evil, query, (None, 5, evil), 10)

    assert "drop" not in statement.text
    assert statement.text.count("%s") == len(statement.parameters)


def test_a_page_goes_on_after_its_place_in_the_order() -> None:
    search = check(parse("ORDER BY NextRetryTime"), {}, NOON)
    micros = 1_000_000

    statement = sql.page("run_id", "n", search, (micros, "run-1"), 10)

    _, after = statement.text.split(" and true and ")
    assert after == (
        "(((next_retry_time > %s or (next_retry_time) is null))"
        " or (next_retry_time = %s and (run_id > %s or (run_id) is null)))"
        " order by next_retry_time asc nulls last, run_id asc nulls last limit %s"
    )
    second = EPOCH + timedelta(seconds=1)
    assert statement.parameters == ("n", second, second, "run-1", 10)


def test_a_page_after_runs_without_the_value_stays_among_them() -> None:
    search = check(parse("ORDER BY NextRetryTime"), {}, NOON)

    statement = sql.page("run_id", "n", search, (None, "run-1"), 10)

    assert "(false)" in statement.text
    assert "(next_retry_time) is null and" in statement.text


def test_groups_come_from_keys_lists_and_steps() -> None:
    search = check(parse("GROUP BY Tags, BUCKET(StartTime, '1h')"), CUSTOM, NOON)

    statement = sql.groups("n", search, 11)

    assert statement == sql.Fragment(
        'select list_1.item collate "C", date_bin(%s, start_time, %s), count(*) from visibility'
        " left join lateral jsonb_array_elements_text(slots #> %s::text[]) as list_1(item) on true"
        " where namespace_id = %s and true group by 1, 2 order by count(*) desc limit %s",
        (timedelta(hours=1), EPOCH, ["KeywordList", "Tags"], "n", 11),
    )


def test_the_largest_groups_come_with_how_many_runs_match() -> None:
    plain, unfolded = (
        sql.largest("n", check(parse(f"{text} ORDER BY COUNT(*) DESC LIMIT 3"), CUSTOM, NOON), 3)
        for text in ("GROUP BY WorkflowType", "GROUP BY Tags")
    )

    assert plain == sql.Fragment(
        "select workflow_type, count(*), (sum(count(*)) over ())::bigint from visibility"
        " where namespace_id = %s and true group by 1 order by count(*) desc, 1 limit %s",
        ("n", 3),
    )
    assert ", (select count(*) from visibility where namespace_id = %s and true)" in unfolded.text
    assert unfolded.parameters == ("n", ["KeywordList", "Tags"], "n", 3)
