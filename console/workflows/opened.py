"""The histories that a session has opened from files: kept, found again, closed."""

import threading
from collections import OrderedDict
from time import monotonic
from uuid import UUID

from console.gateway import history_files
from console.gateway.events import Event
from console.workflows.models import OPENED_MAX, OpenedHistory
from console.workflows.reading import Known

#: Unpacked ones kept by one process, over all sessions.
KNOWN_MAX = 8
KNOWN_SECONDS = 600.0


def keep(session_key: str, namespace: str, name: str, events: list[Event]) -> OpenedHistory:
    made = OpenedHistory.objects.create(
        session_id=session_key,
        namespace=namespace,
        name=name,
        events=len(events),
        content=history_files.packed(events),
    )
    made.refresh_from_db(fields=["id", "opened_at"])
    others = OpenedHistory.objects.filter(session_id=session_key).exclude(pk=made.pk)
    stay = list(others.values_list("pk", flat=True)[: OPENED_MAX - 1])
    others.exclude(pk__in=stay).delete()
    return made


def of_session(session_key: str | None, namespace: str) -> list[OpenedHistory]:
    found = OpenedHistory.objects.filter(session_id=session_key, namespace=namespace)
    return list(found.defer("content"))


def find(session_key: str | None, namespace: str, file_id: UUID) -> OpenedHistory | None:
    """Another session's is nobody's."""
    found = OpenedHistory.objects.filter(pk=file_id, session_id=session_key, namespace=namespace)
    return found.defer("content").first()


_kept: OrderedDict[UUID, tuple[float, Known]] = OrderedDict()
_guard = threading.Lock()


def known(one: OpenedHistory) -> Known:
    now = monotonic()
    with _guard:
        _forget(now)
        kept = _kept.get(one.pk)
    found = kept[1] if kept else None
    if found is None:
        found = Known(front=history_files.unpacked(bytes(one.content)), began=True)
    with _guard:
        _kept[one.pk] = (now, found)
        _kept.move_to_end(one.pk)
    return found


def _forget(now: float) -> None:
    """Whose session has ended is not looked at again."""
    while _kept:
        seen, _ = next(iter(_kept.values()))
        if len(_kept) <= KNOWN_MAX and now - seen < KNOWN_SECONDS:
            return
        _kept.popitem(last=False)


def close(one: OpenedHistory) -> None:
    with _guard:
        _kept.pop(one.pk, None)
    one.delete()
