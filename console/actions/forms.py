from django import forms

from console.offering.offers import KINDS


class ByNameForm(forms.Form):
    kind = forms.ChoiceField(choices=[(kind, kind.capitalize()) for kind in KINDS])
    name = forms.CharField(max_length=1_000)
