import json
from typing import Any

from django import forms

from console.bulk import orders
from console.bulk.models import BulkOperation, Verb

NUMBER = forms.NumberInput(attrs={"class": "number-input"})


class PlanForm(forms.Form):
    """What the runs page sends: a verb, and a query or chosen runs."""

    verb = forms.ChoiceField(choices=Verb.choices)
    query = forms.CharField(required=False, max_length=4_000)
    all_matching = forms.BooleanField(required=False)

    def chosen(self) -> list[tuple[str, str]]:
        """(run id, workflow id): a run id holds no blank, a workflow id may."""
        marks: list[str] = self.data.getlist("run")  # type: ignore[attr-defined]
        pairs = (mark.partition(" ") for mark in marks)
        return [(run_id, workflow_id) for run_id, _, workflow_id in pairs if workflow_id]


class LaunchForm(forms.Form):
    canary = forms.IntegerField(
        label="Canary first",
        min_value=0,
        max_value=10_000,
        initial=10,
        widget=NUMBER,
        help_text="runs, then it stops and asks; 0: no canary",
    )
    rate = forms.IntegerField(
        min_value=1,
        max_value=orders.RATE_MAX,
        initial=20,
        widget=NUMBER,
        help_text=f"runs a second, at most {orders.RATE_MAX}",
    )
    errors_percent_max = forms.IntegerField(
        label="Stop at errors over",
        min_value=0,
        max_value=100,
        initial=5,
        widget=NUMBER,
        help_text=f"percent of the last {orders.ERRORS_OF}",
    )
    reason = forms.CharField(
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="Required. It stands in the history of every run.",
    )


class SignalForm(LaunchForm):
    signal_name = forms.CharField(label="Signal", max_length=255)
    signal_input = forms.CharField(
        label="Argument, as JSON",
        required=False,
        max_length=100_000,
        widget=forms.Textarea(attrs={"rows": 2, "class": "mono", "spellcheck": "false"}),
    )

    def clean_signal_input(self) -> Any:
        text = self.cleaned_data["signal_input"].strip()
        if not text:
            return None
        try:
            return json.loads(text)
        except ValueError as error:
            raise forms.ValidationError(f"This is no JSON: {error}") from None


class ResetForm(LaunchForm):
    reset_to = forms.ChoiceField(
        label="Go back to",
        choices=[("last", "the last workflow task"), ("first", "the first workflow task")],
    )


FORMS: dict[str, type[LaunchForm]] = {Verb.SIGNAL: SignalForm, Verb.RESET: ResetForm}


def launch_form(operation: BulkOperation, given: Any = None) -> LaunchForm:
    return FORMS.get(operation.verb, LaunchForm)(given)


class AbortForm(forms.Form):
    reason = forms.CharField(max_length=500, widget=forms.Textarea(attrs={"rows": 2}))


class TargetsForm(forms.Form):
    """Which outcomes to show; an address that cannot be read shows all."""

    state = forms.CharField(required=False, max_length=16)
    size = forms.CharField(required=False, max_length=8)
