"""A chip, opened: which of the query's parts it is, as which form, and with which known values."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.http import QueryDict

from console.gateway import columns
from console.gateway.namespaces import Attributes
from console.ui.pages import size_of
from console.workflows import filters, query, values
from console.workflows.completing import MOMENTS
from console.workflows.filter_forms import (
    ChipForm,
    FilterForm,
    OrderForm,
    WrittenForm,
    kind_of,
    operators,
)
from console.workflows.filters import Filter
from console.workflows.forms import COLUMNS_LENGTH_MAX
from search.attributes import STATUSES

KNOWN_MAX = 50
FIRST = Filter("WorkflowType")


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


def opened(namespace: str, given: QueryDict, attributes: Attributes) -> Opened:
    text = given.get("q", "").strip()[: query.LENGTH_MAX]
    at = _chip(given.get("at", ""), text)
    form = _form(text, at, given, attributes)
    cols = columns.written(columns.parse(given.get("cols", "")[:COLUMNS_LENGTH_MAX]))
    known = _known(namespace, form)
    return Opened(text, at, form, known, cols, size_of(given.get("size")))


def _chip(number: str, text: str) -> int | None:
    is_one = number.isdecimal() and len(number) < 5 and int(number) < len(query.chips(text))
    return int(number) if is_one else None


def _form(text: str, at: int | None, given: QueryDict, attributes: Attributes) -> ChipForm:
    sent = given if "take" in given else None
    parts, order = query.conditions(text), query.order_of(text)
    if order and at == len(parts):
        return OrderForm(sent, attributes, order)
    part = parts[at] if at is not None else ""
    one = filters.read(part)
    if part and not (one and _fits(one, attributes)):
        return WrittenForm(sent, attributes, initial={"condition": part})
    begins_at = "value" if one else "attribute"
    if "attribute" in given:
        one = Filter(str(given["attribute"]))
    return FilterForm(sent, attributes, one or FIRST, begins_at)


def _fits(one: Filter, attributes: Attributes) -> bool:
    return bool(kind_of(one.attribute, attributes)) and one.operator in dict(
        operators(one, attributes)
    )


def _known(namespace: str, form: ChipForm) -> Sequence[str]:
    if not isinstance(form, FilterForm):
        return ()
    name = str(form.initial["attribute"])
    match form.kind:
        case _ if name == "ExecutionStatus":
            return STATUSES[1:]
        case "Bool":
            return filters.BOOLS
        case "Datetime":
            return MOMENTS
        case _:
            return values.seen(namespace, name)[:KNOWN_MAX]
