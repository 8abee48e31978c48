from collections.abc import Sequence

from django import forms
from django.http import QueryDict

from console.cohorts.facts import Fact

ASKED = "asked"


class CohortForm(forms.Form):
    """Which facts the others shall share. An address that asks for none begins with the usual."""

    on = forms.MultipleChoiceField(required=False)

    def __init__(self, given: QueryDict, facts: Sequence[Fact]) -> None:
        super().__init__(given)
        self.facts = facts
        self.fields["on"].choices = [(one.key, one.label) for one in facts]  # type: ignore[attr-defined]

    def chosen(self) -> tuple[Fact, ...]:
        if ASKED not in self.data or not self.is_valid():
            return tuple(one for one in self.facts if one.usual)
        wanted = set(self.cleaned_data["on"])
        return tuple(one for one in self.facts if one.key in wanted)
