from django import forms

from console.overview.looking import SPANS, Wanted

QUERY_LENGTH_MAX = 4_000


class OverviewForm(forms.Form):
    """What the address says; one that cannot be read asks for all of the last day."""

    q = forms.CharField(required=False, max_length=QUERY_LENGTH_MAX, label="Only those that match")
    by = forms.CharField(required=False, max_length=255, label="Attribute")
    span = forms.ChoiceField(
        required=False, choices=[(name, words) for name, words, *_ in SPANS], label="Over time"
    )

    def wanted(self, of: str) -> Wanted:
        if not self.is_valid():
            return Wanted(of, "", "", SPANS[0][0])
        given = self.cleaned_data
        return Wanted(of, given["q"].strip(), given["by"], given["span"] or SPANS[0][0])
