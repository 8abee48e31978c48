from typing import Any

from django import forms

from console.ui.pages import size_of
from console.workflows.query import LENGTH_MAX


class RunsForm(forms.Form):
    """What the address of the runs page says. `problem` is the sentence when it cannot be taken."""

    q = forms.CharField(required=False, max_length=LENGTH_MAX, label="Query")
    size = forms.CharField(required=False)

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
