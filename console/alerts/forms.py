from typing import Any

from django import forms
from django.conf import settings
from django.contrib.auth.models import User
from django.core.validators import validate_email

from console.access.policy import can
from console.alerts import presenters, rights
from console.alerts.actions import NAME_TAKEN
from console.alerts.addresses import NotAllowed, parted, resolved
from console.alerts.models import Kind, Rule

RECEIVERS_MAX = 5


class RuleForm(forms.ModelForm):  # type: ignore[type-arg]
    kind = forms.ChoiceField(label="Tell of", choices=Kind.choices)
    view: Any = forms.ModelChoiceField(
        queryset=None,
        required=False,
        empty_label="–",
        help_text="for a count; the rule follows it, and is seen by those who see it",
    )
    threshold = forms.IntegerField(
        min_value=0,
        max_value=2_000_000_000,
        initial=0,
        help_text="it fires when the view has more runs than this",
        widget=forms.NumberInput(attrs={"class": "number-input"}),
    )
    webhook = forms.CharField(
        required=False, max_length=500, help_text="https://…; it gets a signed JSON by POST"
    )
    mail_to = forms.CharField(
        required=False, max_length=500, label="Mail to", help_text="addresses, a blank between"
    )
    reason = forms.CharField(
        max_length=500, widget=forms.Textarea(attrs={"rows": 2}), help_text="Required."
    )

    class Meta:
        model = Rule
        fields = ("name", "kind", "threshold", "webhook", "mail_to")

    field_order = ("name", "kind", "view", "threshold", "webhook", "mail_to", "reason")

    def __init__(self, *args: Any, namespace: str, person: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.namespace = namespace
        self.person = person
        view: Any = self.fields["view"]
        view.queryset = rights.choice(person, namespace)
        view.label_from_instance = presenters.choice
        if not can(person, rights.CHANGE, namespace):
            kind: Any = self.fields["kind"]
            kind.choices = [(Kind.COUNT.value, Kind.COUNT.label)]

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        mine = Rule.objects.filter(namespace=self.namespace, maker=self.person)
        if mine.filter(name__iexact=name).exists():
            raise forms.ValidationError(NAME_TAKEN)
        return name

    def clean_webhook(self) -> str:
        """Looked at again before each delivery: what a name stands for may change."""
        url: str = self.cleaned_data["webhook"]
        try:
            if url:
                resolved(parted(url))
        except NotAllowed as refused:
            raise forms.ValidationError(str(refused)) from None
        except OSError:
            raise forms.ValidationError("Its host is not known.") from None
        return url

    def clean_mail_to(self) -> str:
        receivers = self.cleaned_data["mail_to"].replace(",", " ").split()
        if receivers and not settings.EMAIL_HOST:
            raise forms.ValidationError("No mail server is set (EMAIL_HOST).")
        if len(receivers) > RECEIVERS_MAX:
            raise forms.ValidationError(f"{RECEIVERS_MAX} addresses at most.")
        for receiver in receivers:
            validate_email(receiver)
        return " ".join(receivers)

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or self.cleaned_data
        if given.get("kind") == Kind.COUNT and not given.get("view"):
            self.add_error("view", "Choose a view; save one first where there is none.")
        if not self.errors and not given.get("webhook") and not given.get("mail_to"):
            raise forms.ValidationError("Give a webhook, a mail address, or both.")
        return given


class ReasonForm(forms.Form):
    reason = forms.CharField(
        max_length=500, widget=forms.Textarea(attrs={"rows": 2}), help_text="Required."
    )
