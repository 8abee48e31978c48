"""The one walk over the tree as meant; a dialect says each kind of node in its own words."""

from collections.abc import Sequence
from typing import Protocol, TypeVar, assert_never

from search.query import nodes

Said = TypeVar("Said")


class Dialect(Protocol[Said]):
    def everything(self) -> Said: ...
    def is_one_of(self, test: nodes.IsOneOf) -> Said: ...
    def is_between(self, test: nodes.IsBetween) -> Said: ...
    def starts_with(self, test: nodes.StartsWith) -> Said: ...
    def contains(self, test: nodes.Contains) -> Said: ...
    def has_words(self, test: nodes.HasWords) -> Said: ...
    def is_present(self, test: nodes.IsPresent) -> Said: ...
    def negated(self, term: Said) -> Said: ...
    def all_of(self, terms: Sequence[Said]) -> Said: ...
    def any_of(self, terms: Sequence[Said]) -> Said: ...


def compile_to(dialect: Dialect[Said], meaning: nodes.Meaning) -> Said:  # noqa: PLR0911
    match meaning:
        case nodes.Everything():
            return dialect.everything()
        case nodes.IsOneOf():
            return dialect.is_one_of(meaning)
        case nodes.IsBetween():
            return dialect.is_between(meaning)
        case nodes.StartsWith():
            return dialect.starts_with(meaning)
        case nodes.Contains():
            return dialect.contains(meaning)
        case nodes.HasWords():
            return dialect.has_words(meaning)
        case nodes.IsPresent():
            return dialect.is_present(meaning)
        case nodes.Not(term):
            return dialect.negated(compile_to(dialect, term))
        case nodes.AllOf(terms):
            return dialect.all_of([compile_to(dialect, term) for term in terms])
        case nodes.AnyOf(terms):
            return dialect.any_of([compile_to(dialect, term) for term in terms])
        case _:
            assert_never(meaning)
