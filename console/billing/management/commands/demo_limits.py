"""`manage.py demo_limits`: what `make up` starts with, so that approvals can be tried."""

from decimal import Decimal
from typing import Any

from django.core.management.base import BaseCommand

from console.access.models import Role
from console.billing.models import About, Limit

NAMESPACE = "default"
#: In euros, and about as much in the others.
AMOUNTS = {
    About.ADJUSTMENT: Decimal(5_000),
    About.REFUND: Decimal(500),
    About.COHORT: Decimal(5_000),
    About.DAY: Decimal(20_000),
}
RATES = {"EUR": 1, "USD": 1, "NOK": 10, "SEK": 10}


class Command(BaseCommand):
    help = "Limits for operators in the namespace `default`; those that are there stay."

    def handle(self, *args: Any, **options: Any) -> None:
        for about, amount in AMOUNTS.items():
            for currency, rate in RATES.items():
                Limit.objects.get_or_create(
                    namespace=NAMESPACE,
                    role=Role.OPERATOR,
                    about=about,
                    currency=currency,
                    defaults={"amount": amount * rate},
                )
