from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from console.saved_views.models import SavedView

QUERY_LENGTH_MAX = 4_000


class SaveForm(forms.ModelForm):  # type: ignore[type-arg]
    query = forms.CharField(
        max_length=QUERY_LENGTH_MAX, widget=forms.Textarea(attrs={"rows": 2, "class": "mono"})
    )

    class Meta:
        model = SavedView
        fields = ("name", "query")

    def __init__(self, *args: Any, namespace: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.namespace = namespace

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        if SavedView.objects.filter(namespace=self.namespace, name__iexact=name).exists():
            raise ValidationError("There is a view of this name already.")
        return name
