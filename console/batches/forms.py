from django import forms

from console.ui.pages import BadToken, token_bytes


class PageForm(forms.Form):
    token = forms.CharField(required=False, max_length=4_000)

    @property
    def asked(self) -> bytes:
        """The page. An address that cannot be read asks for the first."""
        if not self.is_valid():
            return b""
        try:
            return token_bytes(self.cleaned_data["token"])
        except BadToken:
            return b""


class ReasonForm(forms.Form):
    reason = forms.CharField(
        max_length=1_000,
        label="Why",
        widget=forms.Textarea(attrs={"rows": 2, "autofocus": True}),
    )
