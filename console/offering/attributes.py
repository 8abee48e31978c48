"""Search attributes of what is started by hand, each with a field of its type."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from django import forms

from console.gateway.starting import Parcel

ATTRIBUTE = "attribute_"


class MomentField(forms.CharField):
    """A moment as text; without a zone it is UTC."""

    def prepare_value(self, value: Any) -> Any:
        return value.astimezone(UTC).isoformat() if isinstance(value, datetime) else value

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        if not text:
            return None
        try:
            at = datetime.fromisoformat(text)
        except ValueError as error:
            says = "Not a date with a time, such as 2026-01-31 09:00."
            raise forms.ValidationError(says) from error
        return at if at.tzinfo else at.replace(tzinfo=UTC)


class LinesField(forms.CharField):
    """A list of texts, one a line; empty is None."""

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, list) else value

    def clean(self, value: Any) -> Any:
        lines = [line.strip() for line in super().clean(value).splitlines()]
        return [line for line in lines if line] or None


def field_of(kind: str) -> forms.Field:
    match kind:
        case "Int":
            return forms.IntegerField(min_value=-(2**63), max_value=2**63 - 1)
        case "Double":
            return forms.FloatField()
        case "Bool":
            choices = [("", ""), ("true", "yes"), ("false", "no")]
            return forms.TypedChoiceField(
                choices=choices, coerce=lambda text: text == "true", empty_value=None
            )
        case "Datetime":
            return MomentField(max_length=40)
        case "KeywordList":
            area = forms.Textarea(attrs={"rows": 2})
            return LinesField(max_length=10_000, widget=area, help_text="One a line.")
        case _:
            return forms.CharField(max_length=10_000)


class AttributesForm(forms.Form):
    """`kinds` are the namespace's own attributes: name -> type."""

    def __init__(
        self,
        kinds: Mapping[str, str],
        given: Any = None,
        *,
        initial: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(given, initial=dict(initial or {}))
        self.kinds = kinds
        for name, kind in kinds.items():
            field = field_of(kind)
            field.required, field.label = False, name
            field.help_text = field.help_text or kind
            self.fields[ATTRIBUTE + name] = field

    @property
    def attribute_fields(self) -> list[forms.BoundField]:
        return [self[ATTRIBUTE + name] for name in self.kinds]

    def attributes(self) -> dict[str, tuple[str, Any]]:
        values = {name: self.cleaned_data[ATTRIBUTE + name] for name in self.kinds}
        return {
            name: (self.kinds[name], value)
            for name, value in values.items()
            if value not in (None, "")
        }

    def masked(self, held: Mapping[str, Any]) -> dict[str, tuple[str, Parcel]]:
        """Of what is copied those that this person does not see: they go on as they came, unless
        another value is written."""
        return {
            name: (kind, held[name])
            for name, kind in self.kinds.items()
            if isinstance(held.get(name), Parcel)
        }


def initial(kinds: Mapping[str, str], held: Mapping[str, Any]) -> dict[str, Any]:
    return {ATTRIBUTE + name: _typed_in(held.get(name)) for name in kinds}


def _typed_in(value: Any) -> Any:
    if isinstance(value, Parcel):
        return None
    return str(value).lower() if isinstance(value, bool) else value
