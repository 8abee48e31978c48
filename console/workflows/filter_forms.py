"""What a chip opens as: a condition in its parts, one in the query language, an order.

Each says, when it is valid, what stands in the query in its place.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from django import forms
from django.utils.text import capfirst

from console.gateway import query
from console.gateway.namespaces import Attributes
from console.workflows import filters
from console.workflows.choosing import GROUPS, group_of
from console.workflows.filters import Filter
from console.workflows.finding import guarded, trouble_with
from console.workflows.table import UNSORTABLE

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
            return guarded(query.narrowed(text, condition))
        return guarded(query.changed(text, at, condition))

    def take(self, condition: str, field: str) -> dict[str, Any]:
        if wrong := trouble_with(guarded(condition), self.attributes):
            self.add_error(field, f"{wrong.says}. {capfirst(wrong.hint)}".strip())
        return {**self.cleaned_data, "condition": condition}


class FilterForm(ChipForm):
    """What can be asked depends on the attribute, and its fields on what is asked: with another
    one the rest is asked again."""

    def __init__(
        self,
        attributes: Attributes,
        one: Filter,
        *,
        was: str,
        sent: bool,
        begins: str,
        known: Sequence[str],
    ) -> None:
        """`was`: the condition that it changes; empty for a new one."""
        told = fields_of(one)
        super().__init__(told if sent else None, attributes, initial=told)
        self.one = one
        self.was = was
        self.kind = kind_of(one.attribute, attributes)
        self.fields["attribute"] = forms.ChoiceField(choices=in_groups(attributes))
        self.fields["operator"] = forms.ChoiceField(choices=operators(one, attributes))
        self.fields |= shaped(one, self.kind, known)
        begins = next(iter(own_fields(self)), "operator") if begins == "value" else begins
        if begins:
            self.fields[begins].widget.attrs["autofocus"] = True

    def clean(self) -> dict[str, Any]:
        given = self.cleaned_data
        if self.errors:
            return given
        at = next(iter(own_fields(self)), "operator")
        if self.one.shape in {"many", "range"} and not any(self.one.values):
            self.add_error(at, SAY[self.one.shape])
            return given
        one = self.one
        if one.shape == "span":
            one = replace(one, values=(str(given["count"]), given["unit"]))
        return self.take(filters.rewritten(self.was, one, self.kind), at)


SAY = {"many": "Say at least one value.", "range": "Say at least one end of it."}
UNITS = (("m", "minutes"), ("h", "hours"), ("d", "days"), ("w", "weeks"))
DAY = ("24", "h")
#: How the low and the high end of a range are compared -> what its field says.
BELONGS = (
    {">=": "", ">": "This value itself does not belong to it."},
    {"<=": "The end belongs to it.", "<": "The end itself does not belong to it."},
)
MOMENT = "A time, or one counted from now: now() - '24h'."


def own_fields(form: forms.Form) -> list[str]:
    """Those of the shape; the boxes of a list come after the field that adds to it."""
    return [name for name in form.fields if name not in {"attribute", "operator", "values"}]


def fields_of(one: Filter) -> dict[str, Any]:
    told: dict[str, Any] = {"attribute": one.attribute, "operator": one.operator}
    match one.shape:
        case "one":
            told["value"] = one.value
        case "many":
            told |= {"values": list(one.values), "another": ""}
        case "range":
            told["low"], told["high"] = one.values
        case "span":
            told["count"], told["unit"] = one.values
        case "none":
            pass
    return told


def shaped(one: Filter, kind: str, known: Sequence[str]) -> dict[str, forms.Field]:
    hint = MOMENT if kind == "Datetime" else ""
    match one.shape:
        case "one":
            return {"value": _text("Value", hint)}
        case "many":
            boxes = dict.fromkeys([*one.values, *(() if kind == "Datetime" else known)])
            values = forms.MultipleChoiceField(
                required=False,
                choices=[(each, each) for each in boxes],
                widget=forms.CheckboxSelectMultiple,
            )
            return {"another": _text("Another value", hint), "values": values}
        case "range":
            low, high = (says[sign] for says, sign in zip(BELONGS, one.ends, strict=True))
            return {"low": _text("From", f"{hint} {low}".strip()), "high": _text("To", high)}
        case "span":
            count = forms.IntegerField(label="So many", min_value=1, max_value=999_999)
            return {"count": count, "unit": forms.ChoiceField(choices=UNITS)}
        case "none":
            return {}


def _text(label: str, hint: str) -> forms.CharField:
    attrs = {"list": KNOWN, "autocomplete": "off", "spellcheck": "false", "class": "mono"}
    return forms.CharField(
        label=label,
        required=False,
        max_length=query.LENGTH_MAX,
        widget=forms.TextInput(attrs=attrs),
        help_text=hint,
    )


class WrittenForm(ChipForm):
    condition = forms.CharField(
        max_length=query.LENGTH_MAX,
        widget=forms.Textarea(
            attrs={"rows": 4, "class": "mono", "spellcheck": "false", "autofocus": True}
        ),
        help_text="In the query language: alternatives have no form.",
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
        then = order.then if (order := query.order_of(text)) else ""
        descending = direction == DIRECTIONS[1][0]
        found = query.ordered(text, query.name_in_query(name), descending)
        return f"{found}, {then}" if then else found


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
