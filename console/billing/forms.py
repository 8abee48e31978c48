"""The forms. What can be seen without the workflow is refused here, by the contract's own rules."""

from dataclasses import astuple, dataclass
from decimal import Decimal
from typing import Any, ClassVar

from django import forms
from django.core import signing
from django.http import QueryDict

from console.access.models import Role
from console.billing.contract import (
    CURRENCIES,
    REASON_CHARACTERS_MAX,
    EntryKind,
    EntryState,
    Ledger,
    Money,
    MoneyError,
    PeriodUnit,
    parse_money,
)
from console.billing.models import About
from console.billing.presenters import with_currency
from console.ui import words

SALT = "console.billing.checked"
CHECK_LASTS_SECONDS = 3600
NEXT_FEW = 3


@dataclass(frozen=True, slots=True)
class Checked:
    """What a dry run said, as the seal carries it."""

    before: str
    after: str
    difference: str
    currency: str
    weight: str
    #: The period that was to come next.
    next: int

    @property
    def moved(self) -> dict[str, Decimal]:
        return {self.currency: Decimal(self.weight)}


class LookUpForm(forms.Form):
    q = forms.RegexField(
        r"^[^'\"\\]*$",
        required=False,
        max_length=255,
        label="Customer id, plan or subscription id",
        error_messages={"invalid": "An id has no quotes and no backslash."},
    )
    phase = forms.CharField(required=False, max_length=32)
    due = forms.ChoiceField(
        label="Next charge",
        required=False,
        choices=[
            ("", "charged at any time"),
            ("1", "charged within a day"),
            ("7", "charged within 7 days"),
            ("31", "charged within 31 days"),
        ],
    )


class AskForm(forms.Form):
    """What all four have. `version` is what the person looked at; `checked` is the seal that this
    very request went through a dry run."""

    reason = forms.CharField(
        max_length=REASON_CHARACTERS_MAX,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="Required. The customer does not see it; ledger and audit do.",
    )
    version = forms.IntegerField(min_value=0, widget=forms.HiddenInput)
    checked = forms.CharField(required=False, widget=forms.HiddenInput)

    #: the contract's name of a field -> ours
    NAMES: ClassVar[dict[str, str]] = {}

    def __init__(self, ledger: Ledger, given: Any = None) -> None:
        super().__init__(given, initial={"version": ledger.version})
        self.ledger = ledger

    def asked(self) -> list[Any]:
        """What the seal is about: everything but the reason."""
        return [
            str(value)
            for name, value in sorted(self.cleaned_data.items())
            if name not in {"reason", "checked"}
        ]

    def seal(self, checked: Checked) -> str:
        about = [self.ledger.subscription_id, *self.asked()]
        return signing.dumps([about, list(astuple(checked))], salt=SALT)

    def seen_if_checked(self) -> Checked | None:
        """What the dry run of this very request said; None when there was none."""
        try:
            sealed = signing.loads(
                self.cleaned_data["checked"], salt=SALT, max_age=CHECK_LASTS_SECONDS
            )
        except signing.BadSignature:
            return None
        asked, seen = sealed
        return Checked(*seen) if asked == [self.ledger.subscription_id, *self.asked()] else None

    def look_again(self, version: int) -> None:
        """The person was told what changed; a second check starts from there."""
        given: QueryDict = self.data.copy()  # type: ignore[attr-defined]
        given["version"] = str(version)
        self.data = given

    def refuse(self, field: str, says: str) -> None:
        ours = self.NAMES.get(field, field)
        self.add_error(
            ours if ours in self.fields and not self[ours].is_hidden else None, words.amounts(says)
        )


class MoneyForm(AskForm):
    amount = forms.CharField(
        max_length=64, widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"})
    )
    currency = forms.CharField(max_length=8, widget=forms.HiddenInput)

    NAMES: ClassVar[dict[str, str]] = {"currency": "amount"}

    def __init__(self, ledger: Ledger, given: Any = None) -> None:
        super().__init__(ledger, given)
        self.initial["currency"] = ledger.terms.charge.currency

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if "amount" in cleaned and "currency" in cleaned:
            try:
                cleaned["money"] = parse_money(cleaned["amount"], cleaned["currency"])
            except MoneyError as error:
                self.add_error("amount", str(error))
        return cleaned


