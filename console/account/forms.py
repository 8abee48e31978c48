from typing import Any

from django import forms
from django.contrib.auth.forms import PasswordChangeForm
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError

from console.access.attempts import checked, of_old_password
from console.access.models import EVERYWHERE
from console.access.policy import can
from console.account.models import Preference
from console.account.zones import choices

DAYS = (7, 30, 90, 365)
OF_BROWSER = "browser"


class PasswordForm(PasswordChangeForm):
    """Whoever sits down at an open console may not try passwords without end."""

    def clean_old_password(self) -> str:
        with checked(of_old_password(self.user.get_username())):
            return super().clean_old_password()


class TokenForm(forms.Form):
    name = forms.CharField(max_length=100, help_text="What it is for: nightly export")
    namespaces = forms.CharField(
        max_length=2_000, help_text="Names with commas between; * is every one that you may see"
    )
    days = forms.TypedChoiceField(
        label="Expires", coerce=int, initial=30, choices=[(n, f"in {n} days") for n in DAYS]
    )

    def __init__(self, person: User, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.person = person

    def clean_namespaces(self) -> list[str]:
        names = [name.strip() for name in self.cleaned_data["namespaces"].split(",")]
        wanted = list(dict.fromkeys(name for name in names if name))
        unseen = [n for n in wanted if n != EVERYWHERE and not can(self.person, "run.view", n)]
        if unseen or not wanted:
            raise ValidationError(f"You have no role in {', '.join(unseen) or 'that'}.")
        return wanted


class PreferenceForm(forms.ModelForm):  # type: ignore[type-arg]
    """`of_browser`: the zone that the browser names, to say what the first choice is."""

    class Meta:
        model = Preference
        fields = ("zone", "letter_keys", "renews")

    def __init__(self, *args: Any, of_browser: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["letter_keys"].label = "Keys of a single letter, and ?"
        self.fields["renews"].label = "Pages renew themselves while they are open"
        self.fields["renews"].help_text = "Otherwise they stand as they were asked for."
        own = f"The browser's own: {of_browser or 'not known yet, UTC until then'}"
        self.initial["zone"] = self.instance.zone or OF_BROWSER
        self.fields["zone"] = forms.TypedChoiceField(
            label="Time zone",
            coerce=lambda name: "" if name == OF_BROWSER else name,
            choices=[(OF_BROWSER, own), *((name, name.replace("_", " ")) for name in choices())],
        )
