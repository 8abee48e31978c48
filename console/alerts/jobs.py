from celery import shared_task
from django.utils import timezone

from console.alerts import delivering, watching

WATCH, DELIVER = "console.alerts.watch", "console.alerts.deliver"


@shared_task(name=WATCH)  # type: ignore[untyped-decorator]
def watch() -> None:
    """Looks at every rule, and writes down whom to tell."""
    watching.watch_all(timezone.now())


@shared_task(name=DELIVER)  # type: ignore[untyped-decorator]
def deliver() -> None:
    """Tells them."""
    delivering.deliver_due(timezone.now())