class ChargeForm(MoneyForm):
    periods = forms.TypedChoiceField(label="Applies to", coerce=int, widget=forms.RadioSelect)

    field_order = ("periods", "amount", "reason")

    def __init__(self, ledger: Ledger, given: Any = None) -> None:
        super().__init__(ledger, given)
        self.fields["amount"].label = "New amount for a period"
        standing = with_currency(ledger.terms.charge)
        self.fields["amount"].help_text = f"The standing charge is {standing}."
        self.fields["periods"].choices = _scopes(ledger)  # type: ignore[attr-defined]
        self.initial["periods"] = 0


class PeriodForm(AskForm):
    count = forms.IntegerField(label="Every", min_value=1, max_value=1_000_000)
    unit = forms.ChoiceField(choices=())

    field_order = ("count", "unit", "reason")
    NAMES: ClassVar[dict[str, str]] = {"period": "count"}

    def __init__(self, ledger: Ledger, given: Any = None) -> None:
        super().__init__(ledger, given)
        period = ledger.terms.period
        units = [PeriodUnit.MONTH, PeriodUnit.DAY]
        if period.unit is PeriodUnit.SECOND:
            units.append(PeriodUnit.SECOND)
        self.fields["unit"].choices = [(str(unit), f"{unit}s") for unit in units]  # type: ignore[attr-defined]
        self.fields["count"].help_text = f"It is charged {period} now."
        self.initial["count"], self.initial["unit"] = period.count, str(period.unit)


class SkipForm(AskForm):
    billing_period = forms.TypedChoiceField(label="Which period", coerce=int)

    field_order = ("billing_period", "reason")

    def __init__(self, ledger: Ledger, given: Any = None) -> None:
        super().__init__(ledger, given)
        coming = [
            (row.billing_period, f"period {row.billing_period}, {with_currency(row.before)}")
            for row in ledger.forecast
            if row.billing_period > ledger.billing_period
            and row.billing_period not in ledger.terms.skipped
        ]
        self.fields["billing_period"].choices = coming  # type: ignore[attr-defined]
        self.fields["billing_period"].help_text = "It runs its time, and nothing is charged for it."


class RefundForm(MoneyForm):
    billing_period = forms.TypedChoiceField(label="Of which charge", coerce=int)

    field_order = ("billing_period", "amount", "reason")

    def __init__(self, ledger: Ledger, given: Any = None) -> None:
        super().__init__(ledger, given)
        charges = [
            (period, f"period {period}, {with_currency(amount)}")
            for period, amount in booked(ledger)
        ]
        self.fields["billing_period"].choices = charges  # type: ignore[attr-defined]
        self.fields["amount"].label = "Amount to give back"


def booked(ledger: Ledger) -> list[tuple[int, Money]]:
    """The charges that took money, newest first."""
    return [
        (entry.billing_period, entry.amount)
        for entry in reversed(ledger.entries)
        if entry.kind is EntryKind.CHARGE
        and entry.state is EntryState.BOOKED
        and entry.amount
        and entry.amount.value
    ]


def _scopes(ledger: Ledger) -> list[tuple[int, str]]:
    """The next charge, the next few, or all that are left."""
    last = ledger.terms.max_billing_periods
    first = ledger.forecast[0].billing_period if ledger.forecast else ledger.billing_period + 1
    left = last - first + 1
    scopes = [(1, f"the next charge only (period {first})")]
    if left > NEXT_FEW:
        few = first + NEXT_FEW - 1
        scopes.append((NEXT_FEW, f"the next three (periods {first} to {few})"))
    return [*scopes, (0, f"every charge to the end (periods {first} to {last})")]


class DecisionForm(forms.Form):
    verdict = forms.ChoiceField(
        choices=[(one, one) for one in ("approved", "rejected", "withdrawn")]
    )
    reason = forms.CharField(
        max_length=REASON_CHARACTERS_MAX,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="Required. It stands beside your name.",
    )


class LimitForm(forms.Form):
    role = forms.ChoiceField(choices=Role.choices[1:])
    about = forms.ChoiceField(label="Of", choices=About.choices)
    amount = forms.CharField(
        label="May move alone",
        required=False,
        max_length=32,
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
        help_text="Empty takes the limit away.",
    )
    currency = forms.ChoiceField(choices=[(name, name) for name in CURRENCIES], initial="EUR")
    reason = forms.CharField(
        max_length=REASON_CHARACTERS_MAX, widget=forms.Textarea(attrs={"rows": 2})
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        cleaned["money"] = None
        if cleaned.get("amount") and "currency" in cleaned:
            try:
                cleaned["money"] = parse_money(cleaned["amount"], cleaned["currency"])
            except MoneyError as error:
                self.add_error("amount", str(error))
        return cleaned
