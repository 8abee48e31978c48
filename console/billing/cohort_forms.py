"""What can be wished of a cohort: a form for each change."""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, ClassVar

from django import forms

from console.billing import orders
from console.billing.cohorts import MEMBERS_MAX
from console.billing.contract import (
    CURRENCIES,
    PERIOD_COUNT_MAX,
    REASON_CHARACTERS_MAX,
    MoneyError,
    PeriodUnit,
    parse_money,
)
from console.billing.rollout import How

NUMBER = forms.NumberInput(attrs={"class": "number-input"})
SIGNED = re.compile(r"[+-]?[0-9]{1,9}(\.[0-9]{1,6})?", re.ASCII)
PERCENT_MAX = Decimal(1_000)
SCOPES = [(0, "every charge to the end"), (1, "the next charge only"), (3, "the next three")]
AMOUNT = forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"})
#: The reason of each member's audit entry also names the cohort.
REASON_MAX = REASON_CHARACTERS_MAX - 40


class CohortForm(forms.Form):
    query = forms.CharField(
        label="Which subscriptions",
        required=False,
        max_length=4_000,
        widget=forms.Textarea(attrs={"rows": 2, "class": "mono", "spellcheck": "false"}),
        help_text="A query, as on the page of runs: Plan = 'Pro' AND SubscriptionPhase = 'active'. "
        "Empty: all of them.",
    )
    reason = forms.CharField(
        max_length=REASON_MAX,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="Required. It stands in every ledger.",
    )
    change: ClassVar[str]
    title: ClassVar[str]

    field_order = ("query", "amount", "currency", "count", "unit", "periods", "reason")

    def wish(self) -> dict[str, Any]:
        given = self.cleaned_data
        return {"change": self.change} | {
            name: value for name, value in given.items() if name not in {"query", "reason"}
        }


class _Amount(CohortForm):
    amount = forms.CharField(max_length=32, widget=AMOUNT)
    currency = forms.ChoiceField(
        choices=[(name, name) for name in CURRENCIES],
        initial="EUR",
        help_text="What is charged in another one is not eligible.",
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("amount") and "currency" in cleaned:
            try:
                cleaned["amount"] = self.exact(cleaned["amount"].strip(), cleaned["currency"])
            except MoneyError as error:
                self.add_error("amount", str(error))
        return cleaned

    def exact(self, text: str, currency: str) -> str:
        return parse_money(text, currency).amount


class SetForm(_Amount):
    change, title = "set", "Set the charge"
    periods = forms.TypedChoiceField(label="Applies to", coerce=int, choices=SCOPES)


class AddForm(_Amount):
    change, title = "add", "Add to the charge"
    periods = forms.TypedChoiceField(label="Applies to", coerce=int, choices=SCOPES)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["amount"].help_text = "2.00 charges more, -2.00 less."

    def exact(self, text: str, currency: str) -> str:
        if not SIGNED.fullmatch(text):
            raise MoneyError("amount_not_a_number", f"{text!r} is not an amount: +2.00 or -2.00.")
        amount = parse_money(text.lstrip("+-"), currency)
        if amount.value == 0:
            raise MoneyError("no_change", "Nothing would change.")
        return f"-{amount.amount}" if text.startswith("-") else amount.amount


class PercentForm(CohortForm):
    change, title = "percent", "Change by percent"
    amount = forms.CharField(
        label="Percent",
        max_length=16,
        widget=AMOUNT,
        help_text="3.5 charges more, -3.5 less; rounded as each subscription rounds.",
    )
    periods = forms.TypedChoiceField(label="Applies to", coerce=int, choices=SCOPES)

    def clean_amount(self) -> str:
        text: str = self.cleaned_data["amount"].strip()
        if not SIGNED.fullmatch(text):
            raise forms.ValidationError(f"{text!r} is not a number of percent.")
        percent = Decimal(text)
        if percent == 0:
            raise forms.ValidationError("Nothing would change.")
        if not -100 <= percent <= PERCENT_MAX:
            raise forms.ValidationError(f"Between -100 and {PERCENT_MAX:,} percent.")
        return str(percent)


class PeriodForm(CohortForm):
    change, title = "period", "Change the period"
    count = forms.IntegerField(label="Every", min_value=1)
    unit = forms.ChoiceField(choices=[("month", "months"), ("day", "days")])

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if "count" in cleaned and "unit" in cleaned:
            most = PERIOD_COUNT_MAX[PeriodUnit(cleaned["unit"])]
            if cleaned["count"] > most:
                self.add_error("count", f"At most {most:,} {cleaned['unit']}s.")
        return cleaned


class SkipForm(CohortForm):
    change, title = "skip", "Skip the next period"


class RefundForm(_Amount):
    change, title = "refund", "Refund the newest charge"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["amount"].required = False
        self.fields["amount"].help_text = "Empty: what is left of it, in whatever currency."


class RolloutForm(forms.Form):
    """How it is carried out, whatever was wished."""

    canary = forms.IntegerField(
        label="Canary first",
        min_value=0,
        max_value=MEMBERS_MAX,
        initial=5,
        widget=NUMBER,
        help_text="subscriptions, then it stops and asks; 0: no canary",
    )
    rate = forms.IntegerField(
        min_value=1,
        max_value=orders.RATE_MAX,
        initial=20,
        widget=NUMBER,
        help_text=f"subscriptions a second, at most {orders.RATE_MAX}",
    )
    errors_percent_max = forms.IntegerField(
        label="Errors at most",
        min_value=0,
        max_value=100,
        initial=5,
        widget=NUMBER,
        help_text=f"percent of the last {orders.ERRORS_OF}, then it stops",
    )

    def how(self) -> How:
        return How(**self.cleaned_data)


FORMS: dict[str, type[CohortForm]] = {
    form.change: form for form in (AddForm, SetForm, PercentForm, PeriodForm, SkipForm, RefundForm)
}


def cohort_form(query: Mapping[str, str], given: Any = None) -> CohortForm:
    change = query.get("change", "add")
    form = FORMS.get(change, AddForm)
    return form(given, initial={"query": query.get("query", ""), "periods": 0})
