"""Forms in which a schedule is written, and what stands in them."""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import available_timezones

from django import forms

from console.gateway import scheduling
from console.gateway.scheduling import Draft, When
from console.schedules.forms import MOMENT_LENGTH_MAX, OVERLAPS, ReasonForm, moment, moment_text
from console.ui import spans, typed
from console.ui.spans import EXAMPLE, SpanField
from console.ui.typed import JsonField

LINES_MAX = 50
LIST = forms.Textarea(attrs={"rows": 3, "class": "mono", "spellcheck": "false"})


class WhenForm(forms.Form):
    """When it acts: as much as a preview needs."""

    crons = forms.CharField(
        required=False, max_length=20_000, label="By the clock: cron, one a line", widget=LIST,
        help_text="minute hour day month weekday, as in 0 9 * * MON-FRI # at nine; with seven"
        " fields a second before and a year behind.",
    )  # fmt: skip
    intervals = forms.CharField(
        required=False, max_length=2_000, label="Every so often, one a line", widget=LIST,
        help_text="As in 90m, or 1d +9h: every day at 09:00 UTC.",
    )  # fmt: skip
    keeps_file = forms.BooleanField(
        required=False, initial=True, label="By the file of the zone that it brought along"
    )
    zone = forms.CharField(
        required=False, max_length=100, label="Time zone of the clock",
        widget=forms.TextInput(attrs={"list": "zones", "autocomplete": "off"}),
        help_text="As in Europe/Berlin. Empty: UTC.",
    )  # fmt: skip
    starts_at = forms.CharField(
        required=False, max_length=MOMENT_LENGTH_MAX, label="Not before (UTC)",
        help_text="As in 2026-01-31 09:00.",
    )  # fmt: skip
    ends_at = forms.CharField(required=False, max_length=MOMENT_LENGTH_MAX, label="Not after (UTC)")
    jitter = SpanField(label="Late by chance, up to", help_text=f"Empty: never; {EXAMPLE}.")
    excluded = JsonField(
        required=False, label="Never, as JSON",
        help_text='A list of the protocol\'s calendars: [{"month": [{"start": 12}], "dayOfMonth":'
        ' [{"start": 25}], "hour": [{"start": 0, "end": 23}]}].',
    )  # fmt: skip

    def __init__(self, given: Any, kept: When | None = None, **more: Any) -> None:
        """`kept`: as it is now, whose zone may be one that it brought along."""
        super().__init__(given, **more)
        self.kept = kept or When()
        if self.kept.zone_file:
            self.fields["zone"].help_text = "Another one, or none, takes the place of the file."
        else:
            del self.fields["keeps_file"]

    def clean_crons(self) -> tuple[str, ...]:
        return _lines(self.cleaned_data["crons"])

    def clean_intervals(self) -> tuple[tuple[timedelta, timedelta], ...]:
        return tuple(map(_interval, _lines(self.cleaned_data["intervals"])))

    def clean_zone(self) -> str:
        name: str = self.cleaned_data["zone"]
        if name and not self._brings(name) and name not in available_timezones():
            raise forms.ValidationError("There is no such time zone.")
        return name

    def clean_starts_at(self) -> datetime | None:
        return moment(self.cleaned_data["starts_at"]) if self.cleaned_data["starts_at"] else None

    def clean_ends_at(self) -> datetime | None:
        return moment(self.cleaned_data["ends_at"]) if self.cleaned_data["ends_at"] else None

    def clean_excluded(self) -> list[Any]:
        given = self.cleaned_data["excluded"]
        if given and not isinstance(given[0], list):
            raise forms.ValidationError("It is a JSON list of calendars.")
        found: list[Any] = given[0] if given else []
        try:
            scheduling.check(When(excluded=found))
        except scheduling.BadWhen as bad:
            raise forms.ValidationError(str(bad)) from bad
        return found

    def clean(self) -> dict[str, Any]:
        asked = super().clean() or {}
        start, end = asked.get("starts_at"), asked.get("ends_at")
        if start and end and end < start:
            raise forms.ValidationError("It ends before it begins.")
        return asked

    @property
    def when(self) -> When:
        """Of a form in which nothing is wrong."""
        names = ("crons", "intervals", "excluded", "zone", "jitter", "starts_at", "ends_at")
        given = {name: self.cleaned_data[name] for name in names}
        file = self.kept.zone_file if self._brings(given["zone"]) else b""
        return When(**given, zone_file=file)

    def _brings(self, zone: str) -> bool:
        """Whether it is still the zone that the schedule brought along."""
        keeps = bool(self.kept.zone_file) and self.cleaned_data["keeps_file"]
        return keeps and zone == self.kept.zone


