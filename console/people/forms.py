from django import forms
from django.contrib.auth.models import User
from django.contrib.auth.password_validation import validate_password
from django.contrib.auth.validators import UnicodeUsernameValidator
from django.core.exceptions import ValidationError

from console.access.models import EVERYWHERE, Role


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
