from typing import Any

from django import forms

from console.access import updates
from console.bulk import orders
from console.gateway import lists
from console.gateway.deeds import Deed
from console.gateway.runs import RunDetail
from console.offering import asking, nodes, offers
from console.offering.deed_forms import DeedForm
from console.offering.options import SomeOptionsForm
from console.ui.typed import JsonField

NUMBER = forms.NumberInput(attrs={"class": "number-input"})


class PlanForm(forms.Form):
    """What the runs page sends: a verb, and a query or chosen runs."""

    verb = forms.CharField(required=False, max_length=32)
    #: the choice beside the buttons
    other = forms.CharField(required=False, max_length=32)
    query = forms.CharField(required=False, max_length=4_000)
    all_matching = forms.BooleanField(required=False)

    @property
    def deed(self) -> str:
        return str(self.cleaned_data["verb"] or self.cleaned_data["other"])

    def chosen(self) -> list[tuple[str, str]]:
        """(run id, workflow id): a run id holds no blank, a workflow id may."""
        marks: list[str] = self.data.getlist("run")  # type: ignore[attr-defined]
        pairs = (mark.partition(" ") for mark in marks)
        return [(run_id, workflow_id) for run_id, _, workflow_id in pairs if workflow_id]


#: What only looks needs nobody who looks at it first, and is not ended by what it finds.
LOOKING = {"canary": 0, "rate": 10, "errors_percent_max": 100}


class LaunchForm(forms.Form):
    """How it runs, whatever is done. `count`: what cannot be taken back asks how many they are."""

    canary = forms.IntegerField(
        label="Canary first",
        min_value=0,
        max_value=10_000,
        initial=10,
        widget=NUMBER,
        help_text="runs, then it stops and asks; 0: no canary",
    )
    rate = forms.IntegerField(
        min_value=1,
        max_value=orders.RATE_MAX,
        initial=20,
        widget=NUMBER,
        help_text=f"runs a second, at most {orders.RATE_MAX:,}",
    )
    errors_percent_max = forms.IntegerField(
        label="Stop at errors over",
        min_value=0,
        max_value=100,
        initial=5,
        widget=NUMBER,
        help_text=f"percent of the last {orders.ERRORS_OF}",
    )
    reason = forms.CharField(
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="Required. It stands in the history of every run, where the act leaves an event.",
    )
    count = forms.CharField(
        label="Type how many runs",
        max_length=12,
        widget=forms.TextInput(attrs={"autocomplete": "off", "inputmode": "numeric"}),
    )

    def __init__(self, given: Any = None, *, eligible: int, deed: Deed) -> None:
        super().__init__(given)
        self.eligible = eligible
        if not deed.changes:
            for name, value in LOOKING.items():
                self.fields[name].initial = value
            self.fields["reason"].help_text = "Required. It stands on the record of the operation."
        if deed.lists != lists.RUNS:
            self._speak_of(lists.NOUNS[deed.lists][1])
        if deed.is_final:
            self.fields["count"].help_text = f"{eligible:,}: this cannot be taken back."
        else:
            del self.fields["count"]

    def _speak_of(self, many: str) -> None:
        """Of others than runs."""
        self.fields["canary"].help_text = "of them, then it stops and asks; 0: no canary"
        self.fields["rate"].help_text = f"a second, at most {orders.RATE_MAX:,}"
        self.fields["reason"].help_text = "Required. It goes with each act that takes a reason."
        self.fields["count"].label = f"Type how many {many}"

    def clean_count(self) -> int:
        typed_count = self.cleaned_data["count"].replace(",", "").strip()
        if typed_count != str(self.eligible):
            raise forms.ValidationError(f"They are {self.eligible:,}. Nothing was begun.")
        return self.eligible

    def how(self) -> dict[str, Any]:
        return {name: value for name, value in self.cleaned_data.items() if name != "count"}


#: What the console fills in when a run's turn comes.
BLANKS = {name: {orders.FILLED: name} for name in ("person", "reason", "audit")}

#: In their place while the rest is checked.
UNFILLED = {"person": "", "reason": "", "audit": asking.NO_AUDIT}


