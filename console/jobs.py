"""The console's background jobs, for the Celery app of the relay: `RELAY_INCLUDE=console.jobs`.

As urls.py has its pages. A job is a Celery task in its capability's jobs.py and has a row here,
which says when it is due. It runs in the worker `python -m search.relay jobs`, in a process that
may be killed at any moment, and may run twice: it looks in its own tables for what is to be done.
"""

import os
from typing import Any

import django
from celery.signals import task_postrun
from django.core.exceptions import ImproperlyConfigured

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "console.settings")  # noqa: TID251  Django reads it there
try:
    django.setup()
except ImproperlyConfigured as refused:
    # The relay knows no Django, and says to a person why it cannot take a module in.
    raise ImportError(str(refused)) from None

from django.conf import settings
from django.db import connections

from console.acts import jobs as acts
from console.alerts import delivering
from console.alerts import jobs as alerts
from console.exports import jobs as exports
from console.incidents import jobs as incidents
from console.people import jobs as people

HOUR_SECONDS = 3600


def _every(seconds: float, task: str) -> dict[str, Any]:
    """What has waited for its worker until it is due again is not done twice."""
    return {"task": task, "schedule": seconds, "options": {"expires": seconds}}


#: So often somebody who waits for an export sees it begin, or go on.
EXPORT_SECONDS = 2

BEAT = {
    "watch-alert-rules": _every(settings.WATCH_SECONDS, alerts.WATCH),
    "deliver-alerts": _every(
        min(delivering.INTERVAL_SECONDS, settings.WATCH_SECONDS), alerts.DELIVER
    ),
    "survey-incidents": _every(settings.WATCH_SECONDS, incidents.SURVEY),
    "read-acts-by-other-doors": _every(settings.WATCH_SECONDS, acts.SCAN),
    "exports-go-on": _every(EXPORT_SECONDS, exports.GO_ON),
    "clear-expired-exports": _every(HOUR_SECONDS, exports.CLEAR_EXPIRED),
    "clear-expired-sessions": _every(HOUR_SECONDS, people.CLEAR_EXPIRED_SESSIONS),
}


@task_postrun.connect  # type: ignore[untyped-decorator]
def _leave_no_connection(**_: Any) -> None:
    """The next job may be hours away, and the database gone and back by then."""
    connections.close_all()
