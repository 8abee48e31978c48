from typing import Any

from django import forms
from django.contrib.auth.models import User
from django.db.models import Q

from console.access.models import EVERYWHERE
from console.incidents.models import Incident
from console.ui.stale import SeenForm

TEXT_LENGTH_MAX = 200


class Person(forms.ModelChoiceField):  # type: ignore[type-arg]
    def label_from_instance(self, obj: Any) -> str:
        return str(obj.get_full_name() or obj.get_username())


class ChangeForm(SeenForm, forms.ModelForm):  # type: ignore[type-arg]
    owner = Person(queryset=User.objects.none(), required=False, empty_label="Nobody")
    link = forms.URLField(
        required=False, max_length=500, assume_scheme="https", help_text="a ticket, or a fix"
    )
    note = forms.CharField(
        required=False, max_length=4_000, widget=forms.Textarea(attrs={"rows": 3})
    )
    reason = forms.CharField(
        max_length=500, widget=forms.Textarea(attrs={"rows": 2}), help_text="Required."
    )

    class Meta:
        model = Incident
        fields = ("state", "owner", "link", "note")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["state"].help_text = "a fixed one opens by itself when it happens again"
        self.fields["owner"].queryset = those_who_see(self.instance.namespace)  # type: ignore[attr-defined]

    def clean_link(self) -> str:
        link: str = self.cleaned_data["link"]
        if link and not link.lower().startswith(("http://", "https://")):
            raise forms.ValidationError("A link begins with https:// or http://.")
        return link


def those_who_see(namespace: str) -> Any:
    """Only who may look at it can be asked to look after it."""
    held = Q(grants__namespace__in=(namespace, EVERYWHERE)) | Q(is_superuser=True)
    return User.objects.filter(held, is_active=True).order_by("first_name", "username").distinct()


class IncidentsForm(forms.Form):
    """Which incidents to show; an address that cannot be read shows the open ones."""

    tab = forms.CharField(required=False, max_length=16)
    text = forms.CharField(
        required=False, max_length=TEXT_LENGTH_MAX, label="Message, activity or queue"
    )

    @property
    def asked(self) -> tuple[str, str]:
        if not self.is_valid():
            return "", ""
        return self.cleaned_data["tab"], self.cleaned_data["text"].replace("\0", "").strip()
