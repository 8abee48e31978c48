"""A retry policy, as the fields of a form."""

from typing import Any

from django import forms

from console.gateway.starting import Retry
from console.offering.attributes import LinesField
from console.ui.spans import SpanField


class TypesField(LinesField):
    """Types of failures that are not tried again; its clean value is a tuple."""

    def __init__(self, **given: Any) -> None:
        super().__init__(
            label="Not tried again after",
            required=False,
            max_length=10_000,
            widget=forms.Textarea(attrs={"rows": 2, "spellcheck": "false"}),
            help_text="Types of failures, one a line.",
            **given,
        )

    def prepare_value(self, value: Any) -> Any:
        return super().prepare_value(list(value) if isinstance(value, tuple) else value)

    def clean(self, value: Any) -> Any:
        return tuple(super().clean(value) or ())


class RetryForm(forms.Form):
    attempts = forms.IntegerField(
        label="Attempts in all", required=False, min_value=0, max_value=2**31 - 1,
        help_text="Empty: no retry; 0: without end.",
    )  # fmt: skip
    first_pause = SpanField(label="First pause", help_text="Empty: 1s.")
    factor = forms.FloatField(
        label="Each pause longer by", required=False, min_value=1, max_value=1_000,
        help_text="Empty: × 2.",
    )  # fmt: skip
    longest_pause = SpanField(label="Longest pause", help_text="Empty: 100 × the first.")
    final_types = TypesField()

    def retry(self) -> Retry | None:
        asked = self.cleaned_data
        if not any(asked[name] not in (None, ()) for name in RetryForm.base_fields):
            return None
        return Retry(
            asked["attempts"] or 0,
            asked["first_pause"],
            asked["factor"] or 0.0,
            asked["longest_pause"],
            asked["final_types"],
        )


def initial(retry: Retry | None) -> dict[str, Any]:
    return {
        "attempts": retry.maximum_attempts if retry else None,
        "first_pause": retry.initial_interval if retry else None,
        "factor": retry.backoff_coefficient or None if retry else None,
        "longest_pause": retry.maximum_interval if retry else None,
        "final_types": retry.final_types if retry else (),
    }
