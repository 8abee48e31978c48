"""A retry policy, as the fields of a form."""

from typing import Any

from django import forms

from console.gateway.starting import Retry
from console.ui.spans import SpanField


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

    def retry(self) -> Retry | None:
        asked = self.cleaned_data
        if not any(asked[name] is not None for name in RetryForm.base_fields):
            return None
        return Retry(
            asked["attempts"] or 0,
            asked["first_pause"],
            asked["factor"] or 0.0,
            asked["longest_pause"],
        )


def initial(retry: Retry | None) -> dict[str, Any]:
    return {
        "attempts": retry.maximum_attempts if retry else None,
        "first_pause": retry.initial_interval if retry else None,
        "factor": retry.backoff_coefficient or None if retry else None,
        "longest_pause": retry.maximum_interval if retry else None,
    }
