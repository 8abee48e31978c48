"""What comes before what on a task queue, as the fields of a form."""

from typing import Any

from django import forms

from console.gateway.starting import Precedence


class PriorityForm(forms.Form):
    priority_key = forms.IntegerField(
        label="Priority", min_value=0, max_value=5, required=False,
        help_text="1 goes first, 5 last; empty: as usual.",
    )  # fmt: skip
    fairness_key = forms.CharField(
        required=False, max_length=64, help_text="Keys of one priority take turns."
    )
    fairness_weight = forms.FloatField(
        required=False, min_value=0.001, max_value=1_000, help_text="Empty: 1."
    )

    def precedence(self) -> Precedence:
        asked = self.cleaned_data
        return Precedence(
            asked["priority_key"] or 0, asked["fairness_key"], asked["fairness_weight"] or 0.0
        )


def initial(held: Precedence) -> dict[str, Any]:
    return {
        "priority_key": held.priority_key or None,
        "fairness_key": held.fairness_key,
        "fairness_weight": held.fairness_weight or None,
    }
