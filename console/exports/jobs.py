from celery import shared_task
from django.utils import timezone

from console.exports import filling
from console.exports.models import Export

GO_ON = "console.exports.go_on"
CLEAR_EXPIRED = "console.exports.clear_expired"


@shared_task(name=GO_ON)  # type: ignore[untyped-decorator]
def go_on() -> None:
    """One turn at one export; the beat asks again."""
    filling.take_turn()


@shared_task(name=CLEAR_EXPIRED)  # type: ignore[untyped-decorator]
def clear_expired() -> None:
    """The file first: its row is what knows of it."""
    for export in Export.objects.filter(expires_at__lt=timezone.now()):
        filling.path(export).unlink(missing_ok=True)
        export.delete()
