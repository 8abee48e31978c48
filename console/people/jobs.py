from celery import shared_task
from django.core.management import call_command

CLEAR_EXPIRED_SESSIONS = "console.people.clear_expired_sessions"


@shared_task(name=CLEAR_EXPIRED_SESSIONS)  # type: ignore[untyped-decorator]
def clear_expired_sessions() -> None:
    """Whoever they belonged to is signed out already; the rows would stay for ever."""
    call_command("clearsessions")
