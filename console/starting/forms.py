from collections.abc import Mapping
from typing import Any

from django import forms

from console.gateway.starting import CONFLICT, REUSE
from console.offering.attributes import AttributesForm
from console.offering.retrying import RetryForm
from console.ui.spans import EXAMPLE, SpanField
from console.ui.typed import NamesField

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


class StartForm(RetryForm, AttributesForm):
    workflow_type = forms.CharField(max_length=1_000)
    workflow_id = forms.CharField(max_length=1_000)
    task_queue = forms.CharField(max_length=1_000)
    memo = NamesField(label="Memo, as JSON", help_text='An object: {"customer": "Ada"}.')
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
        super().__init__(kinds, given, initial=initial)
        self.fields["conflict"].choices = [  # type: ignore[attr-defined]
            (name, CONFLICT_WORDS[name])
            for name in CONFLICT
            if may_terminate or name != "terminate"
        ]
