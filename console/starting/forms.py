from collections.abc import Mapping
from typing import Any

from django import forms

from console.gateway.runs import WorkerVersion
from console.gateway.starting import CONFLICT, REUSE
from console.gateway.versions import Override
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
CONFLICT_WORDS = {
    "refuse": "refuse",
    "use": "leave it running, and start none",
    "terminate": "terminate it, and start",
}

PINNED, ROUTED, BY_CODE = "pinned", "routed", "code"


class StartForm(PriorityForm, RetryForm, AttributesForm):
    workflow_type = forms.CharField(max_length=1_000)
    workflow_id = forms.CharField(max_length=1_000)
    task_queue = forms.CharField(max_length=1_000)
    memo = NamesField(label="Memo, as JSON", help_text='An object: {"customer": "Ada"}.')
    headers = NamesField(
        label="Headers, as JSON",
        help_text='Go along to the interceptors of the worker, in the clear: {"tenant": "eu"}.',
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
    cron = forms.CharField(
        label="Cron", required=False, max_length=200, help_text="Runs again and again. Empty: once."
    )
    goes = forms.ChoiceField(
        label="Its tasks go to",
        required=False,
        choices=[
            (BY_CODE, "the version that its code says"),
            (ROUTED, "the version that its queue is routed to"),
            (PINNED, "workers of one version, alone"),
        ],
    )
    version = forms.CharField(
        label="Which version",
        required=False,
        max_length=1_000,
        help_text="Deployment and build: shop:b7. Empty unless it is one alone.",
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

    def clean(self) -> dict[str, Any]:
        asked: dict[str, Any] = super().clean() or self.cleaned_data
        name, _, build = asked.get("version", "").partition(":")
        if asked.get("goes") == PINNED and not (name and build):
            self.add_error("version", "Say which: its deployment and its build, shop:b7.")
        elif asked.get("goes") != PINNED and name:
            self.add_error("version", "Only for a run whose tasks go to one version alone.")
        return asked

    def override(self) -> Override | None:
        goes, version = self.cleaned_data["goes"], self.cleaned_data["version"]
        if goes == PINNED:
            name, _, build = version.partition(":")
            return Override(WorkerVersion(name, build))
        return Override() if goes == ROUTED else None


def versioning(held: Override | None) -> dict[str, str]:
    """What stands in the form; a deployment's name holds no colon."""
    if held is None:
        return {"goes": BY_CODE}
    if held.version is None:
        return {"goes": ROUTED}
    return {"goes": PINNED, "version": f"{held.version.deployment}:{held.version.build}"}
