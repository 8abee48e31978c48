from typing import Any

from django import forms

from console.gateway.queue_limits import WITH_RATES, Limits, Wanted
from console.task_queues.presenters import plain, seen, weight_lines

WEIGHTS_LENGTH_MAX = 80_000
PER_SECOND_MAX = 1_000_000
NUMBER = forms.NumberInput(attrs={"class": "number-input", "step": "any"})


class QueuesForm(forms.Form):
    name = forms.CharField(required=False, max_length=1_000, label="Queue name")
    trouble = forms.BooleanField(required=False, label="Only those in trouble")

    @property
    def asked(self) -> tuple[str, bool]:
        """(part of the name, only those in trouble).

        An address that cannot be read asks for all.
        """
        if not self.is_valid():
            return "", False
        return self.cleaned_data["name"], self.cleaned_data["trouble"]


class LimitsForm(forms.Form):
    """What one kind of a queue's tasks is bound to; empty: nothing of the queue's own.

    `seen`: what the person has looked at. What somebody else has set since is not written over.
    """

    rate = forms.FloatField(
        required=False,
        min_value=0,
        max_value=PER_SECOND_MAX,
        widget=NUMBER,
        label="Tasks a second",
        help_text="It goes before what workers ask for; 0 lets nothing out.",
    )
    key_rate = forms.FloatField(
        required=False,
        min_value=0,
        max_value=PER_SECOND_MAX,
        widget=NUMBER,
        label="Tasks a second for each fairness key",
        help_text="times the key's weight",
    )
    weights = forms.CharField(
        required=False,
        strip=False,
        max_length=WEIGHTS_LENGTH_MAX,
        label="Weights of fairness keys",
        widget=forms.Textarea(attrs={"rows": 4, "class": "mono", "spellcheck": "false"}),
        help_text="One a line: a key, a blank, its weight. It goes before that of a task.",
    )
    reason = forms.CharField(
        max_length=1_000,
        label="Why",
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="Stands beside the rate, and in the activity log.",
    )
    seen = forms.CharField(max_length=100, widget=forms.HiddenInput)

    def __init__(self, given: Any, limits: Limits, kind: str) -> None:
        now = limits.wanted
        super().__init__(
            given,
            initial={
                "rate": None if now.rate is None else plain(now.rate),
                "key_rate": None if now.key_rate is None else plain(now.key_rate),
                "weights": weight_lines(now.weights),
                "seen": seen(limits),
            },
        )
        self.now = limits
        if kind not in WITH_RATES:
            del self.fields["rate"], self.fields["key_rate"]
            self.fields["reason"].help_text = "Stands in the activity log."

    def clean_weights(self) -> dict[str, float]:
        found: dict[str, float] = {}
        for line in filter(str.strip, self.cleaned_data["weights"].splitlines()):
            key, _, text = line.rstrip().rpartition(" ")
            try:
                weight = float(text)
            except ValueError:
                weight = 0.0
            if not key or not 0 < weight < float("inf"):
                raise forms.ValidationError(
                    f"“{line.strip()[:80]}”: a key, a blank, and a weight above zero."
                )
            found[key] = weight
        return found

    def clean(self) -> dict[str, Any]:
        given = super().clean() or self.cleaned_data
        if self.errors:
            return given
        if given["seen"] != seen(self.now):
            raise forms.ValidationError(
                "Somebody has changed these limits meanwhile. Open this form anew."
            )
        if self.wanted == self.now.wanted:
            raise forms.ValidationError("Nothing differs from what is set.")
        return given

    @property
    def wanted(self) -> Wanted:
        given = self.cleaned_data
        return Wanted(given.get("rate"), given.get("key_rate"), given["weights"])
