from typing import Any, cast

from django import forms
from django.http import QueryDict

from console.gateway.runs import RunDetail
from console.offering.deed_forms import DeedForm
from console.replay import aims


class PointForm(forms.Form):
    """Where to go back to; an address that cannot be read asks for the usual point."""

    event = forms.IntegerField(required=False, min_value=1)
    unfold = forms.BooleanField(required=False)


class ResetForm(forms.Form):
    event = forms.IntegerField(min_value=1)
    #: The plan that the person saw.
    seen = forms.CharField(max_length=8)
    keep_signals = forms.BooleanField(required=False)
    keep_updates = forms.BooleanField(required=False)
    cancel_children = forms.BooleanField(required=False)
    reason = forms.CharField(max_length=500, widget=forms.Textarea(attrs={"rows": 2}))

    @property
    def left_out(self) -> frozenset[int]:
        """Signals that are not to come again, by their events."""
        given = cast(QueryDict, self.data).getlist("leave") if self.is_bound else []
        return frozenset(int(one) for one in given if one.isdecimal() and len(one) < 9)


class FindForm(forms.Form):
    id = forms.CharField(max_length=1_000, label="Workflow id")


class AimForm(DeedForm):
    """Where to, and what the place needs to be found in each run."""

    to = forms.ChoiceField(label="Go back to", choices=aims.CHOICES)
    at = forms.CharField(
        required=False, max_length=16, label="Time (UTC)", help_text="As in 2026-01-31 09:00."
    )
    build = forms.CharField(required=False, max_length=1_000, label="Build")
    activity = forms.CharField(required=False, max_length=1_000, label="Type of activity")
    tasks = forms.IntegerField(
        required=False,
        min_value=1,
        max_value=aims.TASKS_MAX,
        label="How many tasks before the last",
    )

    def clean_at(self) -> str:
        text: str = self.cleaned_data["at"]
        if text and aims.moment(text) is None:
            raise forms.ValidationError("Write it as in 2026-01-31 09:00.")
        return text

    def clean(self) -> dict[str, Any]:
        """Only what the place asks for is kept."""
        asked = super().clean() or self.cleaned_data
        needs = {
            aims.TIME: "at", aims.BUILD: "build", aims.ACTIVITY: "activity", aims.TASKS: "tasks",
        }  # fmt: skip
        wanted = needs.get(asked.get("to", ""))
        if wanted and not asked.get(wanted) and wanted not in self.errors:
            self.add_error(wanted, "The place that you chose needs it.")
        return asked | {name: "" for name in needs.values() if name != wanted}

    def told(self) -> dict[str, Any]:
        return {name: value for name, value in super().told().items() if value not in ("", None)}


class CheckForm(AimForm):
    """A check needs no place to go back to; with one it says what a reset would leave behind."""

    def __init__(self, given: Any = None, sample: RunDetail | None = None) -> None:
        super().__init__(given, sample)
        self.fields["to"] = forms.ChoiceField(
            required=False,
            label="Judge it as it is, or once it is reset to",
            choices=[("", "as it is, from its first event to its last"), *aims.CHOICES],
        )


class CohortResetForm(AimForm):
    keep_signals = forms.BooleanField(
        required=False,
        initial=True,
        label="Apply later signals again",
        help_text="Some and not others: of one run at a time, on its own page.",
    )
    keep_updates = forms.BooleanField(
        required=False, initial=True, label="Apply later updates again"
    )