class MessageForm(DeedForm):
    """A name, and its arguments: typed where the sample's memo has a schema, else as JSON."""

    wants_sample = True
    kind = ""
    it: asking.Asking
    name = forms.CharField(
        max_length=1_000, widget=forms.TextInput(attrs={"list": "offered", "autocomplete": "off"})
    )
    #: the name for which typed fields were drawn
    drawn = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, given: Any = None, sample: RunDetail | None = None) -> None:
        super().__init__(given, sample)
        self.fields["name"].label = self.kind.capitalize()
        memo = sample.summary.memo if sample else {}
        self.offered = [name for kind, name in offers.typed_actions(memo) if kind == self.kind]
        self.called = given.get("name", "").strip() if given is not None else ""
        offer = offers.of_memo(memo, self.kind, self.called)
        typed = self.called if offer.arguments is not None else ""
        self.is_new = self.data.get("drawn", "") != typed
        self.can_draw = bool(self.offered)
        self.it = asking.begin(offer, None if self.is_new else given, says_why=False)

    @property
    def is_unfinished(self) -> bool:
        return super().is_unfinished or self.is_new

    def clean(self) -> dict[str, Any]:
        self.it.arguments(UNFILLED)
        if self.it.is_wrong:
            raise forms.ValidationError("An argument cannot be read.")
        return super().clean() or self.cleaned_data

    def told(self) -> dict[str, Any]:
        """What the console fills in is said of each run when its turn comes."""
        return {"name": self.cleaned_data["name"], "arguments": self.it.arguments_with(BLANKS)}


class SignalForm(MessageForm):
    kind = "signal"


class UpdateForm(MessageForm):
    kind = "update"

    def clean(self) -> dict[str, Any]:
        given = super().clean()
        if self.errors:
            return given
        try:
            self.told()
        except updates.Forged as forged:
            raise forms.ValidationError(str(forged)) from None
        return given

    def told(self) -> dict[str, Any]:
        told = super().told()
        return told | {"arguments": updates.signed(told["name"], told["arguments"], BLANKS)}


class ActivityForm(DeedForm):
    wants_sample = True
    type = forms.CharField(
        max_length=1_000,
        label="Type of activity",
        widget=forms.TextInput(attrs={"list": "offered", "autocomplete": "off"}),
        help_text="All pending ones of this type in each run; a run without is passed over.",
    )

    def __init__(self, given: Any = None, sample: RunDetail | None = None) -> None:
        super().__init__(given, sample)
        self.offered = sorted({one.type for one in sample.activities}) if sample else ()
        if len(self.offered) == 1:
            self.initial["type"] = self.offered[0]


class TryForm(ActivityForm):
    forgets_beat = forms.BooleanField(required=False, label="Forget what the last heartbeat told")


class ResumeForm(TryForm):
    from_first = forms.BooleanField(required=False, label="Count attempts from the first again")


class CompleteForm(ActivityForm):
    """The result is typed where the sample's memo says what this type returns, else JSON."""

    below = ("evidence",)
    result = JsonField(
        required=False,
        label="Result, as JSON",
        help_text="What each workflow gets as if the activity had returned it. Empty: no result.",
    )
    evidence = forms.CharField(
        required=False,
        max_length=2_000,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="A link or a text that shows it: a ticket, a receipt, the partner's answer.",
    )
    #: the type for which typed fields were drawn
    drawn = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, given: Any = None, sample: RunDetail | None = None) -> None:
        super().__init__(given, sample)
        memo = sample.summary.memo if sample else {}
        described = [one for one in self.offered if offers.result_of(memo, one) is not None]
        given_type = self.initial.get("type", "") if given is None else given.get("type", "")
        self.called = given_type.strip()
        self.can_draw = bool(described)
        schema = offers.result_of(memo, self.called)
        self.is_new = self.data.get("drawn", "") != (self.called if schema is not None else "")
        if schema is not None:
            self._draw(schema, None if self.is_new else given)

    def _draw(self, schema: Any, given: Any) -> None:
        del self.fields["result"]
        node = nodes.drawn(schema, "result", "Result")
        if given is not None:
            nodes.take(node, given)
        offer = offers.Offer("result", self.called, "", (schema,))
        self.it = asking.Asking(offer, [node], [], None, given)

    @property
    def is_unfinished(self) -> bool:
        return super().is_unfinished or self.is_new

    def clean(self) -> dict[str, Any]:
        if self.it is not None:
            self.it.arguments(UNFILLED)
            if self.it.is_wrong:
                raise forms.ValidationError("The result is not what the workflow says it takes.")
        return super().clean() or self.cleaned_data

    def told(self) -> dict[str, Any]:
        told = {name: self.cleaned_data[name] for name in ("type", "evidence")}
        if self.it is None:
            return told | {"result": self.cleaned_data["result"]}
        return told | {"result": self.it.arguments_with(BLANKS)}


class FailForm(ActivityForm):
    message = forms.CharField(max_length=1_000, label="Failure", help_text="What went wrong.")
    kind = forms.CharField(
        required=False, max_length=200, label="Type of failure", help_text="As the code names it."
    )
    final = forms.BooleanField(
        required=False,
        label="No other attempt",
        help_text="Else it is one failed attempt, and the next follows as the retry policy says.",
    )


class OptionsForm(ActivityForm, SomeOptionsForm):
    def told(self) -> dict[str, Any]:
        return {"type": self.cleaned_data["type"]} | SomeOptionsForm.told(self)


class AbortForm(forms.Form):
    reason = forms.CharField(max_length=500, widget=forms.Textarea(attrs={"rows": 2}))
