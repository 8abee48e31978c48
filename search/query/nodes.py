"""The two trees: what was written, and what it means.

The first has names, literals and where they stand. The second has attributes and values
of their types, in so few kinds of node that a dialect is one screen; `!=`, NOT IN and the
like are its Not around the plain kind. Both say nothing about a backend.
"""

from dataclasses import dataclass
from typing import Literal as OneOf

from search.attributes import Attribute, Value

# As written.


@dataclass(frozen=True, slots=True)
class Name:
    text: str
    position: int


@dataclass(frozen=True, slots=True)
class Literal:
    value: str | int | float | bool
    position: int


@dataclass(frozen=True, slots=True)
class Now:
    """`now()`, or so long before (`-`) or after (`+`) it."""

    position: int
    sign: OneOf["+", "-"] = "+"
    distance: Literal | None = None


Written = Literal | Now


@dataclass(frozen=True, slots=True)
class Comparison:
    name: Name
    operator: str
    value: Written


@dataclass(frozen=True, slots=True)
class Among:
    name: Name
    values: tuple[Written, ...]


@dataclass(frozen=True, slots=True)
class Between:
    name: Name
    low: Written
    high: Written


@dataclass(frozen=True, slots=True)
class Exists:
    name: Name


@dataclass(frozen=True, slots=True)
class Negation:
    term: "Condition"


@dataclass(frozen=True, slots=True)
class Conjunction:
    terms: tuple["Condition", ...]


@dataclass(frozen=True, slots=True)
class Disjunction:
    terms: tuple["Condition", ...]


Predicate = Comparison | Among | Between | Exists
Condition = Predicate | Negation | Conjunction | Disjunction


@dataclass(frozen=True, slots=True)
class WrittenOrder:
    name: Name
    descending: bool


@dataclass(frozen=True, slots=True)
class WrittenBucket:
    name: Name
    width: Written


@dataclass(frozen=True, slots=True)
class Query:
    condition: Condition | None
    order: tuple[WrittenOrder, ...]
    group: tuple[Name | WrittenBucket, ...]
    #: Of the groups only so many, the largest; None: all of them, or none at all.
    largest: Literal | None = None


# As meant. A comparison with an attribute that a run does not have is false, and Not is
# its plain opposite, so `ErrorCode != 'x'` finds the runs without an ErrorCode too.


@dataclass(frozen=True, slots=True)
class Everything:
    pass


@dataclass(frozen=True, slots=True)
class IsOneOf:
    """Of a list attribute: has one of them among its own."""

    attribute: Attribute
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Bound:
    value: Value
    inclusive: bool


@dataclass(frozen=True, slots=True)
class IsBetween:
    attribute: Attribute
    low: Bound | None
    high: Bound | None


@dataclass(frozen=True, slots=True)
class StartsWith:
    attribute: Attribute
    text: str


@dataclass(frozen=True, slots=True)
class Contains:
    """The text stands somewhere in the keyword, or in one of the list."""

    attribute: Attribute
    text: str


@dataclass(frozen=True, slots=True)
class HasWords:
    attribute: Attribute
    words: tuple[str, ...]
    all_of_them: bool


@dataclass(frozen=True, slots=True)
class IsPresent:
    attribute: Attribute


@dataclass(frozen=True, slots=True)
class Not:
    term: "Meaning"


@dataclass(frozen=True, slots=True)
class AllOf:
    terms: tuple["Meaning", ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    terms: tuple["Meaning", ...]


Test = IsOneOf | IsBetween | StartsWith | Contains | HasWords | IsPresent
Meaning = Everything | Test | Not | AllOf | AnyOf


@dataclass(frozen=True, slots=True)
class OrderKey:
    attribute: Attribute
    descending: bool = False

    @property
    def missing_first(self) -> bool:
        """A run without the value comes last in both directions, but for an end to come."""
        return self.attribute.open_ended and self.descending


@dataclass(frozen=True, slots=True)
class Bucket:
    """The start of the step of `width_micros` since the epoch in which the time lies."""

    attribute: Attribute
    width_micros: int


GroupKey = Attribute | Bucket


@dataclass(frozen=True, slots=True)
class Search:
    meaning: Meaning
    #: Ends with RunId, so that no two runs are equal in it.
    order: tuple[OrderKey, ...]
    group: tuple[GroupKey, ...]
    largest: int | None = None
