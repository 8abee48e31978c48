from datetime import timedelta
from typing import Any

from django import forms

from console.gateway.namespaces import TYPE_NAMES, Namespace
from console.ui.spans import EXAMPLE, SpanField


class CreateForm(forms.Form):
    name = forms.RegexField(
        r"^[A-Za-z0-9][A-Za-z0-9_.-]*$",
        max_length=255,
        error_messages={
            "invalid": "Letters, digits, dots, dashes and underscores; a letter or digit first."
        },
    )
    description = forms.CharField(required=False, max_length=1_000)
    owner = forms.EmailField(required=False, label="Owner's e-mail")
    retention_days = forms.IntegerField(
        min_value=1, max_value=36_500, initial=30, label="Keep closed runs for, in days"
    )

    @property
    def retention(self) -> timedelta:
        return timedelta(days=self.cleaned_data["retention_days"])


class AttributeForm(forms.Form):
    name = forms.RegexField(
        r"^[A-Za-z][A-Za-z0-9_.-]*$",
        max_length=255,
        error_messages={
            "invalid": "Letters, digits, dots, dashes and underscores; a letter first."
        },
    )
    kind = forms.ChoiceField(choices=[(name, name) for name in TYPE_NAMES], label="Type")


class ReasonForm(forms.Form):
    reason = forms.CharField(
        max_length=1_000,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="Stands in the activity log.",
    )


class ChangeForm(ReasonForm):
    """Shows what stands."""

    description = forms.CharField(
        max_length=1_000,
        error_messages={"required": "A server takes no empty description for another."},
    )
    retention = SpanField(label="Keep closed runs for", help_text=EXAMPLE)
    checked = forms.CharField(required=False, widget=forms.HiddenInput)
    field_order = ("description", "retention", "reason")

    def __init__(self, about: Namespace, given: Any = None) -> None:
        stands = {"description": about.description, "retention": about.retention}
        super().__init__(given, initial=stands)
        self.about = about
        self.fields["retention"].required = True
        self.fields["description"].required = bool(about.description)

    def changes(self) -> dict[str, Any]:
        return {
            name: self.cleaned_data[name]
            for name in ("retention", "description")
            if self.cleaned_data[name] != getattr(self.about, name)
        }
