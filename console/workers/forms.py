from dataclasses import dataclass

from django import forms

STATES = (
    ("", "Any state"),
    ("ok", "Alive"),
    ("retrying", "Shutting down"),
    ("starving", "Silent"),
    ("skipped", "Left"),
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """`text` is a part of the identity, host, queue, SDK, deployment or build."""

    text: str = ""
    state: str = ""


class WorkersForm(forms.Form):
    text = forms.CharField(required=False, max_length=1_000, label="Worker, host, queue or build")
    state = forms.ChoiceField(required=False, choices=STATES, label="State")

    @property
    def wanted(self) -> Wanted:
        """An address that cannot be read asks for all."""
        if not self.is_valid():
            return Wanted()
        return Wanted(self.cleaned_data["text"].lower(), self.cleaned_data["state"])