class DraftForm(WhenForm, ReasonForm):
    schedule_id = forms.CharField(max_length=1_000, label="Schedule id")
    workflow_type = forms.CharField(max_length=1_000, label="Starts runs of")
    workflow_id = forms.CharField(
        max_length=1_000, label="Under the workflow id", help_text="The time is put behind it."
    )
    task_queue = forms.CharField(max_length=1_000)
    arguments = JsonField(required=False, label="Arguments, as a JSON list")
    overlap = forms.ChoiceField(choices=OVERLAPS[1:], label="If a run is under way")
    catchup = SpanField(
        label="Catches up within", help_text="After the server was away. Empty: a year."
    )
    pauses_on_failure = forms.BooleanField(required=False, label="Pause when a run fails")
    remaining = forms.IntegerField(
        required=False, min_value=0, max_value=2**31 - 1, label="Starts left",
        help_text="Empty: as many as come.",
    )  # fmt: skip
    paused = forms.BooleanField(required=False, label="Paused")
    note = forms.CharField(required=False, max_length=1_000)
    token = forms.CharField(required=False, max_length=4_000, widget=forms.HiddenInput)

    def __init__(self, given: Any, current: Draft | None, token: bytes = b"") -> None:
        kept = current.when if current else None
        super().__init__(given, kept, initial=_initial(current) | {"token": token.hex()})
        self.current = current
        if current is not None:
            del self.fields["schedule_id"]
        if current is not None and current.arguments is None:
            hint = "Empty: as they are; they cannot be shown whole."
            self.fields["arguments"].help_text = hint

    def clean_arguments(self) -> list[Any] | None:
        given = self.cleaned_data["arguments"]
        if given and not isinstance(given[0], list):
            raise forms.ValidationError('Arguments are a JSON list, as in ["sales", 3].')
        if not given and self.current is not None and self.current.arguments is None:
            return None
        return list(given[0]) if given else []

    def clean_token(self) -> bytes:
        try:
            return bytes.fromhex(self.cleaned_data["token"])
        except ValueError:
            return b""

    @property
    def draft(self) -> Draft:
        asked = self.cleaned_data
        name = self.current.schedule_id if self.current else asked["schedule_id"]
        names = ("workflow_type", "workflow_id", "task_queue", "arguments", "overlap", "catchup",
                 "pauses_on_failure", "remaining", "paused", "note")  # fmt: skip
        given = {each: asked[each] for each in names}
        return Draft(schedule_id=name, when=self.when, **given)


def _initial(draft: Draft | None) -> dict[str, Any]:
    if draft is None:
        return {"overlap": "SKIP"}
    when = draft.when
    arguments = draft.arguments
    return {
        "crons": "\n".join(when.crons),
        "intervals": "\n".join(_interval_line(*each) for each in when.intervals),
        "zone": when.zone,
        "starts_at": moment_text(when.starts_at) if when.starts_at else "",
        "ends_at": moment_text(when.ends_at) if when.ends_at else "",
        "jitter": when.jitter,
        "excluded": typed.pretty(when.excluded) if when.excluded else "",
        "arguments": "" if arguments is None else typed.pretty(arguments),
        **{name: getattr(draft, name) for name in _SAME},
    }


_SAME = ("schedule_id", "workflow_type", "workflow_id", "task_queue", "overlap", "catchup",
         "pauses_on_failure", "remaining", "paused", "note")  # fmt: skip


def _lines(text: str) -> tuple[str, ...]:
    lines = tuple(line.strip() for line in text.splitlines() if line.strip())
    if len(lines) > LINES_MAX:
        raise forms.ValidationError(f"At most {LINES_MAX} lines.")
    return lines


def _interval(line: str) -> tuple[timedelta, timedelta]:
    every, _, offset = line.partition("+")
    try:
        return spans.parse(every), spans.parse(offset) if offset.strip() else timedelta()
    except ValueError:
        says = f"“{line}” is no interval; write it as in 90m, or 1d +9h."
        raise forms.ValidationError(says) from None


def _interval_line(every: timedelta, offset: timedelta) -> str:
    return spans.exact(every) + (f" +{spans.exact(offset)}" if offset else "")


def zones() -> list[str]:
    """For the field's list: places, not the old names of clocks."""
    return sorted(name for name in available_timezones() if "/" in name and "Etc/" not in name)
