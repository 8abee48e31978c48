"""What an update may not ask for.

Every check raises a failure whose message is a sentence for the person who asked.
"""

from temporalio.exceptions import ApplicationError

from console.billing.contract import (
    ACTOR_CHARACTERS_MAX,
    AUDIT_REFERENCE_CHARACTERS_MAX,
    PERIOD_COUNT_MAX,
    REASON_CHARACTERS_MAX,
    REFUSED,
    AdjustCharge,
    AdjustPeriod,
    Money,
    MoneyError,
    Refund,
    RefusedField,
    SkipPeriod,
    parse_money,
)
from examples.subscription import forecast, ledger
from examples.subscription.model import SubscriptionState

Asked = AdjustCharge | AdjustPeriod | SkipPeriod | Refund


def refused(field: str, code: str, sentence: str) -> ApplicationError:
    return ApplicationError(sentence, RefusedField(field, code), type=REFUSED, non_retryable=True)


def check_adjust_charge(state: SubscriptionState, asked: AdjustCharge) -> None:
    _check_request(state, asked)
    _check_next(state, asked.expected_next)
    amount = checked_amount(state, asked.amount)
    left = len(forecast.due_dates(state, state.terms, state.due_at))
    if left == 0:
        raise refused("amount", "nothing_to_charge", "The last period was charged already.")
    if not 0 <= asked.periods <= left:
        raise refused(
            "periods", "periods_beyond_end", f"{left} charges are left, not {asked.periods}."
        )
    first = forecast.first_to_come(state)
    coming = set(range(first, first + (asked.periods or left))) - set(state.terms.skipped)
    if not coming:
        raise refused("periods", "period_free", f"Period {first} is free; nothing is charged.")
    if all(forecast.charge_of(state.terms, number) == amount for number in coming):
        raise refused("amount", "no_change", f"The charge is {amount} already.")


def check_adjust_period(state: SubscriptionState, asked: AdjustPeriod) -> None:
    _check_request(state, asked)
    _check_next(state, asked.expected_next)
    count_max = PERIOD_COUNT_MAX[asked.period.unit]
    if not 1 <= asked.period.count <= count_max:
        raise refused(
            "period",
            "period_out_of_range",
            f"A billing period is 1 to {count_max:,} {asked.period.unit}s long, "
            f"not {asked.period.count:,}.",
        )
    if asked.period == state.terms.period:
        raise refused("period", "no_change", f"The charge is taken {asked.period} already.")
    if not forecast.due_dates(state, state.terms, state.due_at):
        raise refused("period", "nothing_to_charge", "The last period was charged already.")


def check_skip_period(state: SubscriptionState, asked: SkipPeriod) -> None:
    _check_request(state, asked)
    _check_next(state, asked.expected_next)
    number, last = asked.billing_period, state.terms.max_billing_periods
    if not 1 <= number <= last:
        raise refused(
            "billing_period",
            "period_beyond_end",
            f"There is no period {number}; {last} is the last.",
        )
    if number <= state.billing_period:
        sentence = f"Period {number} has begun; what was charged for it can be refunded."
        raise refused("billing_period", "period_begun", sentence)
    if number in state.terms.skipped:
        raise refused("billing_period", "no_change", f"Period {number} is free already.")


def check_refund(state: SubscriptionState, asked: Refund) -> None:
    _check_request(state, asked)
    amount = checked_amount(state, asked.amount)
    charge = ledger.charge_booked(state, asked.billing_period)
    if charge is None:
        raise refused(
            "billing_period",
            "nothing_charged",
            f"No charge of period {asked.billing_period} is in the ledger.",
        )
    left = ledger.refundable(state, charge)
    if amount.value == 0:
        raise refused("amount", "amount_zero", "A refund is more than nothing.")
    if amount.value > left.value:
        raise refused(
            "amount",
            "refund_too_high",
            f"Period {asked.billing_period} was charged {charge.amount}, "
            f"of which {left} can still be refunded; {amount} is more.",
        )


def _check_request(state: SubscriptionState, asked: Asked) -> None:
    _check_text("actor", asked.actor, ACTOR_CHARACTERS_MAX)
    _check_text("reason", asked.reason, REASON_CHARACTERS_MAX)
    _check_text("audit_reference", asked.audit_reference, AUDIT_REFERENCE_CHARACTERS_MAX)
    if forecast.is_over(state):
        raise refused("", "subscription_over", f"This subscription is {state.phase} already.")
    if any(entry.audit_reference == asked.audit_reference for entry in state.entries):
        sentence = f"{asked.audit_reference} is in the ledger already."
        raise refused("audit_reference", "audit_reference_used", sentence)
    if asked.expected_version != state.version:
        raise refused("expected_version", "version_stale", _stale(state, asked.expected_version))


def _check_next(state: SubscriptionState, expected: int) -> None:
    """A charge that was made meanwhile makes another sum of the same request."""
    first = forecast.first_to_come(state)
    if expected not in (0, first):
        sentence = f"Period {expected} was to come next when you looked; now it is {first}."
        raise refused(
            "expected_next", "period_moved", f"{sentence} Look again before you change it."
        )


def _check_text(field: str, text: str, characters_max: int) -> None:
    name = field.replace("_", " ")
    if not text.strip():
        raise refused(field, f"{field}_missing", f"Give the {name}.")
    if len(text) > characters_max:
        raise refused(
            field, f"{field}_too_long", f"The {name} may have {characters_max} characters at most."
        )


def _stale(state: SubscriptionState, looked_at: int) -> str:
    change = state.last_change
    if change is None or looked_at > state.version:
        return f"You looked at version {looked_at}; the subscription is at {state.version}."
    return (
        f"{change.actor} {change.what} at {change.at:%H:%M:%S} UTC (version {change.version}); "
        f"you looked at version {looked_at}. Look again before you change it."
    )


def checked_amount(state: SubscriptionState, asked: Money) -> Money:
    currency = state.terms.charge.currency
    try:
        amount = parse_money(asked.amount, asked.currency)
    except MoneyError as error:
        field = "currency" if error.code == "currency_unknown" else "amount"
        raise refused(field, error.code, str(error)) from None
    if amount.currency != currency:
        raise refused(
            "currency",
            "currency_differs",
            f"This subscription is charged in {currency}, not in {amount.currency}.",
        )
    return amount
