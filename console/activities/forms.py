from typing import Any

from django import forms

from console.offering import asking, nodes
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
    evidence = forms.CharField(
        required=False,
        max_length=2_000,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="A link or a text that shows it: a ticket, a receipt, the partner's answer.",
    )


class CompleteForm(EvidenceForm):
    result = JsonField(
        required=False,
        label="Result, as JSON",
        help_text="What the workflow gets as if the activity had returned it. Empty: no result.",
    )
    field_order = ("result", "reason", "evidence")


class TypedCompleteForm(EvidenceForm):
    """Of an activity whose workflow says what it returns; `who` is the person, for the fields that
    the console fills in."""

    field_order = ("reason", "evidence")

    def __init__(self, given: Any, schema: Any, who: str) -> None:
        super().__init__(given)
        self.who = who
        self.nodes = [nodes.drawn(schema, "result", "Result")]
        if given is not None:
            nodes.take(self.nodes[0], given)

    def clean(self) -> dict[str, Any]:
        """`written`: the result, once the row of the activity log has its id."""
        asked: dict[str, Any] = super().clean() or self.cleaned_data
        [node] = self.nodes
        fills = {"person": self.who, "reason": asked.get("reason", ""), "audit": asking.NO_AUDIT}
        result = asking.checked(node, fills)
        if any(one.errors for one in node.everyone()):
            self.add_error(None, "The result is not what the workflow says that it takes.")
        return asked | {
            "result": [result],
            "written": lambda audit: [nodes.value_of(node, fills | {"audit": audit})],
        }


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
    field_order = ("message", "kind", "final", "reason", "evidence")
