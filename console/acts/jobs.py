from celery import shared_task
from django.utils import timezone

from console.acts import scanning

SCAN = "console.acts.scan"


@shared_task(name=SCAN)  # type: ignore[untyped-decorator]
def scan() -> None:
    """Looks in every namespace for what was done by other doors."""
    scanning.scan_all(timezone.now())
