"""What may stand at the end of a text that is still being written."""

from lark import UnexpectedInput

from search.query.errors import QueryError
from search.query.parser import QUERY_LENGTH_MAX, grammar


def expected(text: str) -> frozenset[str]:
    """The grammar's terminals, by name; none where the text is wrong already."""
    if len(text) > QUERY_LENGTH_MAX:
        return frozenset()
    parsing = grammar().parse_interactive(text)
    try:
        parsing.exhaust_lexer()
        return frozenset(parsing.accepts())  # type: ignore[no-untyped-call]
    except (UnexpectedInput, QueryError):
        return frozenset()
