from datetime import datetime
from typing import Any

from django import forms

from console.gateway.channel import GatewayError, Trouble
from console.gateway.rules import Wanted
from console.ui.spans import EXAMPLE, SpanField
from search.query.errors import QueryError
from search.query.parser import parse

CONDITION_LENGTH_MAX = 4_000
#: what a server says of an id that another rule has
TAKEN = "already exists"
#: what our engine says of the condition for runs
OF_RUNS = "visibility query"


class ReasonForm(forms.Form):
    reason = forms.CharField(
        max_length=1_000,
        label="Why",
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="Stands in the activity log.",
    )


def _condition(**given: Any) -> forms.CharField:
    lines = {"rows": 2, "class": "mono", "spellcheck": "false"}
    return forms.CharField(
        max_length=CONDITION_LENGTH_MAX, widget=forms.Textarea(attrs=lines), **given
    )


class RuleForm(ReasonForm):
    name = forms.CharField(max_length=200, label="Name of the rule")
    activities = _condition(
        label="Pause activities of which holds",
        help_text="ActivityType = 'charge_card' AND ActivityAttempt > 3",
    )
    runs = _condition(
        required=False, label="In runs of which holds", help_text="WorkflowType = 'Subscription'"
    )
    lasts = SpanField(
        label="For how long", help_text=f"{EXAMPLE}; empty: until somebody deletes it"
    )
    field_order = ("name", "activities", "runs", "lasts", "reason")

    def __init__(self, given: Any, now: datetime) -> None:
        super().__init__(given)
        self._now = now
        self.fields["reason"].help_text = "Stands beside each activity that it pauses."

    def clean_activities(self) -> str:
        return _read(self.cleaned_data["activities"])

    def clean_runs(self) -> str:
        return _read(self.cleaned_data["runs"])

    @property
    def wanted(self) -> Wanted:
        given = self.cleaned_data
        expires_at = self._now + given["lasts"] if given["lasts"] else None
        return Wanted(given["name"], given["activities"], given["runs"], expires_at)

    def refuse(self, error: GatewayError) -> None:
        """Where the server's no belongs."""
        if TAKEN in error.detail:
            self.add_error("name", "Another rule has this name.")
        elif error.trouble is Trouble.INVALID and OF_RUNS in error.detail:
            self.add_error("runs", str(error))
        elif error.trouble is Trouble.INVALID and "predicate" in error.detail:
            self.add_error("activities", str(error))
        else:
            self.add_error(None, str(error))


def _read(text: str) -> str:
    """A server may take what it cannot read, and then the rule never holds anything."""
    try:
        found = parse(text)
    except QueryError as error:
        at = "" if error.position is None else f"Position {error.position + 1}: "
        raise forms.ValidationError(f"{at}{error.message}.") from error
    if found.group or found.order:
        raise forms.ValidationError("Give a condition only.")
    return text
