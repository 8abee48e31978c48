"""What a person does to a schedule: call, audit with before and after."""

from datetime import datetime

from django.contrib.auth.models import User

from console.audit.record import record
from console.gateway import schedules
from console.gateway.schedules import ScheduleDetail


def pause(person: User, namespace: str, one: ScheduleDetail, reason: str) -> None:
    before, name = _state(one), one.summary.id
    with record(person, "schedule.pause", namespace=namespace, target=name, reason=reason,
                before=before) as act:  # fmt: skip
        schedules.pause(namespace, name, reason, act.identity, act.id)
        act.after = {"paused": True, "note": reason}


def resume(person: User, namespace: str, one: ScheduleDetail, reason: str) -> None:
    before, name = _state(one), one.summary.id
    with record(person, "schedule.pause", namespace=namespace, target=name, reason=reason,
                before=before) as act:  # fmt: skip
        schedules.resume(namespace, name, reason, act.identity, act.id)
        act.after = {"paused": False, "note": reason}


def trigger(person: User, namespace: str, one: ScheduleDetail, overlap: str, reason: str) -> None:
    asked = {"overlap": overlap}
    before = {"started": one.actions, "running": len(one.running)}
    with record(person, "schedule.trigger", namespace=namespace, target=one.summary.id,
                reason=reason, before=before, asked=asked) as act:  # fmt: skip
        schedules.trigger(namespace, one.summary.id, overlap, act.identity, act.id)
        act.after = {"triggered": True}


def backfill(
    person: User,
    namespace: str,
    one: ScheduleDetail,
    span: tuple[datetime, datetime],
    *,
    overlap: str,
    reason: str,
) -> None:
    asked = {"from": span[0].isoformat(), "to": span[1].isoformat(), "overlap": overlap}
    before = {"started": one.actions, "waiting": one.waiting}
    with record(person, "schedule.backfill", namespace=namespace, target=one.summary.id,
                reason=reason, before=before, asked=asked) as act:  # fmt: skip
        schedules.backfill(
            namespace, one.summary.id, span, overlap, identity=act.identity, request_id=act.id
        )
        act.after = {"asked": True}


def delete(person: User, namespace: str, one: ScheduleDetail, reason: str) -> None:
    before = {**_state(one), "workflow_type": one.summary.workflow_type, "started": one.actions}
    with record(person, "schedule.delete", namespace=namespace, target=one.summary.id,
                reason=reason, before=before) as act:  # fmt: skip
        schedules.delete(namespace, one.summary.id, act.identity)
        act.after = {}


def _state(one: ScheduleDetail) -> dict[str, object]:
    return {"paused": one.summary.paused, "note": one.summary.note}
