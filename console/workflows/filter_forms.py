"""What a chip opens as: a condition in three parts, one in the query language, an order.

Each says, when it is valid, what stands in the query in its place.
"""

from collections.abc import Iterable
from typing import Any

from django import forms

from console.gateway.namespaces import Attributes
from console.workflows import filters, query
from console.workflows.choosing import GROUPS, group_of
from console.workflows.filters import Filter
from console.workflows.finding import trouble_with
from console.workflows.table import UNSORTABLE, name_in_query

DIRECTIONS = (("ASC", "low to high"), ("DESC", "high to low"))
KNOWN = "known-values"


class ChipForm(forms.Form):
    """`attributes` are those that this person may search."""

    #: of the dialog
    title = "Filter"

    def __init__(self, given: Any, attributes: Attributes, **more: Any) -> None:
        super().__init__(given, **more)
        self.attributes = attributes

    def changed(self, text: str, at: int | None) -> str:
        """The query `text` with this in place of its chip `at`, or beside all of them."""
        condition = self.cleaned_data["condition"]
        if at is None:
            return query.narrowed(text, condition)
        return query.changed(text, at, condition)

    def take(self, condition: str, field: str) -> dict[str, Any]:
        if wrong := trouble_with(condition, self.attributes):
            self.add_error(field, f"{wrong.says}. {wrong.hint}".strip())
        return {**self.cleaned_data, "condition": condition}


class FilterForm(ChipForm):
    """What can be asked depends on the attribute: with another one the rest is asked again."""

    value = forms.CharField(
        required=False,
        max_length=query.LENGTH_MAX,
        widget=forms.TextInput(
            attrs={"list": KNOWN, "autocomplete": "off", "spellcheck": "false", "class": "mono"}
        ),
    )

    def __init__(self, given: Any, attributes: Attributes, one: Filter, begins_at: str) -> None:
        first = {"attribute": one.attribute, "operator": one.operator, "value": one.value}
        super().__init__(given, attributes, initial=first)
        self.kind = kind_of(one.attribute, attributes)
        self.fields["attribute"] = forms.ChoiceField(choices=in_groups(attributes))
        asked = operators(one, attributes)
        self.fields["operator"] = forms.ChoiceField(label="Operator", choices=asked)
        self.order_fields(("attribute", "operator", "value"))
        self.fields[begins_at].widget.attrs["autofocus"] = True
        if self.kind == "Datetime":
            self.fields["value"].help_text = "A time, or one counted from now: now() - '24h'."

    def clean(self) -> dict[str, Any]:
        given = self.cleaned_data
        if "attribute" not in given or "operator" not in given:
            return given
        one = Filter(given["attribute"], given["operator"], given["value"])
        return self.take(filters.written(one, self.kind), "value")


class WrittenForm(ChipForm):
    condition = forms.CharField(
        max_length=query.LENGTH_MAX,
        widget=forms.Textarea(
            attrs={"rows": 4, "class": "mono", "spellcheck": "false", "autofocus": True}
        ),
        help_text="In the query language: alternatives, lists and ranges have no form.",
    )

    def clean(self) -> dict[str, Any]:
        condition = self.cleaned_data.get("condition")
        return self.take(condition, "condition") if condition else self.cleaned_data


class OrderForm(ChipForm):
    title = "Sort order"
    direction = forms.ChoiceField(choices=DIRECTIONS)

    def __init__(self, given: Any, attributes: Attributes, order: query.Order) -> None:
        first = {"attribute": order.attribute, "direction": DIRECTIONS[order.descending][0]}
        super().__init__(given, attributes, initial=first)
        sortable = in_groups(attributes, UNSORTABLE)
        self.fields["attribute"] = forms.ChoiceField(label="By", choices=sortable)
        self.fields["attribute"].widget.attrs["autofocus"] = True
        self.order_fields(("attribute", "direction"))

    def changed(self, text: str, at: int | None) -> str:
        name, direction = self.cleaned_data["attribute"], self.cleaned_data["direction"]
        return query.ordered(text, name_in_query(name), direction == DIRECTIONS[1][0])


def kind_of(name: str, attributes: Attributes) -> str:
    return attributes.system.get(name) or attributes.custom.get(name) or ""


def operators(one: Filter, attributes: Attributes) -> list[tuple[str, str]]:
    return filters.operators(kind_of(one.attribute, attributes), attributes.ours)


def in_groups(
    attributes: Attributes, without: Iterable[str] = ()
) -> list[tuple[str, list[tuple[str, str]]]]:
    found: dict[str, list[tuple[str, str]]] = {group: [] for group in GROUPS}
    for name, kind in {**attributes.custom, **attributes.system}.items():
        if kind not in without:
            found[group_of(name, attributes)].append((name, query.label(name)))
    return [
        (group, sorted(names, key=lambda one: one[1])) for group, names in found.items() if names
    ]
