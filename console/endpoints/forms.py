from collections.abc import Iterable
from typing import Any

from django import forms

from console.gateway.channel import GatewayError, Trouble
from console.gateway.endpoints import Endpoint, Target, Wanted
from console.ui.pages import BadToken, token_bytes

NAME = r"^[A-Za-z][A-Za-z0-9-]*[A-Za-z0-9]$"
NAME_LENGTH_MAX = 200
DESCRIPTION_LENGTH_MAX = 4_000
#: what the server says of a name that is another's
TAKEN = "already registered"


class PageForm(forms.Form):
    token = forms.CharField(required=False, max_length=4_000)

    @property
    def asked(self) -> bytes:
        """The page. An address that cannot be read asks for the first."""
        try:
            return token_bytes(self.cleaned_data["token"]) if self.is_valid() else b""
        except BadToken:
            return b""


class ReasonForm(forms.Form):
    reason = forms.CharField(
        max_length=1_000,
        label="Why",
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="Stands in the activity log.",
    )


class EndpointForm(ReasonForm):
    """`version`: of the endpoint that the person has looked at."""

    name = forms.RegexField(
        NAME,
        max_length=NAME_LENGTH_MAX,
        help_text="Workflows reach it by this name.",
        error_messages={"invalid": "Letters, digits and dashes; a letter first, no dash last."},
    )
    target_namespace = forms.ChoiceField(required=False, label="Namespace of its handlers")
    task_queue = forms.CharField(required=False, max_length=1_000, label="Task queue")
    url = forms.URLField(
        required=False,
        max_length=2_000,
        assume_scheme="https",
        label="Address, where it leads outside",
        help_text="Instead of namespace and queue; not every server speaks Nexus to others.",
    )
    description = forms.CharField(
        required=False,
        max_length=DESCRIPTION_LENGTH_MAX,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)
    field_order = ("name", "target_namespace", "task_queue", "url", "description", "reason")

    def __init__(
        self, given: Any = None, *, namespaces: Iterable[str], now: Endpoint | None = None
    ) -> None:
        super().__init__(given, initial=shown(now.wanted) if now else None)
        self.now = now
        if now is not None:
            self.initial["version"] = now.version
            namespaces = dict.fromkeys([*namespaces, *filter(None, [now.target.namespace])])
        choices = [(name, name) for name in namespaces]
        self.fields["target_namespace"].choices = [("", "none"), *choices]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        given = super().clean() or self.cleaned_data
        if self.errors:
            return given
        if given["url"]:
            if given["target_namespace"] or given["task_queue"]:
                self.add_error("url", "It leads to a task queue, or outside, and not to both.")
        elif not given["task_queue"]:
            self.add_error("task_queue", "Say the task queue that its handlers poll.")
        elif not given["target_namespace"]:
            self.add_error("target_namespace", "Say in which namespace the queue is.")
        if self.now is not None and not self.errors:
            self._against(self.now)
        return given

    def _against(self, now: Endpoint) -> None:
        if self.cleaned_data["version"] != now.version:
            self.says_what_changed(now)
        elif self.wanted == now.wanted:
            self.add_error(None, "Nothing is different from what stands.")

    @property
    def wanted(self) -> Wanted:
        given = self.cleaned_data
        target = Target(given["target_namespace"], given["task_queue"], given["url"])
        return Wanted(given["name"], target, given["description"])

    def says_what_changed(self, now: Endpoint) -> None:
        """Beside each field what stands there by now; sent once more, it is written over."""
        asked = {name: self.cleaned_data.get(name, "") for name in shown(now.wanted)}
        self.add_error(None, "Somebody changed it meanwhile. Look again; sent once more, this form"
                       " writes over it.")  # fmt: skip
        for name, value in shown(now.wanted).items():
            if asked[name] != value:
                self.add_error(name, f"It is “{value}” by now." if value else "It is empty by now.")
        self.data = {**self.data.dict(), "version": str(now.version)}  # type: ignore[attr-defined]

    def refuse(self, error: GatewayError) -> None:
        """Where the server's no belongs."""
        if TAKEN in error.detail:
            self.add_error("name", "Another endpoint has this name.")
        elif error.trouble is Trouble.UNSUPPORTED and self.cleaned_data["url"]:
            self.add_error("url", str(error))
        else:
            self.add_error(None, str(error))


def shown(wanted: Wanted) -> dict[str, str]:
    """The fields of the form."""
    to = wanted.target
    return {
        "name": wanted.name,
        "target_namespace": to.namespace,
        "task_queue": to.task_queue,
        "url": to.url,
        "description": wanted.description,
    }
