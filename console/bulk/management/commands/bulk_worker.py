"""`manage.py bulk_worker`: runs the bulk operations, until SIGTERM."""

import asyncio
from typing import Any

from django.core.management.base import BaseCommand

from console.bulk.worker import serve


class Command(BaseCommand):
    help = "Run bulk operations until SIGTERM; kill it at any moment, the next one carries on."
    # It has no pages, whose addresses would be checked.
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        asyncio.run(serve())
