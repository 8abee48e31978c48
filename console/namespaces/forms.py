from datetime import timedelta

from django import forms

from console.gateway.namespaces import TYPE_NAMES


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
