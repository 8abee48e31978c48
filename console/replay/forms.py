from django import forms

from console.offering.deed_forms import DeedForm


class PointForm(forms.Form):
    """Where to go back to; an address that cannot be read asks for the usual point."""

    event = forms.IntegerField(required=False, min_value=1)
    unfold = forms.BooleanField(required=False)


class ResetForm(forms.Form):
    event = forms.IntegerField(min_value=1)
    #: The plan that the person saw.
    seen = forms.CharField(max_length=8)
    keep_signals = forms.BooleanField(required=False)
    keep_updates = forms.BooleanField(required=False)
    cancel_children = forms.BooleanField(required=False)
    reason = forms.CharField(max_length=500, widget=forms.Textarea(attrs={"rows": 2}))


class FindForm(forms.Form):
    id = forms.CharField(max_length=1_000, label="Workflow id")


class CohortResetForm(DeedForm):
    to = forms.ChoiceField(
        label="Go back to",
        choices=[
            ("last", "the last workflow task"),
            ("failed", "the task before the first activity that failed"),
            ("first", "the first workflow task"),
        ],
    )
    keep_signals = forms.BooleanField(
        required=False, initial=True, label="Apply later signals again"
    )
    keep_updates = forms.BooleanField(
        required=False, initial=True, label="Apply later updates again"
    )
