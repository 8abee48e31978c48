"""The four things that can be asked of a subscription."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from console.billing.contract import (
    ADJUST_CHARGE,
    ADJUST_PERIOD,
    REFUND,
    SKIP_PERIOD,
    AdjustCharge,
    AdjustPeriod,
    Period,
    PeriodUnit,
    Refund,
    SkipPeriod,
)
from console.billing.forms import AskForm, ChargeForm, PeriodForm, RefundForm, SkipForm

Asked = AdjustCharge | AdjustPeriod | SkipPeriod | Refund


@dataclass(frozen=True, slots=True)
class Signed:
    """Who asks, why, and by which audit row."""

    actor: str
    reason: str
    audit_reference: str
    expected_version: int
    dry_run: bool = False
    #: The period that was to come next when it was weighed.
    expected_next: int = 0


@dataclass(frozen=True, slots=True)
class Kind:
    name: str
    verb: str
    update: str
    title: str
    button: str
    form: type[AskForm]
    ask: Callable[[Mapping[str, Any], Signed], Asked]
    #: what before and after are of
    noun: Callable[[Mapping[str, Any]], str]


def _charge(given: Mapping[str, Any], signed: Signed) -> AdjustCharge:
    return AdjustCharge(
        amount=given["money"],
        periods=given["periods"],
        expected_next=signed.expected_next,
        **_signature(signed),
    )


def _period(given: Mapping[str, Any], signed: Signed) -> AdjustPeriod:
    period = Period(given["count"], PeriodUnit(given["unit"]))
    return AdjustPeriod(period=period, expected_next=signed.expected_next, **_signature(signed))


def _skip(given: Mapping[str, Any], signed: Signed) -> SkipPeriod:
    return SkipPeriod(
        billing_period=given["billing_period"],
        expected_next=signed.expected_next,
        **_signature(signed),
    )


def _refund(given: Mapping[str, Any], signed: Signed) -> Refund:
    return Refund(
        billing_period=given["billing_period"], amount=given["money"], **_signature(signed)
    )


def _signature(signed: Signed) -> dict[str, Any]:
    return {
        "actor": signed.actor,
        "reason": signed.reason,
        "audit_reference": signed.audit_reference,
        "expected_version": signed.expected_version,
        "dry_run": signed.dry_run,
    }


CHARGE = Kind(
    name="adjust_charge",
    verb="billing.adjust",
    update=ADJUST_CHARGE,
    title="Adjust charge amount",
    button="Adjust the amount",
    form=ChargeForm,
    ask=_charge,
    noun=lambda _: "charge",
)
PERIOD = Kind(
    name="adjust_period",
    verb="billing.adjust",
    update=ADJUST_PERIOD,
    title="Adjust billing period",
    button="Adjust the period",
    form=PeriodForm,
    ask=_period,
    noun=lambda _: "period",
)
SKIP = Kind(
    name="skip_period",
    verb="billing.adjust",
    update=SKIP_PERIOD,
    title="Skip a period",
    button="Skip the period",
    form=SkipForm,
    ask=_skip,
    noun=lambda given: f"charge of period {given['billing_period']}",
)
MONEY_BACK = Kind(
    name="refund",
    verb="billing.refund",
    update=REFUND,
    title="Refund",
    button="Refund",
    form=RefundForm,
    ask=_refund,
    noun=lambda given: f"refundable of period {given['billing_period']}",
)
BY_NAME = {kind.name: kind for kind in (CHARGE, PERIOD, SKIP, MONEY_BACK)}
