from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from django import forms

from console.gateway.starting import CONFLICT, REUSE, Retry
from console.ui.spans import EXAMPLE, SpanField
from console.ui.typed import JsonField

REUSE_WORDS = {
    "always": "start, whatever became of it",
    "failed": "start only if it failed, was cancelled, terminated or timed out",
    "never": "refuse",
}
CONFLICT_WORDS = {
    "refuse": "refuse",
    "use": "leave it running, and start none",
    "terminate": "terminate it, and start",
}
ATTRIBUTE = "attribute_"


class MomentField(forms.CharField):
    """A moment as text; without a zone it is UTC."""

    def prepare_value(self, value: Any) -> Any:
        return value.astimezone(UTC).isoformat() if isinstance(value, datetime) else value

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        if not text:
            return None
        try:
            at = datetime.fromisoformat(text)
        except ValueError as error:
            says = "Not a date with a time, such as 2026-01-31 09:00."
            raise forms.ValidationError(says) from error
        return at if at.tzinfo else at.replace(tzinfo=UTC)


class LinesField(forms.CharField):
    """A list of texts, one a line; empty is None."""

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, list) else value

    def clean(self, value: Any) -> Any:
        lines = [line.strip() for line in super().clean(value).splitlines()]
        return [line for line in lines if line] or None


def _attribute_field(kind: str) -> forms.Field:
    match kind:
        case "Int":
            return forms.IntegerField(min_value=-(2**63), max_value=2**63 - 1)
        case "Double":
            return forms.FloatField()
        case "Bool":
            choices = [("", ""), ("true", "yes"), ("false", "no")]
            return forms.TypedChoiceField(
                choices=choices, coerce=lambda text: text == "true", empty_value=None
            )
        case "Datetime":
            return MomentField(max_length=40)
        case "KeywordList":
            area = forms.Textarea(attrs={"rows": 2})
            return LinesField(max_length=10_000, widget=area, help_text="One a line.")
        case _:
            return forms.CharField(max_length=10_000)


class StartForm(forms.Form):
    workflow_type = forms.CharField(max_length=1_000)
    workflow_id = forms.CharField(max_length=1_000)
    task_queue = forms.CharField(max_length=1_000)
    memo = JsonField(
        required=False, label="Memo, as JSON", help_text='An object: {"customer": "Ada"}.'
    )
    reuse = forms.ChoiceField(
        label="If a run under this id has ended",
        choices=[(name, REUSE_WORDS[name]) for name in REUSE],
    )
    conflict = forms.ChoiceField(label="If one is running under this id")
    delay = SpanField(label="Start after", help_text=f"Empty: at once; {EXAMPLE}.")
    execution_timeout = SpanField(
        label="All its runs may take",
        help_text="With retries and continue-as-new. Empty: no limit.",
    )
    run_timeout = SpanField(label="One run may take", help_text="Empty: no limit.")
    task_timeout = SpanField(label="A workflow task may take", help_text="Empty: 10s.")
    attempts = forms.IntegerField(
        label="Attempts in all", required=False, min_value=0, max_value=2**31 - 1,
        help_text="Empty: no retry; 0: without end.",
    )  # fmt: skip
    first_pause = SpanField(label="First pause", help_text="Empty: 1s.")
    factor = forms.FloatField(
        label="Each pause longer by", required=False, min_value=1, max_value=1_000,
        help_text="Empty: × 2.",
    )  # fmt: skip
    longest_pause = SpanField(label="Longest pause", help_text="Empty: 100 × the first.")
    cron = forms.CharField(
        label="Cron", required=False, max_length=200, help_text="Runs again and again. Empty: once."
    )
    reason = forms.CharField(
        max_length=1_000,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="Stands in the activity log.",
    )

    def __init__(
        self,
        kinds: Mapping[str, str],
        given: Any = None,
        *,
        initial: Mapping[str, Any] | None = None,
        may_terminate: bool = False,
    ) -> None:
        super().__init__(given, initial=dict(initial or {}))
        self.kinds = kinds
        self.fields["conflict"].choices = [  # type: ignore[attr-defined]
            (name, CONFLICT_WORDS[name])
            for name in CONFLICT
            if may_terminate or name != "terminate"
        ]
        for name, kind in kinds.items():
            field = _attribute_field(kind)
            field.required, field.label = False, name
            field.help_text = field.help_text or kind
            self.fields[ATTRIBUTE + name] = field

    def clean_memo(self) -> dict[str, Any]:
        given = self.cleaned_data["memo"]
        if given and not isinstance(given[0], dict):
            raise forms.ValidationError("The memo is a JSON object: names with values.")
        return given[0] if given else {}

    @property
    def attribute_fields(self) -> list[forms.BoundField]:
        return [self[ATTRIBUTE + name] for name in self.kinds]

    def attributes(self) -> dict[str, tuple[str, Any]]:
        values = {name: self.cleaned_data[ATTRIBUTE + name] for name in self.kinds}
        return {
            name: (self.kinds[name], value)
            for name, value in values.items()
            if value not in (None, "")
        }

    def retry(self) -> Retry | None:
        asked = self.cleaned_data
        if not any(asked[name] is not None for name in ("attempts", "first_pause", "factor")):
            return None
        return Retry(
            asked["attempts"] or 0,
            asked["first_pause"],
            asked["factor"] or 0.0,
            asked["longest_pause"],
        )
