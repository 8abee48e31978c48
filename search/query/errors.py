"""Refusals of a search.

SearchError
├── QueryError          the text is at fault: where, and what would help
│   └── BadPageToken    the token is broken, or of another query
└── SearchUnavailable   the backend cannot answer now; try again
"""


class SearchError(Exception):
    pass


class QueryError(SearchError):
    def __init__(self, message: str, position: int | None = None, hint: str = "") -> None:
        self.message = message
        #: Characters before the fault; None where it is nowhere in particular.
        self.position = position
        self.hint = hint
        super().__init__(message, position, hint)

    def __str__(self) -> str:
        place = "" if self.position is None else f" at position {self.position + 1}"
        hint = f" ({self.hint})" if self.hint else ""
        return f"{self.message}{place}{hint}"


class BadPageToken(QueryError):
    pass


class SearchUnavailable(SearchError):
    pass
