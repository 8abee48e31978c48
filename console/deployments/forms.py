from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error
from typing import Any

from django import forms

from console.deployments.actions import Change

TOKEN_CHARACTERS_MAX = 400
REASON = forms.Textarea(attrs={"rows": 2, "autofocus": True})


class ReasonForm(forms.Form):
    reason = forms.CharField(max_length=500, label="Why", widget=REASON)


class ChangeForm(ReasonForm):
    """`token`: the state that the person looked at; a change of an older one is refused."""

    token = forms.CharField(
        widget=forms.HiddenInput, max_length=TOKEN_CHARACTERS_MAX, required=False
    )

    def __init__(self, given: Any = None, *, token: bytes = b"") -> None:
        super().__init__(given, initial={"token": urlsafe_b64encode(token).decode()})

    def change(self, build_id: str) -> Change:
        told = self.cleaned_data
        return Change(build_id, told["token"], told["reason"], told.get("percent", 0.0))

    def clean_token(self) -> bytes:
        try:
            return urlsafe_b64decode(self.cleaned_data["token"])
        except (Error, ValueError):
            raise forms.ValidationError("Open this form anew.") from None


class RampForm(ChangeForm):
    percent = forms.FloatField(
        label="Share of new runs",
        min_value=0,
        max_value=100,
        widget=forms.NumberInput(attrs={"class": "number-input", "step": "any"}),
        help_text="percent; the others stay with the current version",
    )
    field_order = ("token", "percent", "reason")
