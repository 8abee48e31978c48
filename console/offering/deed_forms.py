"""What a deed asks before it begins, as `console.gateway.deeds.Deed.form` wants it."""

from collections.abc import Sequence
from typing import Any

from django import forms

from console.gateway.runs import RunDetail
from console.offering.asking import Asking


class DeedForm(forms.Form):
    """The own fields of a deed. `sample`: the first run that it will be done to, where one asks."""

    wants_sample = False
    #: what the workflow says that it takes, or has: offered while one types
    offered: Sequence[str] = ()
    #: typed fields that a schema has drawn; None where it asks for none
    it: Asking | None = None
    #: fields that stand below the typed ones
    below: Sequence[str] = ()

    def __init__(self, given: Any = None, sample: RunDetail | None = None) -> None:
        super().__init__(given)
        self.sample = sample

    @property
    def is_unfinished(self) -> bool:
        """More fields were asked for, so nothing is judged yet."""
        return bool(self.data.get("step") in {"more", "draw"})

    def above_fields(self) -> list[forms.BoundField]:
        return [one for one in self.visible_fields() if one.name not in self.below]

    def below_fields(self) -> list[forms.BoundField]:
        return [one for one in self.visible_fields() if one.name in self.below]

    def told(self) -> dict[str, Any]:
        return dict(self.cleaned_data)


class NothingMore(DeedForm):
    pass
