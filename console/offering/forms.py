from django import forms


class WhyForm(forms.Form):
    """What is told to a run says why; a query changes nothing and need not."""

    reason = forms.CharField(
        max_length=1_000,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="Stands in the activity log.",
    )
