"""What the customer reads. Every template is sent once in the life of a subscription."""

from typing import Final

from examples.activities.mail import Email
from examples.subscription.model import SubscriptionOrder

WELCOME: Final = "welcome"
TRIAL_CANCELLED: Final = "trial-cancellation"
CANCELLED: Final = "subscription-cancellation"
ENDED: Final = "subscription-ended"

_TEXTS: Final = {
    WELCOME: (
        "Welcome to {plan}",
        "Dear {name},\n\nyour trial of {plan} runs {trial}. You can cancel at any time.",
    ),
    TRIAL_CANCELLED: (
        "Your trial of {plan} is cancelled",
        "Dear {name},\n\nyour trial of {plan} is cancelled. Nothing was charged.",
    ),
    CANCELLED: (
        "Your subscription of {plan} is cancelled",
        "Dear {name},\n\nyour subscription of {plan} is cancelled. Nothing more is charged.",
    ),
    ENDED: (
        "Your subscription of {plan} has ended",
        "Dear {name},\n\nall {periods} periods of {plan} are over. Thank you for having been "
        "with us.",
    ),
}


def write(order: SubscriptionOrder, template: str) -> Email:
    subject, body = _TEXTS[template]
    words = {
        "name": order.customer.name,
        "plan": order.plan.name,
        "trial": f"{order.trial.count} {order.trial.unit}s",
        "periods": order.max_billing_periods,
    }
    return Email(
        key=f"{order.subscription_id}/{template}",
        to=order.customer.email,
        template=template,
        subject=subject.format_map(words),
        body=body.format_map(words),
    )
