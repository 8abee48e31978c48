from collections.abc import Sequence
from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile

from console.gateway import columns, history_files
from console.gateway.protojson import Unreadable
from console.gateway.query import LENGTH_MAX
from console.gateway.runs import WorkerVersion
from console.gateway.versions import Override
from console.ui import typed, words
from console.ui.pages import size_of
from console.ui.uploads import UPLOAD_BYTES_MAX

COLUMNS_LENGTH_MAX = 8_000
ARGUMENT_LENGTH_MAX = 2 * 1024 * 1024


class RunsForm(forms.Form):
    """What the address of the runs page says. `problem` is the sentence when it cannot be taken."""

    q = forms.CharField(required=False, max_length=LENGTH_MAX, label="Query")
    size = forms.CharField(required=False)
    cols = forms.CharField(required=False)

    def clean_cols(self) -> str:
        return columns.written(columns.parse(self.cleaned_data["cols"][:COLUMNS_LENGTH_MAX]))

    def clean_q(self) -> str:
        text: str = self.cleaned_data["q"]
        return text.strip()

    def clean_size(self) -> int:
        return size_of(self.cleaned_data["size"])

    @property
    def problem(self) -> str:
        if self.is_valid():
            return ""
        length = len(self.data.get("q", ""))
        return f"The query is too long: {length:,} characters; {LENGTH_MAX:,} are the most."


def asked(form: forms.Form) -> dict[str, Any]:
    return form.cleaned_data if form.is_valid() else {}


class ReasonForm(forms.Form):
    """Every act on a run says why."""

    reason = forms.CharField(
        max_length=1_000,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="Stands in the history and in the activity log.",
    )


class RevealForm(forms.Form):
    reason = forms.CharField(
        max_length=1_000,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="Stands in the activity log, with your name and which payload it was.",
    )


class SignalForm(ReasonForm):
    name = forms.CharField(max_length=1_000, label="Signal")
    argument = forms.CharField(
        required=False,
        max_length=ARGUMENT_LENGTH_MAX,
        label="Argument, as JSON",
        widget=forms.Textarea(attrs={"rows": 3, "class": "mono", "spellcheck": "false"}),
    )
    field_order = ("name", "argument", "reason")

    def clean_argument(self) -> str:
        return json_text(self.cleaned_data["argument"])


class VersionForm(ReasonForm):
    """`versions`: those that the run may be pinned to; `now` stands first as it is."""

    def __init__(self, given: Any, versions: Sequence[WorkerVersion], now: Override | None) -> None:
        super().__init__(given, initial={"goes": written(now)})
        known = dict.fromkeys([*versions, *([now.version] if now and now.version else [])])
        pins = [(written(Override(one)), f"workers of version {one}, alone") for one in known]
        self.fields["goes"] = forms.ChoiceField(
            label="Its tasks go to",
            choices=[
                (written(None), "the version that its code says"),
                (written(Override()), "the version that its queue is routed to"),
                *pins,
            ],
            help_text="" if pins else "No worker of a version polls its task queue.",
        )
        # An event of changed options has no place for it.
        self.fields["reason"].help_text = "Stands in the activity log."
        self.order_fields(("goes", "reason"))

    def wanted(self) -> Override | None:
        kind, _, version = self.cleaned_data["goes"].partition(":")
        if kind == PINNED:
            return Override(WorkerVersion(*version.split(":", 1)))
        return Override() if kind == ROUTED else None


PINNED, ROUTED, BY_CODE = "pinned", "routed", "code"


def written(override: Override | None) -> str:
    """As the form has it; a deployment's name holds no colon."""
    if override is None:
        return BY_CODE
    version = override.version
    return f"{PINNED}:{version.deployment}:{version.build}" if version else ROUTED


class QueryForm(forms.Form):
    name = forms.CharField(max_length=1_000, label="Query")
    argument = forms.CharField(
        required=False,
        max_length=ARGUMENT_LENGTH_MAX,
        label="Argument, as JSON",
        widget=forms.Textarea(attrs={"rows": 2, "class": "mono", "spellcheck": "false"}),
    )

    def clean_argument(self) -> str:
        return json_text(self.cleaned_data["argument"])


def json_text(text: str) -> str:
    text = text.strip()
    if text:
        try:
            typed.parse(text)
        except typed.NotJson as error:
            raise forms.ValidationError(str(error)) from error
    return text


class EventsForm(forms.Form):
    """What the address of the events page says; what cannot be read is left out."""

    event = forms.IntegerField(required=False, min_value=1)
    first = forms.IntegerField(required=False, min_value=1)
    text = forms.CharField(required=False, max_length=200)
    kind = forms.CharField(required=False, max_length=20)
    #: encoded payloads are searched from this event on
    decode = forms.IntegerField(required=False, min_value=1)
    newest = forms.BooleanField(required=False)
    seen = forms.IntegerField(required=False, min_value=0, max_value=100)

    def asked(self) -> dict[str, Any]:
        self.is_valid()
        return {name: self.cleaned_data.get(name) for name in self.fields}


class TimelineForm(forms.Form):
    first = forms.IntegerField(required=False, min_value=0)
    kind = forms.CharField(required=False, max_length=20)
    unfold = forms.BooleanField(required=False)
    tasks = forms.BooleanField(required=False)
    quiet = forms.BooleanField(required=False)
    seen = forms.IntegerField(required=False, min_value=0, max_value=100)

    def asked(self) -> dict[str, Any]:
        self.is_valid()
        return {name: self.cleaned_data.get(name) for name in self.fields}


class KinForm(forms.Form):
    """What is asked of a level of the family; the place among its pages comes beside it."""

    space = forms.CharField(required=False, max_length=255)
    status = forms.CharField(required=False, max_length=40)
    find = forms.CharField(required=False, max_length=200)
    page = forms.CharField(required=False, max_length=10)
    token = forms.CharField(required=False, max_length=4_000)
    behind = forms.CharField(required=False, max_length=90_000)

    def asked(self) -> dict[str, str]:
        self.is_valid()
        found = {name: self.cleaned_data.get(name) or "" for name in self.fields}
        return {name: value for name, value in found.items() if value}


class CompareForm(forms.Form):
    """The other run. Without a run id it is the newest of the workflow id."""

    workflow = forms.CharField(required=False, max_length=1_000, label="Workflow id")
    run = forms.CharField(required=False, max_length=100, label="Run id")
    tasks = forms.BooleanField(required=False, label="Workflow tasks too")

    def asked(self) -> dict[str, Any]:
        self.is_valid()
        return {name: self.cleaned_data.get(name) for name in self.fields}


class HistoryFileForm(forms.Form):
    """The history is read while the form is checked: what is wrong with it stands at the field."""

    file = forms.FileField(
        label="History",
        help_text="JSON, as the temporal command, the web UI, an SDK or this console writes it.",
        widget=forms.FileInput(attrs={"accept": ".json,application/json"}),
    )

    def clean_file(self) -> "UploadedFile[bytes]":
        file: UploadedFile[bytes] = self.cleaned_data["file"]
        if file.size is None or file.size > UPLOAD_BYTES_MAX:
            most = words.size(UPLOAD_BYTES_MAX)
            raise forms.ValidationError(f"The file is too large; {most} are the most.")
        try:
            self.events = history_files.read(file.read())
        except Unreadable as error:
            raise forms.ValidationError(str(error)) from error
        return file
