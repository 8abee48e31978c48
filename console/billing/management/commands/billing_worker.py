"""`manage.py billing_worker`: approvals, and changes of cohorts, until SIGTERM."""

import asyncio
from typing import Any

from django.core.management.base import BaseCommand

from console.billing.worker import serve


class Command(BaseCommand):
    help = (
        "Run approvals and cohorts until SIGTERM; kill it at any moment, the next one carries on."
    )
    # It has no pages, whose addresses would be checked.
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        asyncio.run(serve())
