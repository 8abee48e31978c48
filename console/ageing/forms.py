from django import forms

QUERY_LENGTH_MAX = 4_000


class AgeingForm(forms.Form):
    """What the address says; one that cannot be read asks for all that are open."""

    q = forms.CharField(
        required=False, max_length=QUERY_LENGTH_MAX, label="Only open ones that match"
    )

    @property
    def query(self) -> str:
        return str(self.cleaned_data["q"]).strip() if self.is_valid() else ""
