from django import forms

from console.exports.models import Form
from console.gateway import columns, lists

QUERY_LENGTH_MAX = 4_000
COLUMNS_LENGTH_MAX = 8_000


class AskForm(forms.Form):
    query = forms.CharField(
        required=False,
        max_length=QUERY_LENGTH_MAX,
        widget=forms.Textarea(attrs={"rows": 2, "class": "mono"}),
    )
    columns = forms.CharField(
        required=False,
        max_length=COLUMNS_LENGTH_MAX,
        widget=forms.Textarea(attrs={"rows": 1, "class": "mono"}),
        help_text="Names with commas between them, as in the address; empty: the usual ones.",
    )
    lists = forms.ChoiceField(
        required=False,
        choices=[(name, many) for name, (_, many) in lists.NOUNS.items()],
        widget=forms.HiddenInput,
    )
    form = forms.ChoiceField(choices=Form.choices, initial=Form.CSV, label="As")

    def clean_lists(self) -> str:
        return lists.known(self.cleaned_data["lists"])

    def clean_columns(self) -> str:
        return columns.written(columns.parse(self.cleaned_data["columns"]))
