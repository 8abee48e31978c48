from datetime import UTC, datetime
from typing import Any

from django import forms

QUERY_LENGTH_MAX = 4_000
TOKEN_LENGTH_MAX = 4_000
#: Longer ones are better asked for in parts: each time within is a run.
BACKFILL_DAYS_MAX = 366
MOMENT = "%Y-%m-%d %H:%M"
#: What others wrote may be finer than what is typed here.
MOMENTS = (MOMENT, f"{MOMENT}:%S", f"{MOMENT}:%S.%f")
MOMENT_LENGTH_MAX = 26

OVERLAPS = (
    ("UNSPECIFIED", "As the schedule says"),
    ("SKIP", "Skip it while another runs"),
    ("BUFFER_ONE", "Wait for the one that runs; keep one waiting"),
    ("BUFFER_ALL", "Wait for the one that runs; keep all waiting"),
    ("CANCEL_OTHER", "Ask the one that runs to cancel first"),
    ("TERMINATE_OTHER", "Terminate the one that runs first"),
    ("ALLOW_ALL", "Start beside the others"),
)


class SchedulesForm(forms.Form):
    name = forms.CharField(required=False, max_length=1_000, label="Schedule id begins with")
    paused = forms.BooleanField(required=False, label="Only paused")
    token = forms.CharField(required=False, max_length=TOKEN_LENGTH_MAX)

    @property
    def asked(self) -> tuple[str, bytes]:
        """(query, page). An address that cannot be read asks for all."""
        if not self.is_valid():
            return "", b""
        terms = []
        if name := self.cleaned_data["name"]:
            quoted = name.replace("\\", "\\\\").replace("'", "\\'")
            terms.append(f"ScheduleId STARTS_WITH '{quoted}'")
        if self.cleaned_data["paused"]:
            terms.append("TemporalSchedulePaused = true")
        return " AND ".join(terms), _token(self.cleaned_data["token"])


def _token(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError:
        return b""


class ReasonForm(forms.Form):
    """Every act says why; for a pause and its end it is the schedule's note as well."""

    reason = forms.CharField(
        max_length=1_000,
        label="Why",
        widget=forms.Textarea(attrs={"rows": 2, "autofocus": True}),
    )


class ManyForm(ReasonForm):
    """`counts`: what cannot be taken back is asked for with how many it is."""

    step = forms.CharField(widget=forms.HiddenInput, initial="act")

    def __init__(self, given: Any, *, count: int, counts: bool) -> None:
        super().__init__(given)
        self.count = count
        if counts:
            self.fields["count"] = forms.IntegerField(label="Type how many schedules these are")

    def clean_count(self) -> int:
        typed: int = self.cleaned_data["count"]
        if typed != self.count:
            raise forms.ValidationError(f"They are {self.count}.")
        return typed


class TriggerForm(ReasonForm):
    overlap = forms.ChoiceField(choices=OVERLAPS, label="If a run is under way")


class BackfillForm(TriggerForm):
    start = forms.CharField(max_length=16, label="From (UTC)", help_text="As in 2026-01-31 09:00.")
    end = forms.CharField(max_length=16, label="Up to (UTC)", help_text="Itself included.")

    field_order = ("start", "end", "overlap", "reason")

    def clean_start(self) -> datetime:
        return moment(self.cleaned_data["start"])

    def clean_end(self) -> datetime:
        return moment(self.cleaned_data["end"])

    def clean(self) -> dict[str, Any]:
        asked = super().clean() or {}
        start, end = asked.get("start"), asked.get("end")
        if start and end and end < start:
            raise forms.ValidationError("It ends before it begins.")
        if start and end and (end - start).days > BACKFILL_DAYS_MAX:
            raise forms.ValidationError(f"At most {BACKFILL_DAYS_MAX} days at once.")
        return asked


def moment(text: str) -> datetime:
    for written in MOMENTS:
        try:
            return datetime.strptime(text.strip().replace("T", " "), written).replace(tzinfo=UTC)
        except ValueError:
            continue
    raise forms.ValidationError("Write it as in 2026-01-31 09:00.")


def moment_text(at: datetime) -> str:
    """What `moment` reads back without a loss."""
    exact = at.strftime(MOMENTS[-1])
    return exact.removesuffix(".000000").removesuffix(":00") if not at.microsecond else exact
