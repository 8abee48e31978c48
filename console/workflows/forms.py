import json
from typing import Any

from django import forms

from console.gateway import columns
from console.ui.pages import size_of
from console.workflows.query import LENGTH_MAX

COLUMNS_LENGTH_MAX = 8_000
ARGUMENT_LENGTH_MAX = 2 * 1024 * 1024


class RunsForm(forms.Form):
    """What the address of the runs page says. `problem` is the sentence when it cannot be taken."""

    q = forms.CharField(required=False, max_length=LENGTH_MAX, label="Query")
    size = forms.CharField(required=False)
    cols = forms.CharField(required=False)

    def clean_cols(self) -> str:
        return columns.written(columns.parse(self.cleaned_data["cols"][:COLUMNS_LENGTH_MAX]))

    def clean_q(self) -> str:
        text: str = self.cleaned_data["q"]
        return text.strip()

    def clean_size(self) -> int:
        return size_of(self.cleaned_data["size"])

    @property
    def problem(self) -> str:
        if self.is_valid():
            return ""
        length = len(self.data.get("q", ""))
        return f"The query is too long: {length:,} characters; {LENGTH_MAX:,} are the most."


def asked(form: forms.Form) -> dict[str, Any]:
    return form.cleaned_data if form.is_valid() else {}


class ReasonForm(forms.Form):
    """Every act on a run says why."""

    reason = forms.CharField(
        max_length=1_000,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="Stands in the history and in the activity log.",
    )


class RevealForm(forms.Form):
    reason = forms.CharField(
        max_length=1_000,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="Stands in the activity log, with your name and which payload it was.",
    )


class SignalForm(ReasonForm):
    name = forms.CharField(max_length=1_000, label="Signal")
    argument = forms.CharField(
        required=False,
        max_length=ARGUMENT_LENGTH_MAX,
        label="Argument, as JSON",
        widget=forms.Textarea(attrs={"rows": 3, "class": "mono", "spellcheck": "false"}),
    )
    field_order = ("name", "argument", "reason")

    def clean_argument(self) -> str:
        return json_text(self.cleaned_data["argument"])


class QueryForm(forms.Form):
    name = forms.CharField(max_length=1_000, label="Query")
    argument = forms.CharField(
        required=False,
        max_length=ARGUMENT_LENGTH_MAX,
        label="Argument, as JSON",
        widget=forms.Textarea(attrs={"rows": 2, "class": "mono", "spellcheck": "false"}),
    )

    def clean_argument(self) -> str:
        return json_text(self.cleaned_data["argument"])


def json_text(text: str) -> str:
    text = text.strip()
    if text:
        try:
            json.loads(text)
        except json.JSONDecodeError as error:
            where = f"line {error.lineno}, column {error.colno}"
            raise forms.ValidationError(f"This is not JSON: {error.msg}, {where}.") from error
    return text


class EventsForm(forms.Form):
    """What the address of the events page says; what cannot be read is left out."""

    event = forms.IntegerField(required=False, min_value=1)
    first = forms.IntegerField(required=False, min_value=1)
    text = forms.CharField(required=False, max_length=200)
    kind = forms.CharField(required=False, max_length=20)
    newest = forms.BooleanField(required=False)

    def asked(self) -> dict[str, Any]:
        self.is_valid()
        return {name: self.cleaned_data.get(name) for name in self.fields}


class TimelineForm(forms.Form):
    first = forms.IntegerField(required=False, min_value=0)
    kind = forms.CharField(required=False, max_length=20)
    unfold = forms.BooleanField(required=False)
    tasks = forms.BooleanField(required=False)

    def asked(self) -> dict[str, Any]:
        self.is_valid()
        return {name: self.cleaned_data.get(name) for name in self.fields}


class KinForm(forms.Form):
    """What is asked of a level of the family; the place among its pages comes beside it."""

    space = forms.CharField(required=False, max_length=255)
    status = forms.CharField(required=False, max_length=40)
    find = forms.CharField(required=False, max_length=200)
    page = forms.CharField(required=False, max_length=10)
    token = forms.CharField(required=False, max_length=4_000)
    behind = forms.CharField(required=False, max_length=90_000)

    def asked(self) -> dict[str, str]:
        self.is_valid()
        found = {name: self.cleaned_data.get(name) or "" for name in self.fields}
        return {name: value for name, value in found.items() if value}
