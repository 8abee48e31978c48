"""Text -> tree as written; and what a person is told who wrote something else."""

import pytest

from search.query import nodes, parser
from search.query.errors import QueryError
from search.query.parser import parse


def refusal(text: str) -> QueryError:
    with pytest.raises(QueryError) as refused:
        parse(text)
    return refused.value


def only_literal(text: str) -> object:
    condition = parse(text).condition
    assert isinstance(condition, nodes.Comparison)
    assert isinstance(condition.value, nodes.Literal)
    return condition.value.value


def named(name: str, position: int, value: object = 1) -> nodes.Comparison:
    place = position + len(f"{name} = ")
    return nodes.Comparison(nodes.Name(name, position), "=", nodes.Literal(value, place))


def test_no_text_asks_for_everything() -> None:
    assert parse("") == parse(" \n ") == nodes.Query(None, (), ())


def test_and_binds_closer_than_or() -> None:
    assert parse("A = 1 OR B = 1 AND C = 1").condition == nodes.Disjunction(
        (named("A", 0), nodes.Conjunction((named("B", 9), named("C", 19))))
    )


def test_parentheses_bind_closest_and_leave_no_trace() -> None:
    assert parse("((A = 1 OR B = 1)) AND C = 1").condition == nodes.Conjunction(
        (nodes.Disjunction((named("A", 2), named("B", 11))), named("C", 23))
    )


def test_words_of_the_language_know_no_case() -> None:
    assert parse("not A in (1) order by A desc") == parse("NOT A IN (1) ORDER BY A DESC")


@pytest.mark.parametrize(
    ("short", "long"),
    [
        ("A NOT IN (1)", "A IN (1)"),
        ("A NOT BETWEEN 1 AND 2", "A BETWEEN 1 AND 2"),
        ("A NOT STARTS_WITH 'x'", "A STARTS_WITH 'x'"),
        ("A NOT CONTAINS 'x'", "A CONTAINS 'x'"),
        ("A IS NULL", "A IS NOT NULL"),
    ],
)
def test_a_negated_predicate_is_a_negation_around_the_plain_one(short: str, long: str) -> None:
    negated, plain = parse(short).condition, parse(long).condition

    assert isinstance(negated, nodes.Negation)
    assert type(negated.term) is type(plain)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("A = 'it''s'", "it's"),
        ("A = 'it\\'s'", "it's"),
        ('A = "a ""b"" c"', 'a "b" c'),
        ("A = 'a\"\"b'", 'a""b'),
        ("A = 'back\\\\slash\\n'", "back\\slash\n"),
        ("A = ''", ""),
        ("A = -12", -12),
        ("A = 1.5", 1.5),
        ("A = true", True),
        ("A = FALSE", False),
    ],
)
def test_a_literal_is_what_it_says(text: str, value: object) -> None:
    assert only_literal(text) == value
    assert type(only_literal(text)) is type(value)


def test_a_name_in_backquotes_may_be_any_word() -> None:
    query = parse("`Order` = 1 AND `my-key` = 1")

    assert query.condition == nodes.Conjunction(
        (
            nodes.Comparison(nodes.Name("Order", 0), "=", nodes.Literal(1, 10)),
            nodes.Comparison(nodes.Name("my-key", 16), "=", nodes.Literal(1, 27)),
        )
    )


def test_a_word_inside_a_name_is_only_part_of_it() -> None:
    assert parse("Information = 1").condition == named("Information", 0)


def test_a_time_may_be_said_from_now() -> None:
    condition = parse("A > now() - '24h'").condition

    assert condition == nodes.Comparison(
        nodes.Name("A", 0), ">", nodes.Now(4, "-", nodes.Literal("24h", 12))
    )


def test_order_and_group_follow_the_condition() -> None:
    query = parse("A = 1 ORDER BY B DESC, C GROUP BY D, BUCKET(E, '1h')")

    assert query.order == (
        nodes.WrittenOrder(nodes.Name("B", 15), descending=True),
        nodes.WrittenOrder(nodes.Name("C", 23), descending=False),
    )
    assert query.group == (
        nodes.Name("D", 34),
        nodes.WrittenBucket(nodes.Name("E", 44), nodes.Literal("1h", 47)),
    )


