import logging
from decimal import Decimal
from typing import Any

from django import forms
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.models import Group, User
from django.contrib.auth.password_validation import validate_password
from django.contrib.auth.validators import UnicodeUsernameValidator
from django.core.exceptions import ValidationError

from console.access.attempts import TooManyAttempts, address_of, checked, of_sign_in
from console.access.models import EVERYWHERE, Role, Rule
from console.access.policy import NOT_BY_RULE, VERBS, WITH_AMOUNT
from console.ui.currencies import DIGITS, too_precise

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

    def clean_email(self) -> str:
        """It names the person in histories, so it is one person's."""
        email: str = self.cleaned_data["email"]
        if email and User.objects.filter(email__iexact=email).exists():
            raise ValidationError("Somebody has this address already: histories name them by it.")
        return email

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


class ExceptionForm(forms.Form):
    who = forms.ChoiceField(label="Who")
    may = forms.TypedChoiceField(
        label="They",
        choices=[("no", "may not"), ("yes", "may")],
        coerce=lambda said: said == "yes",
        widget=forms.RadioSelect,
        initial="no",
    )
    verb = forms.ChoiceField(label="What")
    namespace = forms.CharField(
        max_length=255, initial=EVERYWHERE, help_text="* is every namespace"
    )
    up_to = forms.DecimalField(
        label="Amount",
        required=False,
        min_value=0,
        max_digits=18,
        decimal_places=4,
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
        help_text="For refunds, each: up to what they may, or above what they may not.",
    )
    currency = forms.RegexField(
        r"^[A-Z]{3}$",
        required=False,
        max_length=3,
        error_messages={"invalid": "Three capital letters, as EUR."},
    )
    reason = forms.CharField(max_length=500, widget=forms.Textarea(attrs={"rows": 2}))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        people, groups = User.objects.order_by("username"), Group.objects.order_by("name")
        self.fields["who"].choices = [  # type: ignore[attr-defined]
            (
                "People",
                [(f"person:{one.pk}", one.get_full_name() or one.username) for one in people],
            ),
            ("Groups", [(f"group:{one.pk}", one.name) for one in groups]),
        ]
        self.fields["verb"].choices = _verbs()  # type: ignore[attr-defined]

    @property
    def whose(self) -> User | Group:
        kind, _, number = self.cleaned_data["who"].partition(":")
        return (User if kind == "person" else Group).objects.get(pk=number)

    def clean(self) -> dict[str, Any]:
        asked = super().clean() or {}
        up_to, currency = asked.get("up_to"), asked.get("currency", "")
        if up_to is not None and asked.get("verb") not in WITH_AMOUNT:
            self.add_error("up_to", "Only a refund has an amount.")
        elif (up_to is None) != (not currency):
            self.add_error("currency", "An amount and its currency go together.")
        elif currency and currency not in DIGITS:
            self.add_error("currency", f"{currency} is no currency of ISO 4217.")
        elif up_to is not None and _decimals(up_to) > DIGITS[currency]:
            self.add_error("up_to", too_precise(up_to, currency))
        elif not self.errors and self._is_there(asked):
            raise ValidationError("There is such an exception already. Take it away first.")
        return asked

    def _is_there(self, asked: dict[str, Any]) -> bool:
        who = self.whose
        same = Rule.objects.filter(**{name: asked[name] for name in ("verb", "may", "currency")})
        same = same.filter(namespace=asked["namespace"])
        theirs = same.filter(person=who) if isinstance(who, User) else same.filter(group=who)
        return theirs.exists()


def _decimals(amount: Decimal) -> int:
    return -int(amount.normalize().as_tuple().exponent)


def _verbs() -> list[tuple[str, list[tuple[str, str]]]]:
    """By the noun that they are of."""
    found: dict[str, list[tuple[str, str]]] = {}
    for verb in sorted(set(VERBS) - NOT_BY_RULE):
        found.setdefault(verb.partition(".")[0].replace("_", " "), []).append((verb, verb))
    return list(found.items())


class MemberForm(forms.Form):
    person = forms.ModelChoiceField(
        queryset=User.objects.order_by("username"), to_field_name="username"
    )
