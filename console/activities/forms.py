from collections.abc import Mapping
from typing import Any

from django import forms

from console.offering import asking, nodes
from console.offering.nodes import Node
from console.ui.typed import JsonField

FORGETS = "Forget what the last heartbeat told"


class ReasonForm(forms.Form):
    """Every act says why."""

    reason = forms.CharField(
        max_length=1_000,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="Stands in the activity log.",
    )


class TryForm(ReasonForm):
    forgets_beat = forms.BooleanField(required=False, label=FORGETS)
    field_order: tuple[str, ...] = ("forgets_beat", "reason")


class PauseForm(ReasonForm):
    reason = forms.CharField(
        max_length=1_000,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="Stands beside the activity while it is paused, and in the activity log.",
    )


class ResumeForm(TryForm):
    from_first = forms.BooleanField(required=False, label="Count attempts from the first again")
    field_order: tuple[str, ...] = ("from_first", "forgets_beat", "reason")


class EvidenceForm(ReasonForm):
    """What cannot be taken back, and done to `many` asks how many they are."""

    evidence = forms.CharField(
        required=False,
        max_length=2_000,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="A link or a text that shows it: a ticket, a receipt, the partner's answer.",
    )
    count = forms.CharField(
        label="Type how many activities",
        max_length=12,
        widget=forms.TextInput(attrs={"autocomplete": "off", "inputmode": "numeric"}),
    )

    def __init__(self, given: Any = None, many: int = 1) -> None:
        super().__init__(given)
        self.many = many
        if many > 1:
            self.fields["count"].help_text = f"{many:,}: this cannot be taken back."
        else:
            del self.fields["count"]

    def clean_count(self) -> str:
        typed_count: str = self.cleaned_data["count"].replace(",", "").strip()
        if typed_count != str(self.many):
            raise forms.ValidationError(f"They are {self.many:,}. Nothing was done.")
        return typed_count


class CompleteForm(EvidenceForm):
    result = JsonField(
        required=False,
        label="Result, as JSON",
        help_text="What the workflow gets as if the activity had returned it. Empty: no result.",
    )
    field_order = ("result", "reason", "evidence", "count")


class ResultsForm(EvidenceForm):
    """A result for each type, typed where the workflow says what its activity returns.

    `schemas`: by type; None where nothing is said. `who` is the person, for the fields that the
    console fills in.
    """

    field_order = ("reason", "evidence", "count")

    def __init__(self, given: Any, many: int = 1, *, schemas: Mapping[str, Any], who: str) -> None:
        super().__init__(given, many)
        self.who = who
        self.by_type = _results(schemas)
        for node in self.nodes:
            if given is not None:
                nodes.take(node, given)

    @property
    def nodes(self) -> list[Node]:
        return list(self.by_type.values())

    def clean(self) -> dict[str, Any]:
        """`written`: the results by type, once the row of the activity log has its id."""
        asked: dict[str, Any] = super().clean() or self.cleaned_data
        fills = {"person": self.who, "reason": asked.get("reason", ""), "audit": asking.NO_AUDIT}
        results = {kind: _checked(node, fills) for kind, node in self.by_type.items()}
        if any(one.errors for node in self.nodes for one in node.everyone()):
            self.add_error(None, "The result is not what the workflow says that it takes.")
        return asked | {
            "result": results if len(results) > 1 else next(iter(results.values())),
            "written": lambda audit: self._written(fills | {"audit": audit}),
        }

    def _written(self, fills: Mapping[str, Any]) -> dict[str, list[Any]]:
        return {kind: _value(node, fills) for kind, node in self.by_type.items()}


def _results(schemas: Mapping[str, Any]) -> dict[str, Node]:
    if len(schemas) == 1:
        return {kind: _result(schema, "result", "Result") for kind, schema in schemas.items()}
    drawn = {}
    for number, (kind, schema) in enumerate(schemas.items()):
        drawn[kind] = _result(schema, f"result{number}", kind)
        # Which type it is of says more than what the schema calls it.
        drawn[kind].label = f"Result of {kind}"
    return drawn


def _result(schema: Any, name: str, label: str) -> Node:
    if schema is not None:
        return nodes.drawn(schema, name, label)
    says = "As JSON. Empty: no result."
    return Node(name, (), "json", label, {"type": "any"}, required=False, hint=says)


def _checked(node: Node, fills: Mapping[str, str]) -> list[Any]:
    return [asking.checked(node, fills)] if node.required or node.text.strip() else []


def _value(node: Node, fills: Mapping[str, Any]) -> list[Any]:
    return [nodes.value_of(node, fills)] if node.required or node.text.strip() else []


class FailForm(EvidenceForm):
    message = forms.CharField(max_length=1_000, label="Failure", help_text="What went wrong.")
    kind = forms.CharField(
        required=False, max_length=200, label="Type of failure", help_text="As the code names it."
    )
    final = forms.BooleanField(
        required=False,
        label="No other attempt",
        help_text="Else it is one failed attempt, and the next follows as the retry policy says.",
    )
    field_order = ("message", "kind", "final", "reason", "evidence", "count")
