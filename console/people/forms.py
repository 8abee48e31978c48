import logging
from typing import Any

from django import forms
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.models import Group, User
from django.contrib.auth.password_validation import validate_password
from django.contrib.auth.validators import UnicodeUsernameValidator
from django.core.exceptions import ValidationError

from console.access.attempts import TooManyAttempts, address_of, checked, of_sign_in
from console.access.models import EVERYWHERE, Role

logger = logging.getLogger(__name__)


class SignInForm(AuthenticationForm):
    """The same words for a wrong name, a wrong password and a closed account."""

    #: set when it was not even tried
    too_many: TooManyAttempts | None = None

    def clean(self) -> dict[str, Any]:
        if self.request is None or not self.cleaned_data.get("username"):
            return super().clean()
        try:
            with checked(of_sign_in(self.request, self.cleaned_data["username"])):
                return super().clean()
        except TooManyAttempts as error:
            # Without the name: people type passwords into the wrong field.
            logger.warning("too many sign-in attempts, the last from %s", address_of(self.request))
            self.too_many = error
            raise


class InviteForm(forms.Form):
    username = forms.CharField(
        max_length=150, validators=[UnicodeUsernameValidator()], label="Sign-in name"
    )
    full_name = forms.CharField(max_length=150, label="Name", required=False)
    email = forms.EmailField(label="E-mail", required=False)
    password = forms.CharField(widget=forms.PasswordInput, label="First password")
    role = forms.ChoiceField(choices=Role.choices, label="Role everywhere")

    def clean_username(self) -> str:
        username: str = self.cleaned_data["username"]
        if User.objects.filter(username__iexact=username).exists():
            raise ValidationError("Somebody has this sign-in name already.")
        return username

    def clean_password(self) -> str:
        password: str = self.cleaned_data["password"]
        validate_password(password)
        return password


class GrantForm(forms.Form):
    namespace = forms.CharField(max_length=255, initial=EVERYWHERE)
    role = forms.ChoiceField(choices=Role.choices)


class GroupForm(forms.Form):
    name = forms.CharField(max_length=150)

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        if Group.objects.filter(name__iexact=name).exists():
            raise ValidationError("There is a group of this name already.")
        return name


class MemberForm(forms.Form):
    person = forms.ModelChoiceField(
        queryset=User.objects.order_by("username"), to_field_name="username"
    )
