"""A chip, opened: which of the query's parts it is, as which form, and with which known values."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from django.http import QueryDict

from console.gateway import columns, query
from console.gateway.namespaces import Attributes
from console.ui.pages import size_of
from console.workflows import filters
from console.workflows.completing import MOMENTS
from console.workflows.filter_forms import (
    DAY,
    ChipForm,
    FilterForm,
    OrderForm,
    WrittenForm,
    kind_of,
    operators,
)
from console.workflows.filters import Filter
from console.workflows.forms import COLUMNS_LENGTH_MAX

KNOWN_MAX = 50
#: of a new filter, the first of these that there is
FIRST = tuple(map(Filter, ("WorkflowType", "ActivityType", "Operation", "ExecutionStatus")))
#: Fields that hold a value by themselves.
TYPED = ("another", "value", "low", "high")


@dataclass(frozen=True, slots=True)
class Opened:
    """`at`: which of the chips; None is a new one."""

    query: str
    at: int | None
    form: ChipForm
    known: Sequence[str]
    cols: str
    size: int

    @property
    def taken(self) -> str | None:
        """The query with what the form says, where it was sent and can be taken."""
        return self.form.changed(self.query, self.at) if self.form.is_valid() else None


def opened(
    given: QueryDict, attributes: Attributes, seen: Callable[[str], Sequence[str]]
) -> Opened:
    """`seen` are the known values of an attribute."""
    text = given.get("q", "").strip()[: query.LENGTH_MAX]
    at = _chip(given.get("at", ""), text)
    known: Sequence[str] = ()
    was = "" if at is None else "".join(query.conditions(text)[at : at + 1])
    one = _filter(was, at, given, attributes)
    if one is None:
        form = _other(text, at, given, attributes)
    else:
        known = _known(one.attribute, kind_of(one.attribute, attributes), seen)
        asked = "attribute" in given
        begins = "" if asked else "attribute" if at is None else "value"
        sent = "take" in given
        form = FilterForm(attributes, one, was=was, sent=sent, begins=begins, known=known)
    cols = columns.written(columns.parse(given.get("cols", "")[:COLUMNS_LENGTH_MAX]))
    return Opened(text, at, form, known, cols, size_of(given.get("size")))


def _chip(number: str, text: str) -> int | None:
    is_one = number.isdecimal() and len(number) < 5 and int(number) < len(query.chips(text))
    return int(number) if is_one else None


def _filter(was: str, at: int | None, given: QueryDict, attributes: Attributes) -> Filter | None:
    """As it is typed, or as it stands in the query; None: it has no parts."""
    said = _said(given, attributes) if "attribute" in given else None
    if at is None:
        return said or next(one for one in FIRST if one.attribute in attributes.system)
    one = filters.read(was)
    if one is None or not _fits(one, attributes):
        return None
    if said is None:
        return one
    return replace(said, ends=one.ends) if said.attribute == one.attribute else said


def _said(given: QueryDict, attributes: Attributes) -> Filter:
    """What was typed goes along to the fields of another operator, not to another attribute."""
    name = str(given["attribute"])
    one = Filter(name, given.get("operator", FIRST[0].operator))
    if given.get("of", name) != name or ("take" not in given and not _fits(one, attributes)):
        return Filter(name)
    typed = [*given.getlist("values"), *(given.get(field, "").strip() for field in TYPED)]
    texts = tuple(dict.fromkeys(filter(None, typed)))
    match one.shape:
        case "many":
            return replace(one, values=texts)
        case "range":
            low = given.get("low", "".join(texts[:1])).strip()
            return replace(one, values=(low, given.get("high", "").strip()))
        case "span":
            span = (str(given["count"]), given.get("unit", "")) if "count" in given else DAY
            return replace(one, values=span)
        case "one" | "none":
            return replace(one, value="".join(texts[:1]))


def _other(text: str, at: int | None, given: QueryDict, attributes: Attributes) -> ChipForm:
    sent = given if "take" in given else None
    parts, order = query.conditions(text), query.order_of(text)
    if order and at == len(parts):
        return OrderForm(sent, attributes, order)
    return WrittenForm(sent, attributes, initial={"condition": parts[at or 0]})


def _fits(one: Filter, attributes: Attributes) -> bool:
    return bool(kind_of(one.attribute, attributes)) and one.operator in dict(
        operators(one, attributes)
    )


def _known(name: str, kind: str, seen: Callable[[str], Sequence[str]]) -> Sequence[str]:
    match kind:
        case "Bool":
            return filters.BOOLS
        case "Datetime":
            return MOMENTS
        case _:
            return seen(name)[:KNOWN_MAX]
