from datetime import timedelta
from typing import Any, TypeVar

from django import forms

from console.gateway.namespaces import TYPE_NAMES, Namespace
from console.looks import links
from console.looks.links import (
    ADDRESS_LENGTH_MAX,
    LINKS_MAX,
    NAME_LENGTH_MAX,
    BadLink,
    Link,
)
from console.ui.spans import EXAMPLE, SpanField
from console.ui.stale import SeenForm

LINES = forms.Textarea(attrs={"rows": 4, "class": "mono", "spellcheck": "false"})


class CreateForm(forms.Form):
    name = forms.RegexField(
        r"^[A-Za-z0-9][A-Za-z0-9_.-]*$",
        max_length=255,
        error_messages={
            "invalid": "Letters, digits, dots, dashes and underscores; a letter or digit first."
        },
    )
    description = forms.CharField(required=False, max_length=1_000)
    owner = forms.EmailField(required=False, label="Owner's e-mail")
    retention_days = forms.IntegerField(
        min_value=1, max_value=36_500, initial=30, label="Keep closed runs for, in days"
    )

    @property
    def retention(self) -> timedelta:
        return timedelta(days=self.cleaned_data["retention_days"])


class AttributeForm(forms.Form):
    name = forms.RegexField(
        r"^[A-Za-z][A-Za-z0-9_.-]*$",
        max_length=255,
        error_messages={
            "invalid": "Letters, digits, dots, dashes and underscores; a letter first."
        },
    )
    kind = forms.ChoiceField(choices=[(name, name) for name in TYPE_NAMES], label="Type")


class ReasonForm(forms.Form):
    reason = forms.CharField(
        max_length=1_000,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="Stands in the activity log.",
    )


QUIET_MAX = 50
SHOWING_LENGTH_MAX = (ADDRESS_LENGTH_MAX + NAME_LENGTH_MAX) * LINKS_MAX


class ShowingForm(SeenForm, ReasonForm):
    """How its runs are shown."""

    links = forms.CharField(
        required=False, max_length=SHOWING_LENGTH_MAX, label="Links",
        widget=LINES,
        help_text=f"One a line, at most {LINKS_MAX}: a name, a blank, an address, as in Logs"
        " https://logs.example/?q={workflow_id}. Pieces: {namespace}, {workflow_id}, {run_id},"
        " {type}, {task_queue}. They stand at the top of every run.",
    )  # fmt: skip
    quiet = forms.CharField(
        required=False, max_length=20_000, label="Quiet activities", widget=LINES,
        help_text=f"Types, one a line, at most {QUIET_MAX}. Those that ended well are folded away"
        " in the timeline; what fails or goes on is always shown.",
    )  # fmt: skip
    field_order = ("links", "quiet", "reason")

    def clean_links(self) -> tuple[Link, ...]:
        try:
            found = tuple(links.read(line) for line in _lines(self.cleaned_data["links"]))
        except BadLink as bad:
            raise forms.ValidationError(str(bad)) from bad
        return _at_most(found, LINKS_MAX)

    def clean_quiet(self) -> tuple[str, ...]:
        found = tuple(dict.fromkeys(_lines(self.cleaned_data["quiet"])))
        return _at_most(found, QUIET_MAX)


Some = TypeVar("Some")


def _at_most(found: tuple[Some, ...], most: int) -> tuple[Some, ...]:
    if len(found) > most:
        raise forms.ValidationError(f"At most {most}; these are {len(found)}.")
    return found


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


class ChangeForm(ReasonForm):
    """Shows what stands."""

    description = forms.CharField(
        max_length=1_000,
        error_messages={"required": "A server takes no empty description for another."},
    )
    retention = SpanField(label="Keep closed runs for", help_text=EXAMPLE)
    checked = forms.CharField(required=False, widget=forms.HiddenInput)
    field_order = ("description", "retention", "reason")

    def __init__(self, about: Namespace, given: Any = None) -> None:
        stands = {"description": about.description, "retention": about.retention}
        super().__init__(given, initial=stands)
        self.about = about
        self.fields["retention"].required = True
        self.fields["description"].required = bool(about.description)

    def changes(self) -> dict[str, Any]:
        return {
            name: self.cleaned_data[name]
            for name in ("retention", "description")
            if self.cleaned_data[name] != getattr(self.about, name)
        }
