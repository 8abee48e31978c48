from typing import Any

from django import forms
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError

from console.access.policy import can
from console.gateway import columns, indexed
from console.saved_views.models import Audience, SavedView
from console.ui.stale import SeenForm

QUERY_LENGTH_MAX = 4_000
COLUMNS_LENGTH_MAX = 8_000


class ViewForm(SeenForm, forms.ModelForm):  # type: ignore[type-arg]
    """`belongs` is the audience, and of a team's view also which team: `team:7`."""

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
    belongs = forms.ChoiceField(label="For", initial=Audience.PERSON)

    class Meta:
        model = SavedView
        fields = ("name", "query", "columns")

    def __init__(self, *args: Any, namespace: str, person: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.namespace = namespace
        self.person = person
        self.fields["belongs"].choices = self._choices()  # type: ignore[attr-defined]
        if self.instance.pk:
            self.initial["belongs"] = _said(self.instance)
            self.initial["query"] = indexed.told(self.instance.query)

    def _choices(self) -> list[tuple[str, str]]:
        """Sharing is for those who may work here; what a view is now can always stay."""
        found = {str(Audience.PERSON): str(Audience.PERSON.label)}
        if can(self.person, "saved_view.save", self.namespace):
            found |= {f"team:{one.pk}": f"Team {one.name}" for one in self.person.groups.all()}
            found[str(Audience.NAMESPACE)] = str(Audience.NAMESPACE.label)
        if self.instance.pk and self.instance.team:
            found[_said(self.instance)] = f"Team {self.instance.team.name}"
        elif self.instance.pk:
            found[_said(self.instance)] = str(Audience(self.instance.audience).label)
        if self.instance.pk and self.instance.owner_id != self.person.pk:
            # it would vanish for the admin who says so, and come to its owner alone
            found.pop(str(Audience.PERSON))
        return list(found.items())

    def clean_columns(self) -> str:
        return columns.written(columns.parse(self.cleaned_data["columns"]))

    def clean(self) -> dict[str, Any]:
        asked = super().clean() or {}
        audience, _, team = str(asked.get("belongs", "")).partition(":")
        self.instance.namespace = self.namespace
        if not self.instance.owner_id:
            self.instance.owner = self.person
        self.instance.audience = audience
        self.instance.team_id = int(team) if team else None
        if "name" in asked and audience and self._taken(asked["name"]):
            self.add_error("name", ValidationError("There is a view of this name already."))
        return asked

    def _taken(self, name: str) -> bool:
        view = self.instance
        same = SavedView.objects.filter(
            namespace=self.namespace, audience=view.audience, team=view.team_id, name__iexact=name
        ).exclude(pk=view.pk)
        if view.audience == Audience.PERSON:
            same = same.filter(owner=view.owner)
        return same.exists()


def _said(view: SavedView) -> str:
    return f"team:{view.team_id}" if view.team_id else view.audience
