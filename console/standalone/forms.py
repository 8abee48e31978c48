from typing import Any, cast

from django import forms
from django.http import QueryDict

from console.gateway import columns
from console.gateway.query import LENGTH_MAX
from console.ui.pages import size_of
from console.ui.typed import JsonField

COLUMNS_MAX = 8


class SearchForm(forms.Form):
    q = forms.CharField(required=False, max_length=LENGTH_MAX, label="Query")
    size = forms.CharField(required=False)
    cols = forms.CharField(required=False, max_length=LENGTH_MAX)

    @property
    def columns(self) -> tuple[str, ...]:
        """Search attributes that have a column of their own: as an address has them, or a form."""
        given = cast(QueryDict, self.data)
        asked = given.getlist("col") or columns.parse(given.get("cols", "")[:LENGTH_MAX])
        return tuple(dict.fromkeys(asked))[:COLUMNS_MAX]

    def clean_size(self) -> int:
        return size_of(self.cleaned_data["size"])

    @property
    def problem(self) -> str:
        if self.is_valid():
            return ""
        return f"The query is too long: {LENGTH_MAX:,} characters are the most."

    @property
    def asked(self) -> tuple[str, int]:
        return self.cleaned_data["q"].strip(), self.cleaned_data["size"]


class ReasonForm(forms.Form):
    """Every act says why."""

    reason = forms.CharField(
        max_length=1_000,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="Stands in the activity log.",
    )


class TryForm(ReasonForm):
    forgets_beat = forms.BooleanField(required=False, label="Forget what the last heartbeat told")
    field_order = ("forgets_beat", "reason")


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
        help_text="What whoever waits for it gets as if the activity had returned it. Empty: no"
        " result.",
    )
    field_order = ("result", "reason", "evidence")


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


class RevealForm(forms.Form):
    reason = forms.CharField(
        max_length=1_000,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="Stands in the activity log, with your name and which payload it was.",
    )


def first_of(given: Any) -> int:
    """From which letter on; what is no number is the beginning."""
    text = given.get("first", "")
    return int(text) if text.isdecimal() and len(text) < 10 else 0