def test_of_many_groups_the_largest_can_be_asked_for() -> None:
    query = parse("A = 1 GROUP BY B, C order by count ( * ) desc limit 20")

    assert query.order == ()
    assert query.group == (nodes.Name("B", 15), nodes.Name("C", 18))
    assert query.largest == nodes.Literal(20, 52)
    assert parse("GROUP BY B").largest is None


def test_words_of_the_largest_are_names_elsewhere() -> None:
    query = parse("Count > 1 AND Limit = 2 ORDER BY Count DESC, Limit GROUP BY Limit, Count")

    assert [key.name.text for key in query.order] == ["Count", "Limit"]
    assert query.group == (nodes.Name("Limit", 60), nodes.Name("Count", 67))


@pytest.mark.parametrize(
    ("text", "position", "hint"),
    [
        ("GROUP BY A ORDER BY A", 20, "COUNT"),
        ("GROUP BY A ORDER BY COUNT(A)", 26, "'*'"),
        ("GROUP BY A ORDER BY COUNT(*) ASC LIMIT 5", 29, "DESC"),
        ("GROUP BY A ORDER BY COUNT(*) DESC", 33, "LIMIT"),
        ("GROUP BY A ORDER BY COUNT(*) DESC LIMIT '5'", 40, "a number"),
        ("GROUP BY A LIMIT 5", 11, "ORDER"),
        ("ORDER BY COUNT(*) DESC LIMIT 5", 14, "GROUP"),
        ("A LIKE 'x%'", 2, "STARTS_WITH or CONTAINS"),
        ("A = Running", 4, "in quotes: 'Running'"),
        ("Order = 1", 6, "backquotes"),
        ("(A = 1", 6, "')'"),
        ("A = 1)", 5, "the end"),
        ("A = 1 B = 2", 6, "AND"),
        ("A IN ()", 6, "'text'"),
        ("ORDER BY", 8, "a name"),
        ("A == 1", 3, "a number"),
        ("A ! 1", 2, "="),
    ],
)
def test_a_refusal_says_where_and_what_would_help(text: str, position: int, hint: str) -> None:
    refused = refusal(text)

    assert refused.position == position
    assert hint in refused.hint


@pytest.mark.parametrize("number", ["0", "-1", "1001", "5.0"])
def test_the_largest_are_so_many_as_an_answer_holds(number: str) -> None:
    refused = refusal(f"GROUP BY A ORDER BY COUNT(*) DESC LIMIT {number}")

    assert (refused.message, refused.position) == ("LIMIT takes a whole number from 1 to 1000", 40)


def test_an_open_quote_is_found_where_it_opens() -> None:
    assert refusal("A = 1 AND B = 'x").position == 14


def test_positions_are_said_from_one() -> None:
    assert str(refusal("A = 1)")).startswith("')' cannot stand here at position 6 (")


def test_ten_megabytes_are_refused_before_they_are_read() -> None:
    assert "100000 are the most" in refusal("A = 1 OR " * 1_200_000).message


def test_parentheses_cost_no_depth() -> None:
    assert parse("(" * 40_000 + "A = 1" + ")" * 40_000).condition == named("A", 40_000)


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        ("NOT " * 20_000 + "A = 1", f"more than {parser.DEPTH_MAX} levels"),
        ("A = 1" + " AND A = 1" * parser.PREDICATES_MAX, f"{parser.PREDICATES_MAX} are the most"),
        (f"A IN (1{',1' * parser.VALUES_MAX})", f"{parser.VALUES_MAX} are the most"),
        ("ORDER BY A, B, C, D, E", f"{parser.ORDER_KEYS_MAX} attributes at most"),
        ("GROUP BY A, B, C", f"{parser.GROUP_KEYS_MAX} attributes at most"),
        ("A = " + "9" * 5_000, "too many digits"),
    ],
)
def test_whatever_is_too_large_is_refused_by_its_own_limit(text: str, limit: str) -> None:
    assert limit in refusal(text).message
