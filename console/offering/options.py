"""The options of activities: told in words, changed in a form, and what would change shown first.

They are the same for a workflow's activities and for those that stand alone.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django import forms

from console.gateway.activities import FINAL_TYPES, PATHS
from console.gateway.runs import ActivityOptions
from console.offering.deed_forms import DeedForm
from console.offering.retrying import TypesField
from console.ui import spans, words
from console.ui.htmx import version_of
from console.ui.spans import EXAMPLE, SpanField

#: field of ActivityOptions -> (what it is called, what none of it means)
OPTIONS: Mapping[str, tuple[str, str]] = {
    "start_to_close_timeout": ("One attempt may take", "no limit"),
    "schedule_to_close_timeout": ("All attempts may take", "no limit"),
    "schedule_to_start_timeout": ("May wait for a worker", "no limit"),
    "heartbeat_timeout": ("Heartbeat within", "no heartbeat asked for"),
    "initial_interval": ("First pause", "the server's own"),
    "backoff_coefficient": ("Each pause longer by", "the server's own"),
    "maximum_interval": ("Longest pause", "the server's own"),
    "maximum_attempts": ("Attempts in all", "without end"),
    FINAL_TYPES: ("Not tried again after", "no type by name"),
    "task_queue": ("Task queue", "the workflow's"),
    "priority_key": ("Priority", "as usual"),
}


def text(name: str, value: Any) -> str:
    if not value:
        return OPTIONS[name][1]
    if isinstance(value, timedelta):
        return words.span(value)
    if name == FINAL_TYPES:
        return ", ".join(value)
    return f"× {value:g}" if name == "backoff_coefficient" else str(value)


def rows(options: ActivityOptions | None, but: Iterable[str] = ()) -> list[tuple[str, str]]:
    if options is None:
        return []
    return [
        (word, text(name, getattr(options, name)))
        for name, (word, _) in OPTIONS.items()
        if name not in but
    ]


@dataclass(frozen=True, slots=True)
class Difference:
    word: str
    before: str
    after: str


def before(some: Iterable[ActivityOptions], name: str) -> str:
    """What stands now; of several activities each different value once, with how many have it."""
    texts = [text(name, getattr(one, name)) for one in some]
    counts = {text: texts.count(text) for text in dict.fromkeys(texts)}
    if len(counts) == 1:
        return texts[0]
    return ", ".join(f"{text} ({count})" for text, count in counts.items())


class OptionFields(forms.Form):
    """Each option of an activity, in their order."""

    task_queue = forms.CharField(max_length=1_000)
    start_to_close_timeout = SpanField()
    schedule_to_close_timeout = SpanField()
    schedule_to_start_timeout = SpanField()
    heartbeat_timeout = SpanField()
    initial_interval = SpanField()
    backoff_coefficient = forms.FloatField(min_value=1, max_value=1_000, required=False)
    maximum_interval = SpanField()
    maximum_attempts = forms.IntegerField(
        min_value=0, max_value=2**31 - 1, required=False, help_text="0: without end."
    )
    priority_key = forms.IntegerField(
        min_value=0, max_value=5, required=False, help_text="1 goes first, 5 last; 0: as usual."
    )


class OptionsForm(OptionFields):
    """Shows what stands; what differs between activities is empty, and empty leaves it so.

    The types of failures are offered of one activity alone: the protocol takes them with its whole
    retry policy. Sent once it shows what would change; sent again it is `confirmed`, if that still
    is the same.
    """

    final_types = TypesField()
    reason = forms.CharField(
        max_length=1_000,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="Stands in the activity log.",
    )
    checked = forms.CharField(required=False, widget=forms.HiddenInput)
    field_order = (*OPTIONS, "reason")

    def __init__(self, standing: Sequence[ActivityOptions], given: Any = None) -> None:
        super().__init__(given)
        self.standing = standing
        self.offered = (*PATHS, FINAL_TYPES) if len(standing) == 1 else tuple(PATHS)
        if FINAL_TYPES not in self.offered:
            del self.fields[FINAL_TYPES]
        self.mixed = {name for name in self.offered if len(self._standing(name)) > 1}
        for name in self.offered:
            self._describe(name)

    def _standing(self, name: str) -> set[Any]:
        return {getattr(one, name) for one in self.standing}

    def _describe(self, name: str) -> None:
        field = self.fields[name]
        field.label = OPTIONS[name][0]
        if name in self.mixed:
            field.required = False
            field.help_text = f"They differ: {before(self.standing, name)}. Empty leaves them."
            return
        self.initial[name] = next(iter(self._standing(name)), None)
        if isinstance(self.initial[name], float):
            self.initial[name] = f"{self.initial[name]:g}"
        if isinstance(field, SpanField):
            field.help_text = f"Empty: {OPTIONS[name][1]}." if self.initial[name] else EXAMPLE

    def clean(self) -> dict[str, Any]:
        asked: dict[str, Any] = super().clean() or self.cleaned_data
        if not self.errors and not self.changes():
            raise forms.ValidationError("Nothing is different from what stands.")
        return asked

    def changes(self) -> dict[str, Any]:
        """Only what was changed; the reason and the rest is not an option."""
        found = {}
        for name in self.offered:
            value = self.cleaned_data[name]
            if name in self.mixed and value in (None, ""):
                continue
            if self._standing(name) != {_plain(value, name)}:
                found[name] = _plain(value, name)
        return found

    @property
    def rows(self) -> list[Difference]:
        """What would change, of a form that can be taken."""
        changes = self.changes() if self.is_valid() else {}
        return [
            Difference(OPTIONS[name][0], before(self.standing, name), text(name, value))
            for name, value in changes.items()
        ]

    @property
    def seal(self) -> str:
        return version_of(self.rows)

    @property
    def is_confirmed(self) -> bool:
        """Applied is only what was shown, against what still stands."""
        is_sent = self.data.get("step") == "apply" and self.is_valid()
        return bool(is_sent and self.cleaned_data["checked"] == self.seal)


def _plain(value: Any, name: str) -> Any:
    """Numbers that were emptied are 0: as usual."""
    return (
        0
        if value is None and name in {"maximum_attempts", "priority_key", "backoff_coefficient"}
        else value
    )


class SomeOptionsForm(OptionFields, DeedForm):
    """Of many at once: what is empty stays as each activity has it."""

    task_queue = forms.CharField(required=False, max_length=1_000)
    start_to_close_timeout = SpanField(help_text=EXAMPLE)

    def clean(self) -> dict[str, Any]:
        given = super().clean() or self.cleaned_data
        if not self.errors and not self._options():
            raise forms.ValidationError("Say at least one option; what is empty stays as it is.")
        return given

    def _options(self) -> dict[str, Any]:
        found = {name: self.cleaned_data.get(name) for name in PATHS}
        return {name: value for name, value in found.items() if value not in (None, "")}

    def told(self) -> dict[str, Any]:
        """A length of time is kept as it is typed."""
        options = {
            name: spans.exact(value) if name in SPANS else value
            for name, value in self._options().items()
        }
        return {"options": options}


SPANS = frozenset(
    name for name, field in SomeOptionsForm.base_fields.items() if isinstance(field, SpanField)
)


def values(told: Mapping[str, Any]) -> dict[str, Any]:
    """Of what that form told, as the gateway takes them."""
    return {name: spans.parse(value) if name in SPANS else value for name, value in told.items()}
