from collections.abc import Mapping
from typing import Any

from django import forms

from console.gateway.standalone_starting import CONFLICT, REUSE, TIMEOUTS
from console.offering.attributes import AttributesForm
from console.offering.priorities import PriorityForm
from console.offering.retrying import RetryForm
from console.ui.spans import EXAMPLE, SpanField
from console.ui.typed import NamesField

REUSE_WORDS = {
    "always": "start, whatever became of it",
    "failed": "start only if it failed, was cancelled, terminated or timed out",
    "never": "refuse",
}
CONFLICT_WORDS = {"refuse": "refuse", "use": "leave it, and start none"}
#: which of the two ends the protocol needs
NEEDED = "An activity needs an end: say how long one attempt may take, or all of them."


class StartForm(PriorityForm, RetryForm, AttributesForm):
    type = forms.CharField(max_length=1_000, label="Type of activity")
    activity_id = forms.CharField(max_length=1_000, label="Activity id")
    task_queue = forms.CharField(max_length=1_000)
    headers = NamesField(
        label="Headers, as JSON",
        help_text='Go along to the interceptors of the worker, in the clear: {"tenant": "eu"}.',
    )
    reuse = forms.ChoiceField(
        label="If one under this id has ended",
        choices=[(name, REUSE_WORDS[name]) for name in REUSE],
    )
    conflict = forms.ChoiceField(
        label="If one goes on under this id",
        choices=[(name, CONFLICT_WORDS[name]) for name in CONFLICT],
    )
    start_to_close_timeout = SpanField(label="One attempt may take", help_text=f"{EXAMPLE}.")
    schedule_to_close_timeout = SpanField(
        label="All attempts may take", help_text="With the pauses between. Empty: no limit."
    )
    schedule_to_start_timeout = SpanField(
        label="May wait for a worker", help_text="Empty: no limit."
    )
    heartbeat_timeout = SpanField(
        label="Heartbeat within", help_text="Empty: no heartbeat is asked for."
    )
    delay = SpanField(label="Start after", help_text="Empty: at once.")
    reason = forms.CharField(
        max_length=1_000,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="Stands in the activity log.",
    )

    def __init__(
        self, kinds: Mapping[str, str], given: Any = None, *, initial: Mapping[str, Any]
    ) -> None:
        super().__init__(kinds, given, initial=initial)
        self.fields["attempts"].help_text = "Empty or 0: without end."

    def clean(self) -> dict[str, Any]:
        asked: dict[str, Any] = super().clean() or self.cleaned_data
        ends = TIMEOUTS[:2]
        if not any(asked.get(name) or name in self.errors for name in ends):
            self.add_error(ends[0], NEEDED)
        return asked
