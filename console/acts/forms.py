from typing import Any

from django import forms

from console.audit.models import AuditOutcome
from console.audit.rows import DID

MOMENTS = ("%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%d")


def _moment(label: str) -> forms.DateTimeField:
    return forms.DateTimeField(
        required=False,
        label=label,
        input_formats=MOMENTS,
        error_messages={"invalid": f"{label}: write it like 2026-11-24T15:30 ."},
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format=MOMENTS[0]),
    )


class ActsForm(forms.Form):
    """The filters. One that cannot be read says so and filters nothing."""

    who = forms.CharField(required=False, max_length=200)
    verb = forms.ChoiceField(
        required=False,
        label="What",
        choices=[("", "Everything"), *((verb, verb) for verb in sorted(DID))],
    )
    namespace = forms.CharField(required=False, max_length=255)
    workflow = forms.CharField(required=False, max_length=1_000, label="On what")
    since = _moment("From")
    until = _moment("To")
    outcome = forms.ChoiceField(
        required=False,
        choices=[("", "Any outcome"), *AuditOutcome.Result.choices],
    )

    door = forms.ChoiceField(
        required=False,
        choices=[("", "By this console"), ("others", "By other doors")],
    )

    @property
    def of_others(self) -> bool:
        self.is_valid()
        return self.cleaned_data.get("door") == "others"

    @property
    def asked(self) -> dict[str, Any]:
        self.is_valid()
        return {
            name: value for name, value in self.cleaned_data.items() if value and name != "door"
        }
